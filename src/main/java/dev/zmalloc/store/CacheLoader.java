package dev.zmalloc.store;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes the values that a {@link LoadingOffHeapCache} has not. Any thread may call any method; none runs under a lock
 * that other keys' operations wait for.
 *
 * @param <K> the type of keys
 * @param <V> the type of values
 */
@FunctionalInterface
@SuppressWarnings("exports") // the annotations of jspecify, which need not be there for who compiles against this
public interface CacheLoader<K, V> {
    /**
     * The value of a key; {@code null} if it has none, and then nothing is cached.
     *
     * @throws Exception if it cannot be told; it comes out of the operation, a checked one as the cause of a
     *     {@link java.util.concurrent.CompletionException}
     */
    @Nullable
    V load(K key) throws Exception;

    /**
     * The values of some keys, without those that have none; of others too, which are cached as well. Unless
     * overridden, each is loaded by itself.
     *
     * @throws Exception as {@link #load} does; then none is cached
     */
    default Map<K, V> loadAll(Set<? extends K> keys) throws Exception {
        Map<K, V> loaded = new LinkedHashMap<>();
        for (K key : keys) {
            V value = load(key);
            if (value != null) {
                loaded.put(key, value);
            }
        }
        return loaded;
    }

    /**
     * The value of a key whose value is to be refreshed; {@code null} if it has none any more, and then it is removed.
     * Unless overridden, as {@link #load} tells.
     *
     * @throws Exception as {@link #load} does; then the old value stays
     */
    default @Nullable V reload(K key, V oldValue) throws Exception {
        return load(key);
    }
}
