package dev.zmalloc.store;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A daemon thread that gives memory back where nobody operates on the store: takes cleared tables apart, frees what was
 * retired, removes what has expired, and evicts when a limit was lowered. It is started when there is something of that
 * to do for the first time, and ends with the store.
 */
final class StoreKeeper {
    private static final long PAUSE_NANOS = 100_000_000;
    private static final int CHAINS_PER_STEP = 64;

    private static final ThreadFactory THREADS =
            Thread.ofPlatform().daemon().name("zmalloc-store-keeper").factory();

    private final Stripe[] stripes;
    private final WriterLanes lanes;
    private final ThreadFactory threads;
    private final AtomicBoolean isStarted = new AtomicBoolean();
    private volatile @Nullable Thread thread;
    private volatile boolean isClosed;

    /** Takes a step, and answers whether there are more to take at once. */
    private volatile BooleanSupplier lowering = () -> false;

    StoreKeeper(Stripe[] stripes, WriterLanes lanes) {
        this(stripes, lanes, THREADS);
    }

    /** For tests: with threads of their own. */
    StoreKeeper(Stripe[] stripes, WriterLanes lanes, ThreadFactory threads) {
        this.stripes = stripes;
        this.lanes = lanes;
        this.threads = threads;
    }

    /** Also goes on with what a lowered limit asks for. Before the first {@link #start}. */
    void keep(BooleanSupplier lowering) {
        this.lowering = lowering;
    }

    /**
     * Starts the thread, if it does not run yet.
     *
     * @throws OutOfMemoryError if there can be no thread now; the next call tries again
     */
    void start() {
        if (!isStarted.get() && isStarted.compareAndSet(false, true)) {
            boolean runs = false;
            try {
                Thread started = threads.newThread(this::run);
                thread = started;
                started.start();
                runs = true;
            } finally {
                isStarted.set(runs);
            }
        }
    }

    /** Ends the thread, without waiting for it. */
    void close() {
        isClosed = true;
        LockSupport.unpark(thread);
    }

    private void run() {
        while (!isClosed) {
            boolean more = false;
            try {
                more = lowering.getAsBoolean();
                lanes.reclaim();
                for (Stripe stripe : stripes) {
                    more |= keep(stripe);
                }
            } catch (RuntimeException | OutOfMemoryError e) {
                // Of the caller's clock, or of a heap that is full for a while: what is left to do is tried again.
                more = false;
            }
            if (!more) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    /** Answers whether there is more to do at once. */
    private static boolean keep(Stripe stripe) {
        boolean drained = stripe.hasCleared() && stripe.drainSome(CHAINS_PER_STEP);
        if (stripe.readableBytes() > 0) {
            stripe.reclaim();
        }
        boolean removed = !stripe.victims().removeExpired(CHAINS_PER_STEP);
        boolean shrunk = stripe.shrinkSome();
        return drained || removed || shrunk;
    }
}
