package dev.zmalloc.table;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Which of a store's stripes, of at most 64, have something: one load tells who is in it, where asking each stripe
 * would take a cache line or more of every one.
 *
 * <p>Any thread may call any method. A stripe says that it is in, or not, under its own lock; who asks may see that a
 * moment late.
 */
public final class StripeSet {
    private final AtomicLong bits = new AtomicLong();

    /** Makes an empty set. */
    public StripeSet() {}

    /** Takes a stripe in, or out. */
    public void set(int stripe, boolean isIn) {
        long bit = 1L << stripe;
        bits.updateAndGet(present -> isIn ? present | bit : present & ~bit);
    }

    /** The stripes that are in it, by their numbers. */
    public long bits() {
        return bits.get();
    }
}
