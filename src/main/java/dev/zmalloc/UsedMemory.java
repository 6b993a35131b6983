package dev.zmalloc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The count of native bytes in use, of allocations and of frees, and the peak of the bytes: sixteen stripes, one of
 * which a change is added to, and all of which a read sums up.
 *
 * <pre>
 *   longs    0 ..... 15   16 .... 31   32 .. 47        16 * 16 .. 17 * 16 - 1
 *          +------------+------------+----------+-   -+----------+
 *          |  padding   | stripe 0   | stripe 1 | ... | stripe 15|
 *          +------------+------------+----------+-   -+----------+
 *
 *   a stripe   long 0       movement since the stripe was last settled
 *              long 1       bytes         taken less freed, up to then
 *              long 2       allocations   up to then
 *              long 3       frees         up to then
 *              long 4 - 15  unused
 *
 *   movement   bit 63        50 49        36 35                     0
 *                 +------------+------------+------------------------+
 *                 | allocations| frees      | bytes, signed          |
 *                 +------------+------------+------------------------+
 * </pre>
 *
 * Stripes are 128 bytes apart: one cache line, and its neighbour, which the prefetcher of current x86 cores fetches
 * with it. A thread may free what another took, so that a stripe may be negative; the sum alone means something, and it
 * is not a snapshot: with changes under way it may miss the taking and see the freeing of the same block, or miss what
 * a stripe is settling at this moment. It is therefore never reported below zero, and exact when nothing changes.
 *
 * <p>Sixteen stripes bound the reader's work, as in Redis ({@code zmalloc.c}). A stripe is chosen by a hash of the
 * thread's identifier and not by a thread-local index: threads come and go, may be virtual and number in the millions.
 */
final class UsedMemory {
    /*
     * One atomic add.
     *
     * Atomic instructions are a third of what a pair of malloc and free costs here, so that bytes and count share one.
     * Its outcome is not waited for: whether to settle the stripe is judged by the movement read before.
     *
     * A stripe is settled when its bytes have moved by BAND_BYTES, or one of its counts by COUNT_LIMIT: the movement is
     * exchanged for 0 and added to the longs beside it. Who exchanges owns what it got, so that nothing is lost or
     * doubled. A block of LARGE_BYTES is added to those longs at once. A field could overflow only if more than seven
     * thousand threads of one stripe were stopped between looking at the movement and adding to it.
     *
     * The peak.
     *
     * Settling a stripe that has risen sums all of them up. So between one look at the peak by any stripe and the next,
     * each stripe stays less than BAND_BYTES above where it was last settled, and began at most BAND_BYTES below it: it
     * rises by at most twice that, 64 KiB, and by what its threads are adding at this moment. A band and not a step, so
     * that a block that comes and goes at an edge does not make every one of its adds look.
     */
    private static final int STRIPES = 16;
    private static final int STRIPE_LONGS = 16;
    private static final int BYTES = 1;
    private static final int ALLOCATIONS = 2;
    private static final int FREES = 3;

    private static final int FREES_SHIFT = 36;
    private static final int ALLOCATIONS_SHIFT = 50;
    private static final long ONE_FREE = 1L << FREES_SHIFT;
    private static final long ONE_ALLOCATION = 1L << ALLOCATIONS_SHIFT;
    private static final long COUNT_MASK = (1L << (ALLOCATIONS_SHIFT - FREES_SHIFT)) - 1;

    /** Added to a movement, it makes the bytes positive, and the counts what they are. */
    private static final long UNSIGNED = 1L << (FREES_SHIFT - 1);

    /** How far a stripe's bytes move before it is settled. */
    static final long BAND_BYTES = 32 << 10;

    /** How far a stripe's counts move before it is settled. */
    private static final long COUNT_LIMIT = 1 << 10;

    /** What a block has at least that is not added to a movement. */
    private static final long LARGE_BYTES = 1 << 20;

    /** The bits of a movement, plus BAND_BYTES, that are 0 while it is within all three bounds. */
    private static final long OUT_OF_BOUNDS = ((1L << FREES_SHIFT) - 2 * BAND_BYTES)
            | ((COUNT_MASK + 1 - COUNT_LIMIT) << FREES_SHIFT)
            | ((COUNT_MASK + 1 - COUNT_LIMIT) << ALLOCATIONS_SHIFT);

    private static final VarHandle LONGS_HANDLE = MethodHandles.arrayElementVarHandle(long[].class);
    private static final long[] LONGS = new long[(STRIPES + 1) * STRIPE_LONGS];

    private static final AtomicLong PEAK_BYTES = new AtomicLong();
    private static final AtomicLong PEAK_MILLIS = new AtomicLong(System.currentTimeMillis());

    private UsedMemory() {}

    /** Counts a block of {@code bytes} that was taken. Any thread; never blocks. */
    static void allocated(long bytes) {
        move(bytes, ONE_ALLOCATION);
    }

    /** Counts a block of {@code bytes} that was freed. Any thread; never blocks. */
    static void freed(long bytes) {
        move(-bytes, ONE_FREE);
    }

    /** Counts a block that grew by {@code bytes}, or shrank if negative. Any thread; never blocks. */
    static void resized(long bytes) {
        move(bytes, 0);
    }

    private static void move(long bytes, long counts) {
        int stripe = stripe(Thread.currentThread().threadId());
        if (Math.abs(bytes) >= LARGE_BYTES) {
            settle(stripe, bytes, counts);
            return;
        }
        long movement = (long) LONGS_HANDLE.getOpaque(LONGS, stripe) + bytes + counts;
        LONGS_HANDLE.getAndAdd(LONGS, stripe, bytes + counts);
        if (((movement + BAND_BYTES) & OUT_OF_BOUNDS) != 0) {
            settle(stripe, 0, 0);
        }
    }

    /** Takes the movement of a stripe, with one of {@code bytes} and {@code counts} besides, into its sums. */
    private static void settle(int stripe, long bytes, long counts) {
        long movement = (long) LONGS_HANDLE.getAndSet(LONGS, stripe, 0L);
        long risen = bytes(movement) + bytes;
        LONGS_HANDLE.getAndAdd(LONGS, stripe + BYTES, risen);
        LONGS_HANDLE.getAndAdd(LONGS, stripe + ALLOCATIONS, allocations(movement) + allocations(counts));
        LONGS_HANDLE.getAndAdd(LONGS, stripe + FREES, frees(movement) + frees(counts));
        if (risen > 0) {
            raisePeak(sum());
        }
    }

    private static long bytes(long movement) {
        return movement << (Long.SIZE - FREES_SHIFT) >> (Long.SIZE - FREES_SHIFT);
    }

    private static long frees(long movement) {
        return ((movement + UNSIGNED) >>> FREES_SHIFT) & COUNT_MASK;
    }

    private static long allocations(long movement) {
        return (movement + UNSIGNED) >>> ALLOCATIONS_SHIFT;
    }

    /** Bytes in use, at least 0. Exact when no other thread allocates or frees meanwhile. */
    static long sum() {
        long sum = 0;
        for (int stripe = STRIPE_LONGS; stripe < LONGS.length; stripe += STRIPE_LONGS) {
            sum += read(stripe + BYTES) + bytes(read(stripe));
        }
        return Math.max(0, sum);
    }

    /** Blocks taken so far. Exact when no other thread allocates meanwhile. */
    static long allocations() {
        long sum = 0;
        for (int stripe = STRIPE_LONGS; stripe < LONGS.length; stripe += STRIPE_LONGS) {
            sum += read(stripe + ALLOCATIONS) + allocations(read(stripe));
        }
        return sum;
    }

    /** Blocks freed so far. Exact when no other thread frees meanwhile. */
    static long frees() {
        long sum = 0;
        for (int stripe = STRIPE_LONGS; stripe < LONGS.length; stripe += STRIPE_LONGS) {
            sum += read(stripe + FREES) + frees(read(stripe));
        }
        return sum;
    }

    private static long read(int index) {
        return (long) LONGS_HANDLE.getVolatile(LONGS, index);
    }

    /** The highest number of bytes in use since the last reset, and not less than now. */
    static long peak() {
        raisePeak(sum());
        return PEAK_BYTES.get();
    }

    /** When the peak was reached, in milliseconds since 1970 UTC. */
    static long peakMillis() {
        raisePeak(sum());
        return PEAK_MILLIS.get();
    }

    /** Forgets the peak so far: it is what is in use now. */
    static void resetPeak() {
        PEAK_BYTES.set(sum());
        PEAK_MILLIS.set(System.currentTimeMillis());
    }

    private static void raisePeak(long bytes) {
        long peak = PEAK_BYTES.get();
        while (bytes > peak) {
            if (PEAK_BYTES.compareAndSet(peak, bytes)) {
                PEAK_MILLIS.set(System.currentTimeMillis());
                return;
            }
            peak = PEAK_BYTES.get();
        }
    }

    private static int stripe(long threadId) {
        // Fibonacci hashing: the upper bits of the product are well mixed, also for identifiers in sequence.
        int stripe = (int) ((threadId * 0x9E3779B97F4A7C15L) >>> 60);
        return (stripe + 1) * STRIPE_LONGS;
    }
}
