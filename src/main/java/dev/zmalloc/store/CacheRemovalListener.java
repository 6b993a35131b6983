package dev.zmalloc.store;

/**
 * Is told of entries that have left an {@link OffHeapCache}. It runs without a lock of the cache's, which it may use.
 * What it throws is logged, and breaks nothing.
 *
 * @param <K> the type of keys
 * @param <V> the type of values
 */
@FunctionalInterface
public interface CacheRemovalListener<K, V> {
    /**
     * Tells of one entry.
     *
     * @param value a copy
     */
    void onRemoval(K key, V value, RemovalCause cause);
}
