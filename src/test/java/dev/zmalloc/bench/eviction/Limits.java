package dev.zmalloc.bench.eviction;

import dev.zmalloc.bench.peers.ByteMap;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;
import dev.zmalloc.testing.FaultInjectingAllocator;
import java.util.concurrent.TimeUnit;

/**
 * Whether a limit is ever passed: not by polling, but by the allocator itself, which keeps the highest number of bytes
 * that were ever live. For a JVM whose allocator is {@link FaultInjectingAllocator}.
 */
final class Limits {
    private Limits() {}

    /** Takes the limit in bytes, and milliseconds for each policy, half of them after the limit was lowered by half. */
    public static void main(String[] arguments) throws InterruptedException {
        long maxBytes = Long.parseLong(arguments[0]);
        long nanos = TimeUnit.MILLISECONDS.toNanos(Long.parseLong(arguments[1])) / 2;
        for (Contender contender : Contender.values()) {
            EvictionPolicy policy = contender.policy();
            if (policy != null) {
                measure(contender.id(), policy, maxBytes, nanos);
            }
        }
    }

    private static void measure(String name, EvictionPolicy policy, long maxBytes, long nanos)
            throws InterruptedException {
        long before = FaultInjectingAllocator.heldBytes();
        FaultInjectingAllocator.resetHighest();
        try (OffHeapStore store = OffHeapStore.builder()
                        .maxMemory(maxBytes)
                        .evictionPolicy(policy)
                        .build();
                ByteMap map = ByteMap.of(store)) {
            Churn churn = Churn.of(map, maxBytes, 2);
            churn.warmUp();
            churn.request(Long.MAX_VALUE, nanos);
            Findings.print(name + ".highest_to_limit", highest(before) / maxBytes);
            store.eviction().setMaxMemory(maxBytes / 2);
            while (store.eviction().excessBytes() > 0) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
            FaultInjectingAllocator.resetHighest();
            churn.request(Long.MAX_VALUE, nanos);
            Findings.print(name + ".highest_to_lowered_limit", 2 * highest(before) / maxBytes);
        }
        Findings.print(name + ".left_bytes", FaultInjectingAllocator.heldBytes() - before);
    }

    private static double highest(long before) {
        return FaultInjectingAllocator.highestHeldBytes() - before;
    }
}
