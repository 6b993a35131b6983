package dev.zmalloc.store;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** Counts that are added to under one lock, and read by any thread without it. */
final class OwnedCounters {
    static final int PUTS = 0;
    static final int REMOVALS = 1;
    static final int EXPIRATIONS = 2;
    private static final int COUNTS = 3;

    private static final VarHandle COUNTS_HANDLE = MethodHandles.arrayElementVarHandle(long[].class);

    private final long[] counts = new long[COUNTS];

    /** Adds to one of them, under the lock. */
    void add(int which, long change) {
        COUNTS_HANDLE.setOpaque(counts, which, counts[which] + change);
    }

    long get(int which) {
        return (long) COUNTS_HANDLE.getOpaque(counts, which);
    }
}
