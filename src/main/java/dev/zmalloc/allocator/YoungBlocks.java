package dev.zmalloc.allocator;

import dev.zmalloc.allocator.BlockRegistry.Block;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The blocks that were taken last. Their stacks stay as the JVM captured them; the stack of a block that is still live
 * when as many others have followed is made into an {@link AllocationSite}.
 *
 * <p>To capture a stack takes a microsecond, to tell which site it is takes several, and most blocks are freed soon.
 * But a captured stack takes most of a kilobyte that no other block shares: so the young have theirs, and no more. Any
 * thread may call any method.
 *
 * @param blocks a ring, by serial number
 */
record YoungBlocks(AtomicReferenceArray<Block> blocks) {
    private static final int MOST = 1 << 15;

    /** What a captured stack of some thirty frames takes, and a little more. */
    private static final long STACK_BYTES = 1 << 10;

    /** For {@code capacity} blocks, a power of two. */
    static YoungBlocks ofCapacity(int capacity) {
        return new YoungBlocks(new AtomicReferenceArray<>(capacity));
    }

    /** So many that their stacks take a sixteenth of the heap, and at most {@value #MOST}; a power of two. */
    static int capacityOfHeap() {
        long fitting = Math.clamp(Runtime.getRuntime().maxMemory() / 16 / STACK_BYTES, 1, MOST);
        return Integer.highestOneBit((int) fitting);
    }

    void add(Block block) {
        Block old = blocks.getAndSet((int) block.serial() & (blocks.length() - 1), block);
        if (old != null && !old.isFreed()) {
            old.site();
        }
    }
}
