package dev.zmalloc.examples;

import dev.zmalloc.jcache.OffHeapConfiguration;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.Caching;
import javax.cache.expiry.AccessedExpiryPolicy;
import javax.cache.expiry.Duration;
import javax.cache.spi.CachingProvider;

/** The example of JCache that the README shows, between the two marks. */
final class JCacheExample {
    private JCacheExample() {}

    public static void main(String[] arguments) {
        // README begin
        CachingProvider provider = Caching.getCachingProvider("dev.zmalloc.jcache.OffHeapCachingProvider");
        try (CacheManager manager = provider.getCacheManager()) {
            Cache<String, Integer> visits = manager.createCache(
                    "visits",
                    new OffHeapConfiguration<String, Integer>()
                            .setMaxMemory("64mb")
                            .setTypes(String.class, Integer.class)
                            .setExpiryPolicyFactory(AccessedExpiryPolicy.factoryOf(Duration.ONE_HOUR)));
            visits.put("ada", 1);
            visits.invoke("ada", (entry, more) -> {
                entry.setValue(entry.getValue() + 1); // nobody else changes it meanwhile
                return null;
            });
            System.out.println("Ada was here " + visits.get("ada") + " times");
        }
        // README end
    }
}
