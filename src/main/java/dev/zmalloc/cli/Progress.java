package dev.zmalloc.cli;

import java.util.OptionalLong;

/**
 * One moment of a run, as the dashboard shows it. Rates are over the last seconds; {@code allocatedBytes} is what the
 * allocator has handed out to the whole process.
 *
 * @param plannedReads how many reads were asked for
 * @param highestUsedMemory the highest sample of the store's used memory so far, in bytes
 * @param maxMemory the limit in bytes; 0 for none
 */
record Progress(
        long elapsedNanos,
        long plannedReads,
        Workload.Counts counts,
        long usedMemory,
        long highestUsedMemory,
        long maxMemory,
        long evictions,
        double evictionsPerSecond,
        double readsPerSecond,
        double bytesPerSecond,
        OptionalLong allocatedBytes,
        OptionalLong allocatorResidentBytes,
        OptionalLong processResidentBytes) {

    private static final double NANOS_PER_SECOND = 1e9;

    /** Returns which part of the reads is done, from 0 to 1. */
    double doneFraction() {
        return plannedReads == 0 ? 1 : (double) counts.reads() / plannedReads;
    }

    /** Returns which part of the limit is used; 0 if there is no limit. */
    double usedFraction() {
        return maxMemory == 0 ? 0 : (double) usedMemory / maxMemory;
    }

    /** Returns how long the rest will take at the present rate; empty while there is no rate. */
    OptionalLong remainingNanos() {
        long remaining = Math.max(0, plannedReads - counts.reads());
        if (remaining == 0) {
            return OptionalLong.of(0);
        }
        return readsPerSecond > 0
                ? OptionalLong.of((long) (remaining / readsPerSecond * NANOS_PER_SECOND))
                : OptionalLong.empty();
    }

    /** Tells whether used memory was ever seen above the limit. */
    boolean limitPassed() {
        return maxMemory > 0 && highestUsedMemory > maxMemory;
    }
}
