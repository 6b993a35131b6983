package dev.zmalloc.jcache;

import java.net.URI;
import java.util.Properties;
import javax.cache.CacheManager;

/** Cache managers of a provider of their own: the tests' class path has other providers too. */
final class JCaches {
    private JCaches() {}

    /** A manager with properties, given as names and values in turn. */
    static CacheManager manager(String... properties) {
        Properties all = new Properties();
        for (int index = 0; index < properties.length; index += 2) {
            all.setProperty(properties[index], properties[index + 1]);
        }
        return new OffHeapCachingProvider().getCacheManager(URI.create("test"), JCaches.class.getClassLoader(), all);
    }

    /** A configuration of strings. */
    static OffHeapConfiguration<String, String> strings() {
        OffHeapConfiguration<String, String> configuration = new OffHeapConfiguration<>();
        configuration.setTypes(String.class, String.class);
        return configuration;
    }
}
