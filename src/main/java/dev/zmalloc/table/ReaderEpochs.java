package dev.zmalloc.table;

import dev.zmalloc.ffi.ThreadStripe;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Who is reading: tells when a block that left the table can no longer be in any reader's hands, without readers ever
 * waiting, and counts their hits and misses on the way.
 *
 * <pre>
 *   longs    0 ... 15    16 .. 31   32 .. 47        16 * 16 .. 17 * 16 - 1
 *          +-----------+----------+----------+-   -+-----------+
 *          |  padding  | stripe 0 | stripe 1 | ... | stripe 15 |
 *          +-----------+----------+----------+-   -+-----------+
 *
 *   a stripe   long 0    readers of even epochs, and hits
 *              long 1    readers of odd epochs, and hits
 *              long 2    misses
 *              long 3 - 15 unused
 *
 *   readers and hits    63                 16 15            0
 *                     +----------------------+---------------+
 *                     | hits (48)            | readers (16)  |
 *                     +----------------------+---------------+
 * </pre>
 *
 * A reader adds itself to the word of its thread's stripe and the present epoch's parity, and takes itself out of the
 * same word when it is done; the word's index is a local variable of the reader, so that a virtual thread may change
 * its carrier meanwhile. Between the two no user code runs, nothing blocks, and the time is that of a look-up and a
 * copy of bounded length: the readers under way are fewer than the threads of the system, and 16 bits count them.
 *
 * <p>Any thread may call any method. {@link #enter} and an exit cost one atomic addition each.
 */
public final class ReaderEpochs {
    /*
     * When a block is free.
     *
     * The epoch goes from e to e + 1 only when no reader of the parity of e + 1 is left, that is of epoch e - 1 and
     * before. A block is unlinked, and then the epoch is read: r. Whoever holds the block entered before it was
     * unlinked.
     *
     *   It entered with parity r: then the step from r + 1 to r + 2 waits for it.
     *
     *   It entered with the other parity, having read the epoch a while before it added itself. The step from r to
     *   r + 1 need not have seen it, if that step had looked at its word before and was taken after. But the step from
     *   r + 2 to r + 3 begins after that, looks at its word again, and waits for it.
     *
     * So a block is free at r + 3. Fences: the reader's addition is a full fence before its first load of the table;
     * the writer has one between unlinking and reading the epoch (unlinked). So either the reader sees the
     * block gone, or every later look at its word sees the reader.
     *
     * For the same reason a look at all words that finds no reader at all is enough by itself, and then the epoch stays
     * as it is: whoever holds the block was counted before the look began, and would still be.
     */

    /** Epochs after which what was unlinked in one is in no reader's hands. */
    static final int GRACE_EPOCHS = 3;

    private static final int STRIPE_LONGS = 16;
    private static final int MISSES = 2;
    private static final int HITS_SHIFT = 16;
    private static final long READERS_MASK = (1L << HITS_SHIFT) - 1;
    private static final long HIT = 1L << HITS_SHIFT;

    /** An atomic addition is a full fence on x86 by itself; elsewhere its acquire half does not hold back its store. */
    private static final boolean ADDITION_IS_FENCE = "amd64".equals(System.getProperty("os.arch"));

    private static final VarHandle LONGS_HANDLE = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle EPOCH_HANDLE = epochHandle();

    private final long[] longs = new long[(ThreadStripe.COUNT + 1) * STRIPE_LONGS];

    @SuppressWarnings("unused") // by EPOCH_HANDLE
    private volatile int epoch;

    private static VarHandle epochHandle() {
        try {
            return MethodHandles.lookup().findVarHandle(ReaderEpochs.class, "epoch", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Makes epochs without readers. */
    public ReaderEpochs() {}

    /**
     * Begins to read. What is found in the table from now on stays until the exit with the ticket that this returns.
     */
    public int enter() {
        int ticket = (ThreadStripe.current() + 1) * STRIPE_LONGS + (epoch & 1);
        LONGS_HANDLE.getAndAdd(longs, ticket, 1L);
        if (!ADDITION_IS_FENCE) {
            VarHandle.fullFence();
        }
        return ticket;
    }

    /** Ends a reading that counts for nothing. */
    public void exit(int ticket) {
        LONGS_HANDLE.getAndAdd(longs, ticket, -1L);
    }

    /** Ends a reading that found its key. */
    public void exitWithHit(int ticket) {
        LONGS_HANDLE.getAndAdd(longs, ticket, HIT - 1);
    }

    /** Ends a reading that did not find its key. */
    public void exitWithMiss(int ticket) {
        LONGS_HANDLE.getAndAdd(longs, (ticket & -STRIPE_LONGS) + MISSES, 1L);
        exit(ticket);
    }

    /** The epoch in which something was unlinked a moment ago, for {@link #advanceBeyond}. It counts up, and wraps. */
    public int unlinked() {
        VarHandle.fullFence();
        return epoch;
    }

    int now() {
        return epoch;
    }

    /**
     * Tells whether no reader has what was unlinked in {@code past}, and brings the epoch nearer to that if there are
     * readers. Does not wait.
     */
    public boolean advanceBeyond(int past) {
        if (epoch - past >= GRACE_EPOCHS || !hasReaders()) {
            return true;
        }
        for (int now = epoch; now - past < GRACE_EPOCHS; now = epoch) {
            if (hasReaders((now + 1) & 1)) {
                return false;
            }
            EPOCH_HANDLE.compareAndSet(this, now, now + 1);
        }
        return true;
    }

    private boolean hasReaders() {
        for (int stripe = STRIPE_LONGS; stripe < longs.length; stripe += STRIPE_LONGS) {
            if (((read(stripe) | read(stripe + 1)) & READERS_MASK) != 0) {
                return true;
            }
        }
        return false;
    }

    private boolean hasReaders(int parity) {
        for (int stripe = STRIPE_LONGS; stripe < longs.length; stripe += STRIPE_LONGS) {
            if ((read(stripe + parity) & READERS_MASK) != 0) {
                return true;
            }
        }
        return false;
    }

    /** How many readings found their key. */
    public long hits() {
        long sum = 0;
        for (int stripe = STRIPE_LONGS; stripe < longs.length; stripe += STRIPE_LONGS) {
            sum += (read(stripe) >>> HITS_SHIFT) + (read(stripe + 1) >>> HITS_SHIFT);
        }
        return sum;
    }

    /** How many readings did not find their key. */
    public long misses() {
        long sum = 0;
        for (int stripe = STRIPE_LONGS; stripe < longs.length; stripe += STRIPE_LONGS) {
            sum += read(stripe + MISSES);
        }
        return sum;
    }

    /** Readings under way, for a validator. */
    public long readers() {
        long sum = 0;
        for (int stripe = STRIPE_LONGS; stripe < longs.length; stripe += STRIPE_LONGS) {
            sum += (read(stripe) & READERS_MASK) + (read(stripe + 1) & READERS_MASK);
        }
        return sum;
    }

    private long read(int index) {
        return (long) LONGS_HANDLE.getVolatile(longs, index);
    }
}
