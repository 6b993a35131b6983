package dev.zmalloc.store;

import java.util.concurrent.atomic.AtomicLong;

/** How much of a store was evicted, by whichever evictor. Any thread may call any method. */
final class EvictedCount {
    private final Stripe[] stripes;
    private final AtomicLong forOthers = new AtomicLong();
    private final AtomicLong removals = new AtomicLong();

    /** Takes {@code stripes} as they come to be. */
    EvictedCount(Stripe[] stripes) {
        this.stripes = stripes;
    }

    /** Counts what an evictor took out, evicted or met as expired: one number, for who looks for progress. */
    void countRemoval() {
        removals.incrementAndGet();
    }

    /** Takes note that the one counted last made room for another store. */
    void countForOther() {
        forOthers.incrementAndGet();
    }

    long entries() {
        long sum = 0;
        for (Stripe stripe : stripes) {
            sum += stripe.victims().evictions();
        }
        return sum;
    }

    long bytes() {
        long sum = 0;
        for (Stripe stripe : stripes) {
            sum += stripe.victims().evictedBytes();
        }
        return sum;
    }

    /** Those, and the ones that were met and had expired. */
    long removals() {
        return removals.get();
    }

    long forOthers() {
        return forOthers.get();
    }
}
