package dev.zmalloc.store;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A value of a store in the place where it lies, readable until {@link #close}, whatever happens to its key meanwhile.
 *
 * <p>The entry's memory stays in use until then, also if the key is removed or overwritten, and the entry is not
 * evicted. A lease outlives its store: {@link OffHeapStore#close} does not wait for it, and the entry is freed when the
 * lease ends. One that is never closed keeps its entry's memory for good.
 *
 * <p>A lease belongs to the thread that took it, and so do its segment and its end, unless it was taken as a shared
 * one.
 */
public final class ValueLease implements AutoCloseable {
    private final Stripe stripe;
    private final int pin;
    private final Arena arena;
    private final MemorySegment segment;
    private final AtomicBoolean closed = new AtomicBoolean();

    ValueLease(Stripe stripe, int pin, Arena arena, MemorySegment segment) {
        this.stripe = stripe;
        this.pin = pin;
        this.arena = arena;
        this.segment = segment;
    }

    /** The value: read-only, not aligned. Used after {@link #close} it throws {@link IllegalStateException}. */
    public MemorySegment segment() {
        return segment;
    }

    /**
     * Ends the lease. Doing so twice does nothing. Ending a shared one takes some hundred microseconds, since the JVM
     * makes sure that no thread is in the middle of an access.
     *
     * @throws WrongThreadException if the lease is another thread's
     * @throws IllegalStateException if a native call is using the segment; the lease goes on then
     */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        boolean ended = false;
        try {
            arena.close();
            ended = true;
        } finally {
            closed.set(ended);
        }
        stripe.unpin(pin);
    }
}
