package dev.zmalloc.examples;

import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;
import dev.zmalloc.store.StoreEviction;

/** The example of the README's section on eviction, between the two marks. */
final class EvictionExample {
    private EvictionExample() {}

    static void run() {
        // README begin
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory("10%") // of the machine's memory or the cgroup's, whichever is less; or 256mb, or bytes
                .maxEntries(1_000_000)
                .evictionPolicy(EvictionPolicy.parse("allkeys-s3fifo"))
                .evictionParameters(EvictionParameters.DEFAULTS.with("maxmemory-samples", 10))
                .build()) {
            StoreEviction eviction = store.eviction();
            eviction.setMaxMemory("256mb"); // a thread of the store evicts what is too much, in steps
            System.out.println(eviction.excessBytes() + " bytes to go, "
                    + eviction.statistics().evictions() + " evicted");
            eviction.setPolicy(EvictionPolicy.ALLKEYS_LFU); // all entries count as new
        }
        // README end
    }
}
