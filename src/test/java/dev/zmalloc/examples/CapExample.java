package dev.zmalloc.examples;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.CapacityPlan;
import dev.zmalloc.store.MaxMemoryException;
import dev.zmalloc.store.OffHeapStore;
import dev.zmalloc.store.StoreStatistics;
import dev.zmalloc.store.ValueLease;
import java.lang.foreign.ValueLayout;
import java.time.Duration;

/** How to cap an off-heap cache. The regions are shown by the Javadoc of {@code dev.zmalloc.store}. */
final class CapExample {
    private CapExample() {}

    public static void main(String[] arguments) {
        // @start region="open"
        try (OffHeapStore sessions = OffHeapStore.builder()
                .maxMemory("16mb") // or bytes, or 10% of what machine and cgroup allow
                .evictionPolicy(EvictionPolicy.ALLKEYS_LFU)
                .build()) {
            sessions.put("ada".getBytes(UTF_8), "analytical engine".getBytes(UTF_8), Duration.ofMinutes(30));
            byte[] value = sessions.get("ada".getBytes(UTF_8)); // null once it is evicted or expired
            // @end
            System.out.println(new String(value, UTF_8));
            fill(sessions);
            readInPlace(sessions);
            refuse(sessions);
        }
    }

    private static void fill(OffHeapStore sessions) {
        // @start region="full"
        for (int i = 0; i < 100_000; i++) {
            sessions.put(Integer.toString(i).getBytes(UTF_8), new byte[1000]); // evicts where there is no room
        }
        StoreStatistics statistics = sessions.statistics();
        System.out.println(statistics.evictions() > 0 && sessions.usedMemory() <= sessions.maxMemory());
        sessions.eviction().setMaxMemory("32mb"); // while it runs; a lower limit evicts in steps
        // @end
    }

    private static void readInPlace(OffHeapStore sessions) {
        byte[] key = sessions.randomKey();
        // @start region="in-place"
        long sum = sessions.<Long>read(
                key,
                bytes -> { // no copy, for the length of the call
                    long bits = 0;
                    for (long offset = 0; offset < bytes.byteSize(); offset++) {
                        bits += bytes.get(ValueLayout.JAVA_BYTE, offset);
                    }
                    return bits;
                });
        try (ValueLease lease = sessions.lease(key)) { // no copy, until it is closed; null if there is no such key
            System.out.println(lease.segment().byteSize() + " bytes, sum " + sum);
        }
        // @end
    }

    private static void refuse(OffHeapStore sessions) {
        // @start region="refused"
        try {
            sessions.put("ada".getBytes(UTF_8), new byte[64 << 20]);
        } catch (MaxMemoryException e) { // what was there under that key before is there still
            System.out.println(e.requestedBytes() > e.maxMemory());
        }
        // @end
    }

    /** What a store of so many entries takes, told without making one. */
    static long plan() {
        // @start region="plan"
        CapacityPlan plan = new CapacityPlan(1_000_000, 16, 100, false, EvictionPolicy.ALLKEYS_LRU);
        long bytes = plan.usedMemory(); // within 3 % of what such a store tells
        // @end
        return bytes;
    }
}
