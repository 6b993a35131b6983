package dev.zmalloc.store;

import java.util.concurrent.atomic.LongAdder;

/**
 * What an {@link OffHeapCache} has done so far. What concerns loads is 0 unless the cache records it
 * ({@link OffHeapCacheBuilder#recordStats}).
 *
 * @param store hits, misses, evictions and what it holds, which are always counted
 * @param loads values that were loaded; one for all those of a {@code loadAll}
 * @param loadFailures loads that threw, or had no value
 * @param loadNanos how long all of both took
 */
public record CacheStatistics(StoreStatistics store, long loads, long loadFailures, long loadNanos) {
    /** Reads that found their key. */
    public long hits() {
        return store.hits();
    }

    /** Reads that did not. */
    public long misses() {
        return store.misses();
    }

    /** Hits as a share of all reads, 0 to 1; 0 if there were none. */
    public double hitRatio() {
        return store.hitRatio();
    }

    /** How long a load took on average, in nanoseconds; 0 if there were none. */
    public double averageLoadNanos() {
        long all = loads + loadFailures;
        return all == 0 ? 0 : (double) loadNanos / all;
    }

    /** Counts loads, if wanted. */
    static final class Loads {
        private final LongAdder successes = new LongAdder();
        private final LongAdder failures = new LongAdder();
        private final LongAdder nanos = new LongAdder();

        void add(boolean isSuccess, long took) {
            (isSuccess ? successes : failures).increment();
            nanos.add(took);
        }

        CacheStatistics with(StoreStatistics store) {
            return new CacheStatistics(store, successes.sum(), failures.sum(), nanos.sum());
        }
    }
}
