package dev.zmalloc.store;

import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.ffi.Memory;
import dev.zmalloc.table.EntryLayout;

/**
 * Opens stores that count what papers and simulators count: the sum of sizes, with one stripe, and nothing for keys,
 * table and rounding. The algorithms are those of any store.
 *
 * <p>The size of an entry is what the first four bytes of its value say, in the machine's order; so that a trace's
 * gigabytes need not be copied.
 */
public final class PayloadStores {
    private PayloadStores() {}

    /** A builder of a store with such a limit on the sum of sizes, and none on memory. */
    public static OffHeapStoreBuilder builder(EvictionPolicy policy, EvictionParameters parameters, long maxPayload) {
        return OffHeapStore.builder()
                .evictionPolicy(policy)
                .evictionParameters(parameters)
                .payloadOnly(maxPayload, entry -> Memory.getInt(EntryLayout.valueAddress(entry)));
    }
}
