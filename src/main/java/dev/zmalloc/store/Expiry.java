package dev.zmalloc.store;

/**
 * When each entry of an {@link OffHeapCache} expires, by itself. All times are in nanoseconds by the cache's ticker;
 * entries expire by the millisecond, and fractions of one are rounded up. What is answered as 0 or less has expired at
 * once; {@link Long#MAX_VALUE} is never.
 *
 * <p>Any thread may call any method. They run without a lock of the cache's, and for a change that then does not come
 * about too. What one throws comes out of the operation, which has changed nothing then.
 *
 * @param <K> the type of keys
 * @param <V> the type of values
 */
public interface Expiry<K, V> {
    /**
     * How long a new entry lives.
     *
     * @param currentTime by the ticker
     */
    long expireAfterCreate(K key, V value, long currentTime);

    /**
     * How long an entry lives whose value was replaced.
     *
     * @param currentTime by the ticker
     * @param currentDuration how long the entry had to live; to answer it changes nothing
     */
    long expireAfterUpdate(K key, V value, long currentTime, long currentDuration);

    /**
     * How long an entry lives that was read.
     *
     * @param currentTime by the ticker
     * @param currentDuration how long the entry had to live; to answer it changes nothing
     */
    long expireAfterRead(K key, V value, long currentTime, long currentDuration);
}
