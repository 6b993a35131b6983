package dev.zmalloc;

import dev.zmalloc.event.Telemetry;
import dev.zmalloc.ffi.ThreadStripe;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.WeakReference;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The count of native bytes in use, of allocations and of frees, and the peak of the bytes: stripes, to one of which a
 * change is added, and all of which a read sums up.
 *
 * <pre>
 *   longs    0 ..... 15   16 .... 31        256 .. 271   272 .. 287        752 .. 767   768 .. 783
 *          +------------+------------+-   -+-----------+-----------+-   -+-----------+-----------+
 *          |  padding   | stripe 0   | ... | stripe 15 | stripe 16 | ... | stripe 46 | stripe 47 |
 *          +------------+------------+-   -+-----------+-----------+-   -+-----------+-----------+
 *                          shared by any threads           each a thread's own
 *
 *   a stripe   long 0       bytes taken less bytes freed
 *              long 1       allocations
 *              long 2       frees
 *              long 3       identifier of the thread that owns it, 0 for none
 *              long 4       bytes above which the peak is looked at
 *              long 5       bytes below which that bound is lowered
 *              long 6 - 15  unused
 * </pre>
 *
 * Stripes are 128 bytes apart: one cache line, and its neighbour, which the prefetcher of current x86 cores fetches
 * with it. A thread may free what another took, so that a stripe may be negative; the sum alone means something, and it
 * is not a snapshot: with changes under way it may miss the taking and see the freeing of the same block. It is
 * therefore never reported below zero, and exact when nothing changes.
 *
 * <p>Sixteen shared stripes bound the reader's work, as in Redis ({@code zmalloc.c}). Stripes are chosen by the
 * thread's identifier and not by a thread-local index: threads come and go, may be virtual and number in the millions.
 */
final class UsedMemory {
    /*
     * Stripes of one's own.
     *
     * A thread that owns a stripe is the only one to write it, and does so by plain loads and stores; others add to a
     * shared stripe by atomic instructions. The identifier, which is never used twice, selects one stripe, and the
     * first thread that looks for it owns it. A stripe whose owner has ended is taken over: the end of a thread is
     * known to come after all that it wrote (Thread.isAlive). Threads are remembered weakly; one that was collected has
     * ended, or will never run again. The search is made by threads that use a shared stripe, whenever that leaves its
     * band.
     *
     * With one atomic add for each change, malloc and sized free of random blocks took as long as Redis' way in C, and
     * so 0.94 to 0.97 of that (make bench-zmalloc, churn, critical calls); processors with dearer atomic instructions
     * gain more.
     *
     * The peak.
     *
     * Each stripe has a band, BAND_BYTES up and down from where it was last looked at. Rising above it sums all stripes
     * up; falling below it only moves the band. So between one look at the peak by any stripe and the next, each stripe
     * rises by at most twice BAND_BYTES, 20 KiB, and by what its threads are adding at this moment. A band and not a
     * step, so that a block that comes and goes at an edge does not make every one of its adds look.
     *
     * Who records is told there of one block in so many, and not by counting allocations: a test of the count, in each
     * allocation, made a pair of malloc and free a tenth slower while nobody recorded.
     */
    private static final int SHARED_STRIPES = ThreadStripe.COUNT;
    private static final int OWNED_STRIPES = 32;

    /** How many stripes there are: what the accuracy of the peak is in proportion to. */
    static final int STRIPES = SHARED_STRIPES + OWNED_STRIPES;

    private static final int STRIPE_LONGS = 16;
    private static final int FIRST_OWNED = (1 + SHARED_STRIPES) * STRIPE_LONGS;

    private static final int BYTES = 0;
    private static final int ALLOCATIONS = 1;
    private static final int FREES = 2;
    private static final int OWNER = 3;
    private static final int UPPER = 4;
    private static final int LOWER = 5;

    /** How far a stripe's bytes move before the peak is looked at, or the band moved. */
    static final long BAND_BYTES = 10 << 10;

    /** Rises above a band of which one is told of; a power of two. */
    private static final int RISES_TOLD = 64;

    private static final VarHandle LONGS_HANDLE = MethodHandles.arrayElementVarHandle(long[].class);
    private static final long[] LONGS = new long[(STRIPES + 1) * STRIPE_LONGS];

    /** The owners, so that their end can be noticed. */
    private static final AtomicReferenceArray<WeakReference<Thread>> OWNERS = new AtomicReferenceArray<>(OWNED_STRIPES);

    private static final AtomicLong PEAK_BYTES = new AtomicLong();
    private static final AtomicLong PEAK_MILLIS = new AtomicLong(System.currentTimeMillis());

    /** Of all stripes; that threads lose each other's does no harm. */
    private static int rises;

    private UsedMemory() {}

    /** Counts a block of {@code bytes} that was taken. Any thread; never blocks. */
    static void allocated(long bytes) {
        long threadId = Thread.currentThread().threadId();
        int own = ownStripe(threadId);
        if (opaque(own + OWNER) == threadId) {
            addOwn(own + ALLOCATIONS, 1);
            long now = addOwn(own + BYTES, bytes);
            if (now > opaque(own + UPPER)) {
                rise(own, now, bytes);
            }
        } else {
            LONGS_HANDLE.getAndAdd(LONGS, sharedStripe() + ALLOCATIONS, 1L);
            moveShared(bytes);
        }
    }

    /** Counts a block of {@code bytes} that was freed. Any thread; never blocks. */
    static void freed(long bytes) {
        long threadId = Thread.currentThread().threadId();
        int own = ownStripe(threadId);
        if (opaque(own + OWNER) == threadId) {
            addOwn(own + FREES, 1);
            long now = addOwn(own + BYTES, -bytes);
            if (now < opaque(own + LOWER)) {
                moveBand(own, now);
            }
        } else {
            LONGS_HANDLE.getAndAdd(LONGS, sharedStripe() + FREES, 1L);
            moveShared(-bytes);
        }
    }

    /** Counts a block that grew by {@code bytes}, or shrank if negative. Any thread; never blocks. */
    static void resized(long bytes) {
        long threadId = Thread.currentThread().threadId();
        int own = ownStripe(threadId);
        if (opaque(own + OWNER) == threadId) {
            judge(own, addOwn(own + BYTES, bytes), bytes);
        } else {
            moveShared(bytes);
        }
    }

    private static void moveShared(long bytes) {
        int stripe = sharedStripe();
        long now = (long) LONGS_HANDLE.getAndAdd(LONGS, stripe + BYTES, bytes) + bytes;
        if (judge(stripe, now, bytes)) {
            takeOwnStripe(Thread.currentThread());
        }
    }

    /** Answers whether a stripe of {@code now} bytes has left its band, which moves then. */
    private static boolean judge(int stripe, long now, long change) {
        if (now > opaque(stripe + UPPER)) {
            rise(stripe, now, change);
            return true;
        }
        if (now < opaque(stripe + LOWER)) {
            moveBand(stripe, now);
            return true;
        }
        return false;
    }

    private static void rise(int stripe, long now, long change) {
        moveBand(stripe, now);
        raisePeak(sum());
        if ((rises++ & (RISES_TOLD - 1)) == 0) {
            Telemetry.present().grew(change, RISES_TOLD * BAND_BYTES);
        }
    }

    private static void moveBand(int stripe, long middle) {
        LONGS_HANDLE.setOpaque(LONGS, stripe + UPPER, middle + BAND_BYTES);
        LONGS_HANDLE.setOpaque(LONGS, stripe + LOWER, middle - BAND_BYTES);
    }

    private static long opaque(int index) {
        return (long) LONGS_HANDLE.getOpaque(LONGS, index);
    }

    /** Adds to a number that only the calling thread writes. */
    private static long addOwn(int index, long change) {
        long sum = opaque(index) + change;
        LONGS_HANDLE.setOpaque(LONGS, index, sum);
        return sum;
    }

    /** Makes {@code thread}, the calling one, the owner of the stripe that it selects, unless another one lives. */
    private static void takeOwnStripe(Thread thread) {
        int own = ownStripe(thread.threadId());
        int index = (own - FIRST_OWNED) / STRIPE_LONGS;
        WeakReference<Thread> reference = OWNERS.get(index);
        Thread owner = reference == null ? null : reference.get();
        boolean isFree = owner == null || !owner.isAlive();
        if (isFree && OWNERS.compareAndSet(index, reference, new WeakReference<>(thread))) {
            LONGS_HANDLE.setVolatile(LONGS, own + OWNER, thread.threadId());
        }
    }

    /** Bytes in use, at least 0. Exact when no other thread allocates or frees meanwhile. */
    static long sum() {
        return Math.max(0, sum(BYTES));
    }

    /** Blocks taken so far. Exact when no other thread allocates meanwhile. */
    static long allocations() {
        return sum(ALLOCATIONS);
    }

    /** Blocks freed so far. Exact when no other thread frees meanwhile. */
    static long frees() {
        return sum(FREES);
    }

    private static long sum(int which) {
        long sum = 0;
        for (int stripe = STRIPE_LONGS; stripe < LONGS.length; stripe += STRIPE_LONGS) {
            sum += (long) LONGS_HANDLE.getVolatile(LONGS, stripe + which);
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

    private static int sharedStripe() {
        return (1 + ThreadStripe.current()) * STRIPE_LONGS;
    }

    private static int ownStripe(long threadId) {
        return FIRST_OWNED + ((int) threadId & (OWNED_STRIPES - 1)) * STRIPE_LONGS;
    }
}
