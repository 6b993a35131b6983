package dev.zmalloc.examples;

import dev.zmalloc.metrics.StoreManagement;
import dev.zmalloc.metrics.StoreMeters;
import dev.zmalloc.metrics.ZMallocManagement;
import dev.zmalloc.metrics.ZMallocMeters;
import dev.zmalloc.store.OffHeapStore;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

/** The example of the README's section on dashboards, between the two marks. */
final class DashboardExample {
    private DashboardExample() {}

    static void show(MeterRegistry registry, OffHeapStore store) {
        // README begin
        // @start region="show"
        new ZMallocMeters().bindTo(registry); // zmalloc.memory.used, zmalloc.allocator.resident, ...
        StoreMeters.monitor(registry, store, "sessions", Tags.empty()); // cache.size, cache.memory.used, ...
        ZMallocManagement.register(); // dev.zmalloc:type=ZMalloc
        StoreManagement.register(store, "sessions"); // dev.zmalloc:type=OffHeapStore,name="sessions"
        // @end
        // README end
    }

    public static void main(String[] arguments) {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            show(registry, store);
            System.out.println(
                    (long) registry.get("zmalloc.memory.used").gauge().value() - store.usedMemory());
        } finally {
            ZMallocManagement.unregister();
        }
    }
}
