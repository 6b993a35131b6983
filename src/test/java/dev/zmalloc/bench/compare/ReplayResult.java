package dev.zmalloc.bench.compare;

import java.util.List;

/**
 * What one replay in one process measured. Resident bytes are growth: what the process held, less what it held right
 * before the replay.
 *
 * @param operations how many the log has
 * @param elapsedNanos time that they took, measuring aside
 * @param processorNanos that the replaying thread was on a processor for them
 * @param peakUsedBytes the most usable bytes that were live at a time
 * @param peakResidentBytes the highest of the samples
 * @param points the moments of {@link Points}, in order; where the allocator has no {@code purge()}, without those that
 *     come after one
 * @param samples memory over the course of the replay, at even distances of work
 */
public record ReplayResult(
        long operations,
        long elapsedNanos,
        long processorNanos,
        long peakUsedBytes,
        long peakResidentBytes,
        List<Sample> points,
        List<Sample> samples) {
    /**
     * Memory at one moment.
     *
     * @param name of the moment; empty if it has none
     * @param donePercent of the work, which goes by the bytes that are taken and freed
     * @param requestedBytes of the live blocks
     * @param usedBytes of the live blocks, as the allocator rounded them up
     * @param residentBytes growth since before the replay
     */
    public record Sample(String name, double donePercent, long requestedBytes, long usedBytes, long residentBytes) {}
}
