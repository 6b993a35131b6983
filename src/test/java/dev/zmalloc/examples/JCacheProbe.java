package dev.zmalloc.examples;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.store.OffHeapStore;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.Caching;
import javax.cache.configuration.MutableConfiguration;

/** A program that caches, by the store, and by JCache if that is there. */
public final class JCacheProbe {
    private JCacheProbe() {}

    /** Prints what it finds. */
    public static void main(String[] arguments) {
        System.out.println("module=" + OffHeapStore.class.getModule().isNamed());
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            store.put("key".getBytes(UTF_8), "value".getBytes(UTF_8));
            System.out.println("store=" + new String(store.get("key".getBytes(UTF_8)), UTF_8));
        }
        try {
            WithJCache.run();
        } catch (NoClassDefFoundError e) {
            System.out.println("missing=" + e.getMessage());
        }
        System.out.println("used=" + ZMalloc.zmallocUsedMemory());
    }

    /** What needs it. */
    private static final class WithJCache {
        static void run() {
            try (CacheManager manager = Caching.getCachingProvider().getCacheManager()) {
                Cache<String, String> cache = manager.createCache(
                        "probe",
                        new MutableConfiguration<String, String>()
                                .setTypes(String.class, String.class)
                                .setStatisticsEnabled(true));
                cache.put("key", "value");
                System.out.println("jcache=" + cache.get("key"));
                System.out.println(
                        "provider=" + manager.getCachingProvider().getClass().getName());
            }
        }
    }
}
