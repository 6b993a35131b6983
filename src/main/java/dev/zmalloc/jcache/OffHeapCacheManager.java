package dev.zmalloc.jcache;

import java.net.URI;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.configuration.CompleteConfiguration;
import javax.cache.configuration.Configuration;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.spi.CachingProvider;
import org.jspecify.annotations.Nullable;

/** The caches of a class loader and a URI. */
final class OffHeapCacheManager implements CacheManager {
    private final OffHeapCachingProvider provider;
    private final URI uri;

    /** {@code null} once the manager is closed. */
    private volatile @Nullable ClassLoader loader;

    private final Properties properties;
    private final ConcurrentHashMap<String, JCache<?, ?>> caches = new ConcurrentHashMap<>();
    private final Object lock = new Object();
    private volatile boolean isClosed;

    OffHeapCacheManager(OffHeapCachingProvider provider, URI uri, ClassLoader loader, @Nullable Properties properties) {
        this.provider = provider;
        this.uri = uri;
        this.loader = loader;
        this.properties = properties == null ? new Properties() : (Properties) properties.clone();
    }

    static <T> T unwrap(Class<T> type, Object... objects) {
        for (Object object : objects) {
            if (type.isInstance(object)) {
                return type.cast(object);
            }
        }
        throw new IllegalArgumentException("this is no " + type.getName());
    }

    @Override
    public CachingProvider getCachingProvider() {
        return provider;
    }

    @Override
    public URI getURI() {
        return uri;
    }

    @Override
    @SuppressWarnings("NullAway") // null once it is closed
    public ClassLoader getClassLoader() {
        return loader;
    }

    @Override
    public Properties getProperties() {
        return properties;
    }

    @Override
    public <K, V, C extends Configuration<K, V>> Cache<K, V> createCache(String name, C configuration) {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(configuration, "configuration");
        OffHeapConfiguration<K, V> copy = copy(configuration);
        if (!copy.isStoreByValue()) {
            throw new UnsupportedOperationException("a cache in native memory stores by value");
        }
        if (copy.isReadThrough() && copy.getCacheLoaderFactory() == null) {
            throw new IllegalArgumentException("read-through needs a loader");
        }
        if (copy.isWriteThrough() && copy.getCacheWriterFactory() == null) {
            throw new IllegalArgumentException("write-through needs a writer");
        }
        JCache<K, V> cache;
        synchronized (lock) {
            ClassLoader finding = checkOpen();
            if (caches.containsKey(name)) {
                throw new CacheException("there is a cache called " + name);
            }
            cache = new JCache<>(this, name, copy, new CacheSettings(properties, finding, name));
            caches.put(name, cache);
        }
        boolean isShown = false;
        try {
            cache.enableManagement(copy.isManagementEnabled());
            cache.enableStatistics(copy.isStatisticsEnabled());
            isShown = true;
        } finally {
            if (!isShown) {
                cache.close();
            }
        }
        return cache;
    }

    private static <K, V> OffHeapConfiguration<K, V> copy(Configuration<K, V> configuration) {
        if (configuration instanceof CompleteConfiguration<K, V> complete) {
            return new OffHeapConfiguration<>(complete);
        }
        MutableConfiguration<K, V> basic = new MutableConfiguration<K, V>()
                .setTypes(configuration.getKeyType(), configuration.getValueType())
                .setStoreByValue(configuration.isStoreByValue());
        return new OffHeapConfiguration<>(basic);
    }

    @Override
    @SuppressWarnings({"unchecked", "NullAway"}) // the types are checked; null if there is no such cache
    public <K, V> Cache<K, V> getCache(String name, Class<K> keyType, Class<V> valueType) {
        Objects.requireNonNull(keyType, "keyType");
        Objects.requireNonNull(valueType, "valueType");
        JCache<?, ?> cache = find(name);
        if (cache == null) {
            return null;
        }
        checkType(name, "keys", cache.configuration().getKeyType(), keyType);
        checkType(name, "values", cache.configuration().getValueType(), valueType);
        return (Cache<K, V>) cache;
    }

    private static void checkType(String name, String what, Class<?> type, Class<?> asked) {
        if (!type.equals(asked)) {
            throw new ClassCastException(
                    "the " + what + " of the cache " + name + " are " + type.getName() + ", not " + asked.getName());
        }
    }

    @Override
    @SuppressWarnings({"unchecked", "NullAway"}) // the caller knows the types; null if there is no such cache
    public <K, V> Cache<K, V> getCache(String name) {
        return (Cache<K, V>) find(name);
    }

    private @Nullable JCache<?, ?> find(String name) {
        Objects.requireNonNull(name, "name");
        checkOpen();
        return caches.get(name);
    }

    @Override
    public Iterable<String> getCacheNames() {
        checkOpen();
        return List.copyOf(caches.keySet());
    }

    @Override
    public void destroyCache(String name) {
        JCache<?, ?> cache = find(name);
        if (cache != null) {
            cache.close();
        }
    }

    @Override
    public void enableManagement(String name, boolean enabled) {
        JCache<?, ?> cache = find(name);
        if (cache != null) {
            cache.enableManagement(enabled);
        }
    }

    @Override
    public void enableStatistics(String name, boolean enabled) {
        JCache<?, ?> cache = find(name);
        if (cache != null) {
            cache.enableStatistics(enabled);
        }
    }

    /** Forgets a cache that was closed. */
    void remove(JCache<?, ?> cache) {
        caches.remove(cache.getName(), cache);
    }

    @Override
    public void close() {
        ClassLoader used;
        synchronized (lock) {
            used = loader;
            isClosed = true;
            loader = null;
        }
        caches.values().forEach(Closing::close);
        if (used != null) {
            provider.remove(this, used);
        }
    }

    @Override
    public boolean isClosed() {
        return isClosed;
    }

    private ClassLoader checkOpen() {
        ClassLoader present = loader;
        if (present == null) {
            throw new IllegalStateException("the cache manager is closed");
        }
        return present;
    }

    @Override
    public <T> T unwrap(Class<T> type) {
        return unwrap(type, this);
    }
}
