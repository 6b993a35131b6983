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

    /**
     * Whether it wants to be told of entries that leave for {@code cause}. Asked once for each cause, when the cache is
     * built: what nobody wants to know then costs nothing for good.
     */
    default boolean wants(RemovalCause cause) {
        return true;
    }

    /**
     * Whether it wants to be told at present of entries that leave for a cause that it {@link #wants}. Asked for each
     * such entry: while it says no, no key and no value need be made. Must be fast.
     */
    default boolean isListening() {
        return true;
    }
}
