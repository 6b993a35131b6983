package dev.zmalloc.jcache;

import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.WeakHashMap;
import java.util.function.Predicate;
import javax.cache.CacheManager;
import javax.cache.configuration.OptionalFeature;
import javax.cache.spi.CachingProvider;
import org.jspecify.annotations.Nullable;

/**
 * The provider of JCache (JSR-107) whose caches keep keys and values in native memory. {@link javax.cache.Caching}
 * finds it by itself.
 *
 * <p>Limits are said in code by an {@link OffHeapConfiguration}, or by properties, of the cache manager or else of the
 * system, for each cache or for all:
 *
 * <table>
 * <caption>Properties</caption>
 * <tr><th>name</th><th>meaning</th><th>unless set</th></tr>
 * <tr><td>{@code zmalloc.jcache.NAME.maxMemory}, {@code zmalloc.jcache.maxMemory}</td>
 * <td>the limit of the cache called NAME, or of each that has none of its own, such as {@code 512mb} or
 * {@code 25%}</td><td>no limit</td></tr>
 * <tr><td>{@code zmalloc.jcache.NAME.evictionPolicy}, {@code zmalloc.jcache.evictionPolicy}</td>
 * <td>what goes at the limit, such as {@code allkeys-lfu}</td><td>{@code allkeys-lru}</td></tr>
 * <tr><td>{@code zmalloc.jcache.NAME.serialFilter}, {@code zmalloc.jcache.serialFilter}</td>
 * <td>a pattern of {@link java.io.ObjectInputFilter} of what classes keys and values may be made of, such as
 * {@code com.example.**}</td><td>only what {@link OffHeapConfiguration} says</td></tr>
 * </table>
 *
 * <p>Values are stored by value always; by reference is refused. Any thread may call any method.
 */
@SuppressWarnings("exports") // JCache, which need not be there for who compiles against the rest
public final class OffHeapCachingProvider implements CachingProvider {
    private static final URI DEFAULT_URI = URI.create("zmalloc");

    /** By class loader, which they do not keep from being unloaded once their caches are closed. */
    private final Map<ClassLoader, Map<URI, OffHeapCacheManager>> managers = new WeakHashMap<>();

    private final Object lock = new Object();

    /** Is called by JCache. */
    public OffHeapCachingProvider() {}

    @Override
    public CacheManager getCacheManager(
            @Nullable URI uri, @Nullable ClassLoader classLoader, @Nullable Properties properties) {
        URI named = uri == null ? DEFAULT_URI : uri;
        ClassLoader loader = classLoader == null ? getDefaultClassLoader() : classLoader;
        synchronized (lock) {
            return managers.computeIfAbsent(loader, key -> new HashMap<>())
                    .computeIfAbsent(named, key -> new OffHeapCacheManager(this, named, loader, properties));
        }
    }

    @Override
    public CacheManager getCacheManager(@Nullable URI uri, @Nullable ClassLoader classLoader) {
        return getCacheManager(uri, classLoader, null);
    }

    @Override
    public CacheManager getCacheManager() {
        return getCacheManager(null, null, null);
    }

    @Override
    public ClassLoader getDefaultClassLoader() {
        return Objects.requireNonNull(getClass().getClassLoader());
    }

    @Override
    public URI getDefaultURI() {
        return DEFAULT_URI;
    }

    @Override
    public Properties getDefaultProperties() {
        return new Properties();
    }

    @Override
    public boolean isSupported(OptionalFeature feature) {
        return false;
    }

    @Override
    public void close() {
        close(loader -> true, uri -> true);
    }

    @Override
    public void close(@Nullable ClassLoader classLoader) {
        ClassLoader wanted = classLoader == null ? getDefaultClassLoader() : classLoader;
        close(wanted::equals, uri -> true);
    }

    @Override
    public void close(@Nullable URI uri, @Nullable ClassLoader classLoader) {
        ClassLoader wanted = classLoader == null ? getDefaultClassLoader() : classLoader;
        URI named = uri == null ? DEFAULT_URI : uri;
        close(wanted::equals, named::equals);
    }

    private void close(Predicate<ClassLoader> loaders, Predicate<URI> uris) {
        List<OffHeapCacheManager> closed = new ArrayList<>();
        synchronized (lock) {
            managers.forEach((loader, byUri) -> {
                if (loaders.test(loader)) {
                    byUri.forEach((uri, manager) -> {
                        if (uris.test(uri)) {
                            closed.add(manager);
                        }
                    });
                }
            });
        }
        closed.forEach(OffHeapCacheManager::close);
    }

    /** Forgets a manager that was closed. */
    void remove(OffHeapCacheManager manager, ClassLoader loader) {
        synchronized (lock) {
            Map<URI, OffHeapCacheManager> byUri = managers.get(loader);
            if (byUri != null && byUri.remove(manager.getURI(), manager) && byUri.isEmpty()) {
                managers.remove(loader);
            }
        }
    }
}
