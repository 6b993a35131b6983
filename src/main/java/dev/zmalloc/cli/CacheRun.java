package dev.zmalloc.cli;

import dev.zmalloc.ProcessMemory;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.allocator.AllocatorFigures;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.metrics.StoreManagement;
import dev.zmalloc.metrics.ZMallocManagement;
import dev.zmalloc.store.OffHeapStore;
import dev.zmalloc.store.StoreStatistics;
import java.util.OptionalLong;
import java.util.function.LongFunction;
import java.util.function.ToLongFunction;

/**
 * One run of the workload on a store of its own: makes the store, reads and compares, closes it, and checks that all
 * memory was given back.
 */
final class CacheRun {
    /** What to run; a {@code maxMemory} of 0 is no limit. */
    record Options(long maxMemory, EvictionPolicy policy, Workload.Settings workload) {}

    private final Options options;
    private final SourceFiles files;
    private final ToLongFunction<OffHeapStore> usedMemory;
    private final Dashboard dashboard;
    private final StopSignal stop;

    /** Prepares a run. {@code usedMemory} tells the figure of the store that is held against the limit. */
    CacheRun(
            Options options,
            SourceFiles files,
            ToLongFunction<OffHeapStore> usedMemory,
            Dashboard dashboard,
            StopSignal stop) {
        this.options = options;
        this.files = files;
        this.usedMemory = usedMemory;
        this.dashboard = dashboard;
        this.stop = stop;
    }

    /**
     * Runs to the end, or until the stop signal is raised. For one call.
     *
     * @throws IllegalArgumentException if the store refuses the limit
     * @throws InterruptedException if the calling thread is interrupted; the workers have ended and the memory is given
     *     back
     */
    RunReport execute() throws InterruptedException {
        long usedBefore = ZMalloc.zmallocUsedMemory();
        LongFunction<RunReport> ending;
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(options.maxMemory())
                .evictionPolicy(options.policy())
                .build()) {
            // For who looks on, with info or top, from outside.
            boolean registered = ZMallocManagement.register();
            StoreManagement.register(store, "run");
            try {
                ending = runOn(store);
            } finally {
                if (registered) {
                    ZMallocManagement.unregister();
                }
            }
        }
        return ending.apply(ZMalloc.zmallocUsedMemory() - usedBefore);
    }

    /** Makes the report of what is known while the store is open, and of the bytes that it did not return. */
    private LongFunction<RunReport> runOn(OffHeapStore store) throws InterruptedException {
        LimitGuard guard = new LimitGuard(() -> usedMemory.applyAsLong(store), options.maxMemory());
        Workload workload = new Workload(files, store, options.workload(), guard, stop);
        Monitor monitor = new Monitor(workload, store, ZMalloc.allocator(), guard, dashboard);
        long elapsedNanos;
        workload.start();
        try {
            elapsedNanos = monitor.watch();
        } finally {
            // The store must outlive its users, also when the monitor fails.
            workload.stopAndJoin();
        }
        StoreStatistics statistics = store.statistics();
        workload.compareRemaining();
        guard.sample();
        AllocatorFigures figures = ZMalloc.allocator().figures();
        OptionalLong residentBytes = ProcessMemory.residentBytes();
        return unreturnedBytes -> new RunReport(
                options.workload().reads(),
                elapsedNanos,
                workload.counts(),
                statistics,
                guard.highestUsedMemory(),
                options.maxMemory(),
                figures,
                residentBytes,
                unreturnedBytes,
                stop.isRaised(),
                workload.firstDifference(),
                workload.failure());
    }
}
