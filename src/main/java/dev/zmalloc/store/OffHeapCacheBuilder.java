package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Sets up an {@link OffHeapCache}. Nothing need be set; without a limit the cache grows as long as there is memory.
 *
 * <p>What Caffeine's builder has too means the same here; its {@code maximumWeight} is {@link #maxMemory}, where every
 * byte weighs 1, and its {@code maximumSize} is {@link #maxEntries}.
 *
 * @param <K> the type of keys
 * @param <V> the type of values
 */
@SuppressWarnings("exports") // the annotations of jspecify, which need not be there for who compiles against this
public final class OffHeapCacheBuilder<K, V> {
    private final Codec<K> keys;
    private final Codec<V> values;
    private final OffHeapStoreBuilder store = new OffHeapStoreBuilder().evictionPolicy(EvictionPolicy.ALLKEYS_LRU);
    private @Nullable Duration expireAfterWrite;
    private @Nullable Duration expireAfterAccess;
    private @Nullable Duration refreshAfterWrite;
    private @Nullable Expiry<? super K, ? super V> expireAfter;
    private @Nullable CacheRemovalListener<? super K, ? super V> removalListener;
    private @Nullable CacheRemovalListener<? super K, ? super V> evictionListener;
    private Executor executor = ForkJoinPool.commonPool();
    private LongSupplier ticker = System::nanoTime;
    private boolean recordsStats;

    OffHeapCacheBuilder(Codec<K> keys, Codec<V> values) {
        this.keys = Objects.requireNonNull(keys, "keys");
        this.values = Objects.requireNonNull(values, "values");
    }

    /** The limit in bytes on everything that the cache takes: see {@link OffHeapStoreBuilder#maxMemory(long)}. */
    public OffHeapCacheBuilder<K, V> maxMemory(long bytes) {
        store.maxMemory(bytes);
        return this;
    }

    /** The same as people write it: see {@link OffHeapStoreBuilder#maxMemory(String)}. */
    public OffHeapCacheBuilder<K, V> maxMemory(String text) {
        store.maxMemory(text);
        return this;
    }

    /** The most entries that may be there: see {@link OffHeapStoreBuilder#maxEntries}. */
    public OffHeapCacheBuilder<K, V> maxEntries(long entries) {
        store.maxEntries(entries);
        return this;
    }

    /** What goes when a limit is reached; {@link EvictionPolicy#ALLKEYS_LRU} unless set. */
    public OffHeapCacheBuilder<K, V> evictionPolicy(EvictionPolicy policy) {
        store.evictionPolicy(policy);
        return this;
    }

    /** What tunes the policy; {@link EvictionParameters#DEFAULTS} unless set. */
    public OffHeapCacheBuilder<K, V> evictionParameters(EvictionParameters parameters) {
        store.evictionParameters(parameters);
        return this;
    }

    /** What the cache's memory is charged to besides itself: see {@link OffHeapStoreBuilder#account}. */
    public OffHeapCacheBuilder<K, V> account(MemoryAccount account) {
        store.account(account);
        return this;
    }

    /**
     * Lets entries expire so long after they were created or their value was replaced. Entries expire by the
     * millisecond; fractions of one are rounded up.
     *
     * @param duration 0: they expire at once
     * @throws IllegalArgumentException if it is negative
     */
    public OffHeapCacheBuilder<K, V> expireAfterWrite(Duration duration) {
        expireAfterWrite = notNegative(duration);
        return this;
    }

    /**
     * Lets entries expire so long after they were created, replaced or read. Reading one sets the new time in place, at
     * the cost of a write each millisecond at most. With {@link #expireAfterWrite} too, the earlier of both times
     * counts, and an entry takes eight bytes more.
     *
     * @param duration as there
     * @throws IllegalArgumentException if it is negative
     */
    public OffHeapCacheBuilder<K, V> expireAfterAccess(Duration duration) {
        expireAfterAccess = notNegative(duration);
        return this;
    }

    /** Lets each entry expire when {@code expiry} says. Not beside the other two. */
    public OffHeapCacheBuilder<K, V> expireAfter(Expiry<? super K, ? super V> expiry) {
        expireAfter = Objects.requireNonNull(expiry, "expiry");
        return this;
    }

    /**
     * Has a value refreshed that is read so long after it was written or later, as by
     * {@link LoadingOffHeapCache#refresh}; what is read meanwhile is the old one. An entry takes eight bytes more. For
     * {@link #build(CacheLoader)} only.
     *
     * @throws IllegalArgumentException if {@code duration} is not positive
     */
    public OffHeapCacheBuilder<K, V> refreshAfterWrite(Duration duration) {
        refreshAfterWrite = notNegative(duration);
        if (duration.isZero()) {
            throw new IllegalArgumentException("a refresh after no time");
        }
        return this;
    }

    private static Duration notNegative(Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException("a negative duration: " + duration);
        }
        return duration;
    }

    /** Tells {@code listener} of each entry that has left the cache, by the {@link #executor}, some time later. */
    public OffHeapCacheBuilder<K, V> removalListener(CacheRemovalListener<? super K, ? super V> listener) {
        removalListener = Objects.requireNonNull(listener, "removalListener");
        return this;
    }

    /**
     * Tells {@code listener} of each entry that was evicted or has expired, on the thread that found it so, when it has
     * left the cache. Slow ones make that thread's operation slow.
     */
    public OffHeapCacheBuilder<K, V> evictionListener(CacheRemovalListener<? super K, ? super V> listener) {
        evictionListener = Objects.requireNonNull(listener, "evictionListener");
        return this;
    }

    /**
     * What refreshes values and calls the removal listener; {@link ForkJoinPool#commonPool()} unless set. One that runs
     * it at once may do so inside the computation of a value: the listener must neither compute one for the same key
     * then nor remove that, nor all keys.
     */
    public OffHeapCacheBuilder<K, V> executor(Executor value) {
        executor = Objects.requireNonNull(value, "executor");
        return this;
    }

    /** Counts loads and the time that they take. What concerns the store is counted anyway. */
    public OffHeapCacheBuilder<K, V> recordStats() {
        recordsStats = true;
        return this;
    }

    /**
     * The clock that all times go by, in nanoseconds from any origin; {@link System#nanoTime} unless set. It must not
     * go back, be fast, and let any thread call it.
     */
    public OffHeapCacheBuilder<K, V> ticker(LongSupplier nanoseconds) {
        ticker = Objects.requireNonNull(nanoseconds, "ticker");
        return this;
    }

    /**
     * Opens the cache. It is the caller's to close.
     *
     * @throws IllegalArgumentException if the limit is too small to hold anything
     * @throws IllegalStateException if settings exclude each other
     * @throws MaxMemoryException if the account leaves no room for an empty cache
     * @throws dev.zmalloc.NativeOutOfMemoryError if the allocator has no memory
     */
    public OffHeapCache<K, V> build() {
        if (refreshAfterWrite != null) {
            throw new IllegalStateException("refreshAfterWrite needs a loader: build(loader)");
        }
        return new OffHeapCache<>(open(), recordsStats);
    }

    /** Opens a cache that loads by itself what it has not; see {@link #build()}. */
    public LoadingOffHeapCache<K, V> build(CacheLoader<K, V> loader) {
        Objects.requireNonNull(loader, "loader");
        return new LoadingOffHeapCache<>(open(), recordsStats, loader, executor);
    }

    private CacheEntries<K, V> open() {
        if (expireAfter != null && (expireAfterWrite != null || expireAfterAccess != null)) {
            throw new IllegalStateException("expireAfter excludes expireAfterWrite and expireAfterAccess");
        }
        CacheExpiry<K, V> expiry =
                new CacheExpiry<>(ticker, expireAfterWrite, expireAfterAccess, refreshAfterWrite, expireAfter);
        CacheValues<V> encoded = new CacheValues<>(values, expiry.needsStamps() ? expiry::now : null);
        CacheListeners<K, V> listeners =
                new CacheListeners<>(keys, encoded, removalListener, evictionListener, executor);
        OffHeapStore opened =
                store.removalListener(listeners).clock(expiry::now).build();
        if (expiry.expires()) {
            opened.keeper().start();
        }
        return new CacheEntries<>(opened, keys, encoded, expiry, listeners, recordsStats ? ticker : null);
    }
}
