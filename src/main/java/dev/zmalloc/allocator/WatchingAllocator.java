package dev.zmalloc.allocator;

import dev.zmalloc.allocator.BlockRegistry.Block;
import java.util.Collection;

/** What stands around a backend and watches it. */
sealed interface WatchingAllocator extends ForwardingAllocator
        permits SamplingAllocator, TrackingAllocator, GuardedAllocator {
    /** The level that it works at. */
    DebugLevel level();

    /** The blocks that it remembers and that are held now: all, or a sample. */
    Collection<Block> blocks();

    /** What is held now, by where it was taken. */
    default LeakReport report() {
        return reportSince(0);
    }

    /** Like {@link #report}, of the blocks that have a higher serial number than {@code mark}. */
    default LeakReport reportSince(long mark) {
        return LeakReport.of(
                blocks().stream().filter(block -> block.serial() > mark).toList(), level() == DebugLevel.SAMPLE);
    }

    /** Looks for damage, and throws {@link NativeMemoryMisuseError} if there is any. */
    default void check() {}
}
