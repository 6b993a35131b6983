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
 *   a stripe   long 0       bytes         taken less freed
 *              long 1       reference     the bytes when this stripe last looked at the peak, or lower
 *              long 2       allocations
 *              long 3       frees
 *              long 4 - 15  unused
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
    /*
     * Two atomic adds.
     *
     * The second goes to a line that the first has brought in, and nothing waits for the outcome of either: the
     * stripe's movement is judged by its bytes as they were before the add. That makes the pair of malloc and free 1.6
     * ns slower than the bytes alone do (21.1 against 19.5). Judging by the outcome of the add instead costs 3 ns, and
     * the two counts packed into the low bits of the bytes, so that one add does all, 1.9.
     *
     * The peak.
     *
     * A stripe sums all of them up when it has risen by more than BAND_BYTES above its reference. The reference then
     * becomes what the stripe has, and it also follows the stripe down at that distance. So between one look at the
     * peak by any stripe and the next, each stripe stays less than BAND_BYTES above its reference, and began at most
     * BAND_BYTES below it: it rises by at most twice that, 96 KiB, and by what its threads are adding at this moment.
     * A band and not a step, so that a block that comes and goes at an edge does not make every one of its adds look.
     */
    private static final int STRIPES = 16;
    private static final int STRIPE_LONGS = 16;
    private static final int REFERENCE = 1;
    private static final int ALLOCATIONS = 2;
    private static final int FREES = 3;

    /** How far a stripe rises before it looks at the peak. */
    static final long BAND_BYTES = 48 << 10;

    private static final VarHandle LONGS_HANDLE = MethodHandles.arrayElementVarHandle(long[].class);
    private static final long[] LONGS = new long[(STRIPES + 1) * STRIPE_LONGS];

    private static final AtomicLong PEAK_BYTES = new AtomicLong();
    private static final AtomicLong PEAK_MILLIS = new AtomicLong(System.currentTimeMillis());

    private UsedMemory() {}

    /** Counts a block of {@code bytes} that was taken. Any thread; never blocks. */
    static void allocated(long bytes) {
        int stripe = stripe(Thread.currentThread().threadId());
        long risen = risenBytes(stripe) + bytes;
        LONGS_HANDLE.getAndAdd(LONGS, stripe, bytes);
        LONGS_HANDLE.getAndAdd(LONGS, stripe + ALLOCATIONS, 1L);
        if (risen > BAND_BYTES) {
            lookAtPeak(stripe);
        }
    }

    /** Counts a block of {@code bytes} that was freed. Any thread; never blocks. */
    static void freed(long bytes) {
        int stripe = stripe(Thread.currentThread().threadId());
        long risen = risenBytes(stripe) - bytes;
        LONGS_HANDLE.getAndAdd(LONGS, stripe, -bytes);
        LONGS_HANDLE.getAndAdd(LONGS, stripe + FREES, 1L);
        if (risen < -BAND_BYTES) {
            setReference(stripe);
        }
    }

    /** Counts a block that grew by {@code bytes}, or shrank if negative. Any thread; never blocks. */
    static void resized(long bytes) {
        int stripe = stripe(Thread.currentThread().threadId());
        long risen = risenBytes(stripe) + bytes;
        LONGS_HANDLE.getAndAdd(LONGS, stripe, bytes);
        if (risen > BAND_BYTES) {
            lookAtPeak(stripe);
        } else if (risen < -BAND_BYTES) {
            setReference(stripe);
        }
    }

    private static long risenBytes(int stripe) {
        return (long) LONGS_HANDLE.getOpaque(LONGS, stripe) - (long) LONGS_HANDLE.getOpaque(LONGS, stripe + REFERENCE);
    }

    private static void lookAtPeak(int stripe) {
        setReference(stripe);
        raisePeak(sum());
    }

    private static void setReference(int stripe) {
        // Threads of one stripe may race here. Either's value is right but for what the other is adding.
        LONGS_HANDLE.setOpaque(LONGS, stripe + REFERENCE, (long) LONGS_HANDLE.getOpaque(LONGS, stripe));
    }

    /** Bytes in use, at least 0. Exact when no other thread allocates or frees meanwhile. */
    static long sum() {
        return Math.max(0, sum(0));
    }

    /** Blocks taken so far. Exact when no other thread allocates meanwhile. */
    static long allocations() {
        return sum(ALLOCATIONS);
    }

    /** Blocks freed so far. Exact when no other thread frees meanwhile. */
    static long frees() {
        return sum(FREES);
    }

    private static long sum(int index) {
        long sum = 0;
        for (int stripe = STRIPE_LONGS; stripe < LONGS.length; stripe += STRIPE_LONGS) {
            sum += (long) LONGS_HANDLE.getVolatile(LONGS, stripe + index);
        }
        return sum;
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
