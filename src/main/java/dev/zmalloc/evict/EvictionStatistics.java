package dev.zmalloc.evict;

/**
 * What an {@link Evictor} has done so far.
 *
 * @param evictions items that were evicted
 * @param evictedBytes their bytes
 * @param samples items that were looked at
 * @param staleCandidates candidates of the pool that were gone, used meanwhile, or held by somebody when their turn
 *     came
 * @param cycles calls of {@link Evictor#performEvictions} that found something to evict
 * @param cycleNanos how long these took together, in nanoseconds
 */
public record EvictionStatistics(
        long evictions, long evictedBytes, long samples, long staleCandidates, long cycles, long cycleNanos) {}
