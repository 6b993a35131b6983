package dev.zmalloc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A number that many threads change, apart from all that is not changed: who reads a neighbour of it does not wait for
 * those who write it.
 *
 * <pre>
 *   longs   0 ..... 15   16        17 ..... 31
 *         +------------+--------+-------------+
 *         |  padding   | value  |   padding   |
 *         +------------+--------+-------------+
 * </pre>
 *
 * The padding is a cache line and its neighbour, as in {@link UsedMemory}.
 */
final class PaddedLong {
    private static final int PADDING_LONGS = 16;
    private static final VarHandle LONGS_HANDLE = MethodHandles.arrayElementVarHandle(long[].class);

    private final long[] longs = new long[2 * PADDING_LONGS];

    long get() {
        return (long) LONGS_HANDLE.getVolatile(longs, PADDING_LONGS);
    }

    long addAndGet(long change) {
        return (long) LONGS_HANDLE.getAndAdd(longs, PADDING_LONGS, change) + change;
    }

    boolean compareAndSet(long expected, long value) {
        return LONGS_HANDLE.compareAndSet(longs, PADDING_LONGS, expected, value);
    }
}
