package dev.zmalloc.store;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

/**
 * Lets one thread at a time compute the value of a key, while that of others goes on. A key has a lock only while
 * somebody computes its value, so that there are no more of them than computations.
 *
 * <p>Who would wait for itself is refused instead, also by way of other threads: the threads that wait, and for what,
 * make a graph, in which each looks for a way back to itself before it waits. It has put down its own step before that,
 * so that of two threads that begin to wait for each other at least one sees both steps.
 */
final class KeyLocks {
    private final ConcurrentHashMap<ByteBuffer, Computation> underWay = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Thread, Computation> waiting = new ConcurrentHashMap<>();

    /** A thread that computes the value of a key. */
    private static final class Computation {
        private final Thread thread = Thread.currentThread();
        private final CountDownLatch done = new CountDownLatch(1);
    }

    /**
     * Begins a computation, once those of the key that are under way have ended. The caller keeps the array as it is
     * until it ends its own.
     *
     * @return what the caller owes to {@link #unlock}
     * @throws IllegalStateException if one of these waits for the caller
     */
    ByteBuffer lock(byte[] key) {
        ByteBuffer locked = ByteBuffer.wrap(key);
        Computation own = new Computation();
        for (Computation other; (other = underWay.putIfAbsent(locked, own)) != null; ) {
            await(other);
        }
        return locked;
    }

    /** Ends the caller's computation. */
    void unlock(ByteBuffer locked) {
        Objects.requireNonNull(underWay.remove(locked)).done.countDown();
    }

    /** Locks several keys, in an order that all callers keep. Answers what the caller owes to {@link #unlockAll}. */
    List<ByteBuffer> lockAll(Collection<byte[]> keys) {
        List<byte[]> sorted = keys.stream().sorted(Arrays::compareUnsigned).toList();
        List<ByteBuffer> locked = new ArrayList<>(sorted.size());
        boolean isComplete = false;
        try {
            for (byte[] key : sorted) {
                locked.add(lock(key));
            }
            isComplete = true;
            return locked;
        } finally {
            if (!isComplete) {
                unlockAll(locked);
            }
        }
    }

    void unlockAll(List<ByteBuffer> locked) {
        locked.forEach(this::unlock);
    }

    /**
     * Waits until the computation of a key that is under way now, if any, has ended.
     *
     * @throws IllegalStateException as {@link #lock}
     */
    void await(byte[] key) {
        // Almost always nothing is.
        if (!underWay.isEmpty()) {
            Computation other = underWay.get(ByteBuffer.wrap(key));
            if (other != null) {
                await(other);
            }
        }
    }

    /** The same for all keys. */
    void awaitAll() {
        underWay.values().forEach(this::await);
    }

    private void await(Computation other) {
        Thread self = Thread.currentThread();
        boolean isInterrupted = false;
        waiting.put(self, other);
        try {
            refuseCircle(self, other);
            while (true) {
                try {
                    other.done.await();
                    return;
                } catch (InterruptedException e) {
                    isInterrupted = true;
                }
            }
        } finally {
            waiting.remove(self);
            if (isInterrupted) {
                self.interrupt();
            }
        }
    }

    private void refuseCircle(Thread self, Computation other) {
        Computation next = other;
        while (next.done.getCount() != 0) {
            if (next.thread == self) {
                throw new IllegalStateException("a recursive computation: what computes the value of a key"
                        + " would wait for itself" + (next == other ? "" : ", by way of other threads"));
            }
            Computation edge = waiting.get(next.thread);
            // Only what was not done after the step was read waits for it. Else the thread might have gone on to
            // something else, which may well wait for this one.
            if (edge == null || next.done.getCount() == 0) {
                return;
            }
            next = edge;
        }
    }
}
