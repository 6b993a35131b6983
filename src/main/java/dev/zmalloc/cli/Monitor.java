package dev.zmalloc.cli;

import dev.zmalloc.ProcessMemory;
import dev.zmalloc.allocator.Allocator;
import dev.zmalloc.allocator.AllocatorFigures;
import dev.zmalloc.store.OffHeapStore;

/**
 * Watches a run from outside: samples used memory a hundred times a second, and shows the dashboard when it is due. For
 * a single thread, which is not one of the workers.
 */
final class Monitor {
    private static final long SAMPLE_MILLIS = 10;
    private static final long RATE_WINDOW_NANOS = 3_000_000_000L;

    private final Workload workload;
    private final OffHeapStore store;
    private final Allocator allocator;
    private final LimitGuard guard;
    private final Dashboard dashboard;
    private final RateWindow reads = new RateWindow(RATE_WINDOW_NANOS);
    private final RateWindow servedBytes = new RateWindow(RATE_WINDOW_NANOS);
    private final RateWindow evictions = new RateWindow(RATE_WINDOW_NANOS);

    Monitor(Workload workload, OffHeapStore store, Allocator allocator, LimitGuard guard, Dashboard dashboard) {
        this.workload = workload;
        this.store = store;
        this.allocator = allocator;
        this.guard = guard;
        this.dashboard = dashboard;
    }

    /** Returns when the workers have ended, and how long they took, in nanoseconds. */
    long watch() throws InterruptedException {
        long begin = System.nanoTime();
        progress(0);
        long due = dashboard.intervalNanos();
        while (!workload.await(SAMPLE_MILLIS)) {
            guard.sample();
            long elapsed = System.nanoTime() - begin;
            if (elapsed >= due) {
                dashboard.show(progress(elapsed));
                due += dashboard.intervalNanos();
            }
        }
        long elapsed = System.nanoTime() - begin;
        dashboard.show(progress(elapsed));
        return elapsed;
    }

    private Progress progress(long elapsedNanos) {
        Workload.Counts counts = workload.counts();
        AllocatorFigures figures = allocator.figures();
        long evicted = store.statistics().evictions();
        return new Progress(
                elapsedNanos,
                workload.plannedReads(),
                counts,
                guard.sample(),
                guard.highestUsedMemory(),
                guard.maxMemory(),
                evicted,
                evictions.perSecond(elapsedNanos, evicted),
                reads.perSecond(elapsedNanos, counts.reads()),
                servedBytes.perSecond(elapsedNanos, counts.servedBytes()),
                figures.allocatedBytes(),
                figures.residentBytes(),
                ProcessMemory.residentBytes());
    }
}
