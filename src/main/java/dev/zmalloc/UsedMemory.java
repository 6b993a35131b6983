package dev.zmalloc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The count of native bytes in use: one atomic add for each change, a sum of sixteen stripes for each read.
 *
 * <pre>
 *   longs    0 ..... 15   16 .... 31   32 .. 47        16 * 16 .. 17 * 16 - 1
 *          +------------+------------+----------+-   -+----------+
 *          |  padding   | stripe 0   | stripe 1 | ... | stripe 15|
 *          +------------+------------+----------+-   -+----------+
 *                        count, then 120 bytes unused
 * </pre>
 *
 * Stripes are 128 bytes apart: one cache line, and its neighbour, which the prefetcher of current x86 cores fetches
 * with it. A thread may free what another took, so that a stripe may be negative; the sum alone means something, and it
 * is not a snapshot: with changes under way it may miss the taking and see the freeing of the same block. It is
 * therefore never reported below zero.
 *
 * <p>Sixteen stripes bound the reader's work, as in Redis ({@code zmalloc.c}). A stripe is chosen by a hash of the
 * thread's identifier and not by a thread-local index: threads come and go, may be virtual and number in the millions.
 */
final class UsedMemory {
    private static final int STRIPES = 16;
    private static final int STRIPE_LONGS = 16;
    private static final VarHandle COUNT = MethodHandles.arrayElementVarHandle(long[].class);
    private static final long[] COUNTS = new long[(STRIPES + 1) * STRIPE_LONGS];

    private UsedMemory() {}

    /** Adds {@code bytes}, negative for a block that was freed. Any thread; never blocks. */
    static void add(long bytes) {
        COUNT.getAndAdd(COUNTS, index(Thread.currentThread().threadId()), bytes);
    }

    /** Bytes in use, at least 0. Exact when no other thread allocates or frees meanwhile. */
    static long sum() {
        long sum = 0;
        for (int stripe = 0; stripe < STRIPES; stripe++) {
            sum += (long) COUNT.getVolatile(COUNTS, (stripe + 1) * STRIPE_LONGS);
        }
        return Math.max(0, sum);
    }

    private static int index(long threadId) {
        // Fibonacci hashing: the upper bits of the product are well mixed, also for identifiers in sequence.
        int stripe = (int) ((threadId * 0x9E3779B97F4A7C15L) >>> 60);
        return (stripe + 1) * STRIPE_LONGS;
    }
}
