package dev.zmalloc.ffi;

/**
 * Which of {@value #COUNT} stripes of something shared the present thread uses, by a hash of its identifier and not by
 * a thread-local index: threads come and go, may be virtual, and number in the millions.
 */
public final class ThreadStripe {
    /** A power of two. As many as Redis has ({@code zmalloc.c}): they bound the work of who sums them up. */
    public static final int COUNT = 16;

    private static final int SHIFT = Long.SIZE - Integer.numberOfTrailingZeros(COUNT);

    private ThreadStripe() {}

    /** The present thread's stripe, from 0. */
    public static int current() {
        // Fibonacci hashing: the upper bits of the product are well mixed, also for identifiers in sequence.
        return (int) ((Thread.currentThread().threadId() * 0x9E3779B97F4A7C15L) >>> SHIFT);
    }
}
