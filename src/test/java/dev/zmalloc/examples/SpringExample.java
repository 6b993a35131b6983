package dev.zmalloc.examples;

import dev.zmalloc.ZMalloc;
import java.io.Serializable;
import java.net.URI;
import java.util.Properties;
import javax.cache.CacheManager;
import javax.cache.Caching;
import javax.cache.configuration.MutableConfiguration;
import org.jspecify.annotations.Nullable;
import org.springframework.cache.annotation.CacheEvict;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.jcache.JCacheCacheManager;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Spring's cache abstraction over native memory: what a method answered is not asked of it again. */
final class SpringExample {
    private SpringExample() {}

    record Forecast(String city, int degrees) implements Serializable {}

    /** Says when it is asked. */
    static class Weather {
        @Cacheable("forecasts")
        public @Nullable Forecast forecast(String city, int day) {
            System.out.println("asked for " + city);
            return city.equals("Bonn") ? new Forecast(city, 20 + day) : null;
        }

        @CacheEvict(cacheNames = "forecasts", allEntries = true)
        public void changed() {}
    }

    @Configuration(proxyBeanMethods = false)
    @EnableCaching
    static class Beans {
        /** Is closed with the context. */
        @Bean
        CacheManager offHeap() {
            Properties properties = new Properties();
            properties.setProperty("zmalloc.jcache.forecasts.maxMemory", "64mb");
            // Of these classes are what methods answer, Spring's keys of several arguments, and its mark for null.
            properties.setProperty(
                    "zmalloc.jcache.forecasts.serialFilter", "dev.zmalloc.examples.*;org.springframework.cache.**");
            CacheManager manager = Caching.getCachingProvider("dev.zmalloc.jcache.OffHeapCachingProvider")
                    .getCacheManager(URI.create("spring"), SpringExample.class.getClassLoader(), properties);
            manager.createCache("forecasts", new MutableConfiguration<>());
            return manager;
        }

        @Bean
        JCacheCacheManager cacheManager(CacheManager offHeap) {
            return new JCacheCacheManager(offHeap);
        }

        @Bean
        Weather weather() {
            return new Weather();
        }
    }

    public static void main(String[] arguments) {
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext(Beans.class)) {
            Weather weather = context.getBean(Weather.class);
            for (int time = 0; time < 2; time++) {
                System.out.println(weather.forecast("Bonn", 1));
                System.out.println(weather.forecast("Atlantis", 1));
            }
            weather.changed();
            System.out.println(weather.forecast("Bonn", 1));
        }
        System.out.println("used in the end: " + ZMalloc.zmallocUsedMemory());
    }
}
