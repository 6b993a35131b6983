package dev.zmalloc.store;

import java.util.concurrent.atomic.AtomicLong;

/** How much of a store was evicted, by whichever evictor. Any thread may call any method. */
final class EvictedCount {
    private final AtomicLong entries = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong forOthers = new AtomicLong();
    private final AtomicLong removals = new AtomicLong();

    /**
     * Counts what was taken out.
     *
     * @param entryBytes as {@link dev.zmalloc.evict.EvictionTarget#evict} answers: negative if it had expired
     */
    void count(long entryBytes) {
        if (entryBytes > 0) {
            bytes.addAndGet(entryBytes);
            entries.incrementAndGet();
        }
        removals.incrementAndGet();
    }

    /** Takes note that the one counted last made room for another store. */
    void countForOther() {
        forOthers.incrementAndGet();
    }

    long entries() {
        return entries.get();
    }

    /** Those, and the ones that were met and had expired. */
    long removals() {
        return removals.get();
    }

    long bytes() {
        return bytes.get();
    }

    long forOthers() {
        return forOthers.get();
    }
}
