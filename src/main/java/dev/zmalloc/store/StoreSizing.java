package dev.zmalloc.store;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.Evictor;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.HashTable;

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

    static long poolBytesBound(EvictionPolicy policy) {
        return policy.evicts() ? Evictor.poolBytesBound() : 0;
    }

    /** The least limit that leaves room for one entry. */
    static long minMaxMemory(EvictionPolicy policy) {
        return poolBytesBound(policy)
                + HashTable.initialBytesBound()
                + RawZMalloc.usableBytesBound(EntryLayout.entryBytes(1, 1, false));
    }
}
