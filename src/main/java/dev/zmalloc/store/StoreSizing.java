package dev.zmalloc.store;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.Evictor;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.GhostKeys;
import dev.zmalloc.table.HashTable;
import dev.zmalloc.table.SegmentPool;

/** How a store is laid out for a limit, and the least limit there is. */
final class StoreSizing {
    private static final long BYTES_PER_STRIPE = 1 << 20;
    private static final int MAX_STRIPES = 64;

    private StoreSizing() {}

    /**
     * One stripe for each mebibyte of the limit: their empty tables then take less than a hundredth of it.
     *
     * @param maxMemory 0 for none
     */
    static int stripeCount(long maxMemory) {
        long affordable = maxMemory == 0 ? MAX_STRIPES : Math.max(1, maxMemory / BYTES_PER_STRIPE);
        return (int) Long.highestOneBit(Math.min(MAX_STRIPES, affordable));
    }

    /**
     * Checks a limit.
     *
     * @throws IllegalArgumentException if it is negative, or too small to hold anything
     */
    static void checkMaxMemory(long maxMemory, EvictionPolicy policy) {
        if (maxMemory < 0) {
            throw new IllegalArgumentException("maxMemory is negative: " + maxMemory);
        }
        if (maxMemory != 0 && maxMemory < minMaxMemory(policy)) {
            throw new IllegalArgumentException("maxMemory of " + maxMemory
                    + " bytes is too small to hold anything: at least " + minMaxMemory(policy) + " bytes are needed");
        }
    }

    static long checkMaxEntries(long maxEntries) {
        if (maxEntries < 1) {
            throw new IllegalArgumentException("maxEntries must be 1 or more, not " + maxEntries);
        }
        return maxEntries;
    }

    private static int rings(EvictionPolicy policy) {
        return policy.isQueued() ? S3FifoQueues.RINGS : policy.isVolatile() ? 1 : 0;
    }

    /** The most bytes that a policy's index takes for a first entry. */
    private static long indexBytesBound(EvictionPolicy policy) {
        return rings(policy) == 0 ? 0 : SegmentPool.expectationBytesBound(rings(policy));
    }

    /**
     * The bytes of a policy's index for the entries of one stripe, of which there are some.
     *
     * @param entries those that the index is of, put one after another
     */
    static long indexBytesBound(EvictionPolicy policy, long entries) {
        return rings(policy) == 0
                ? 0
                : SegmentPool.bytesBound(rings(policy), entries)
                        + (policy.isQueued() ? GhostKeys.bytesBound(entries - 1) : 0);
    }

    /** The least limit that leaves room for one entry. */
    static long minMaxMemory(EvictionPolicy policy) {
        return Evictor.poolBytesBound()
                + HashTable.initialBytesBound()
                + indexBytesBound(policy)
                + RawZMalloc.usableBytesBound(EntryLayout.entryBytes(1, 1, false));
    }
}
