package dev.zmalloc.store;

import dev.zmalloc.ffi.Memory;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.EntryPins;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Tells a store's listener of the entries that left. Each is pinned under the lock under which it leaves, and told once
 * that is let go.
 *
 * <p>A pinned victim makes no room. So whoever evicts tells at once, and before it looks again whether there is room
 * now: it evicts no more than without a listener. Notices of victims pass through a queue, since a victim is chosen
 * under the evictor's lock; each thread takes as many out as it put in, which may be another thread's.
 */
final class RemovalNotices {
    private final EntryPins pins;
    private final RemovalListener listener;
    private final Set<RemovalCause> wanted;
    private final @Nullable Executor executor;
    private final Queue<Notice> pending = new ConcurrentLinkedQueue<>();

    /** Threads that are in the listener, each with what its own calls take out meanwhile. */
    private final Map<Thread, ArrayDeque<Runnable>> telling = new ConcurrentHashMap<>();

    private final AtomicBoolean hasFailed = new AtomicBoolean();

    private record Notice(RemovalCause cause, Stripe stripe, int pin) {}

    /** @param wanted the causes to tell of, which are some */
    RemovalNotices(EntryPins pins, RemovalListener listener, Set<RemovalCause> wanted, @Nullable Executor executor) {
        this.pins = pins;
        this.listener = listener;
        this.wanted = wanted;
        this.executor = executor;
    }

    /** Whether the listener is told of what leaves for a cause. */
    boolean tells(RemovalCause cause) {
        return wanted.contains(cause);
    }

    /** Takes note of an entry that has left and is not retired yet, if that is to be told. Under the stripe's lock. */
    void add(RemovalCause cause, Stripe stripe, long entry) {
        if (!tells(cause)) {
            return;
        }
        int pin = pins.pin(entry);
        boolean isNoted = false;
        try {
            isNoted = pending.add(new Notice(cause, stripe, pin));
        } finally {
            if (!isNoted) {
                pins.unpin(pin);
            }
        }
    }

    /** Tells of so many of the entries noted, or of all if there are fewer. Without a lock. */
    void tell(int count) {
        for (int told = 0; told < count; told++) {
            Notice notice = pending.poll();
            if (notice == null) {
                return;
            }
            tell(notice.cause, notice.stripe, notice.pin);
        }
    }

    /** Tells of an entry that left, and takes the pin off it. Without a lock. Throws nothing. */
    void tell(RemovalCause cause, Stripe stripe, int pin) {
        Thread thread = Thread.currentThread();
        ArrayDeque<Runnable> outer = telling.get(thread);
        boolean isFree = true;
        try {
            if (outer == null && executor == null) {
                telling.put(thread, new ArrayDeque<>(1));
                isFree = show(cause, pins.entry(pin));
            } else {
                Runnable copied = copied(cause, pins.entry(pin));
                if (outer != null) {
                    outer.add(copied);
                } else if (executor != null) {
                    executor.execute(() -> run(copied));
                }
            }
        } catch (Throwable e) {
            failed(e);
        } finally {
            if (isFree) {
                stripe.unpin(pin);
            }
            if (outer == null) {
                runInner(thread);
            }
        }
    }

    /** Shows an entry where it lies. Answers whether nobody holds a segment of it any more. */
    @SuppressWarnings("MustBeClosedChecker") // by hand: where it cannot be closed the entry stays pinned for good
    private boolean show(RemovalCause cause, long entry) {
        Arena arena = Arena.ofConfined();
        MemorySegment key = Memory.readOnlySegment(EntryLayout.keyAddress(entry), EntryLayout.keyBytes(entry), arena);
        call(cause, key, StoreOperations.value(entry, arena));
        try {
            arena.close();
            return true;
        } catch (IllegalStateException e) {
            failed(e);
            return false;
        }
    }

    private Runnable copied(RemovalCause cause, long entry) {
        MemorySegment key = MemorySegment.ofArray(EntryLayout.copyOfKey(entry)).asReadOnly();
        MemorySegment value =
                MemorySegment.ofArray(EntryLayout.copyOfValue(entry)).asReadOnly();
        return () -> call(cause, key, value);
    }

    /** On a thread of the executor, which may be one that is in the listener. */
    private void run(Runnable copied) {
        Thread thread = Thread.currentThread();
        ArrayDeque<Runnable> outer = telling.get(thread);
        if (outer != null) {
            outer.add(copied);
            return;
        }
        telling.put(thread, new ArrayDeque<>(1));
        try {
            copied.run();
        } finally {
            runInner(thread);
        }
    }

    /** Tells what the listener's calls took out, and what those calls did, until there is no more. */
    private void runInner(Thread thread) {
        ArrayDeque<Runnable> inner = telling.get(thread);
        if (inner != null) {
            try {
                for (Runnable next = inner.poll(); next != null; next = inner.poll()) {
                    next.run();
                }
            } finally {
                // Else the thread would be taken to be in the listener for good, and what it takes out be told never.
                telling.remove(thread);
            }
        }
    }

    private void call(RemovalCause cause, MemorySegment key, MemorySegment value) {
        try {
            listener.removed(cause, key, value);
        } catch (Throwable e) {
            failed(e);
        }
    }

    private void failed(Throwable failure) {
        if (hasFailed.compareAndSet(false, true)) {
            System.getLogger("dev.zmalloc")
                    .log(
                            Level.WARNING,
                            "a removal listener failed, or its executor; that it does so again is not logged",
                            failure);
        }
    }
}
