package dev.zmalloc.allocator;

import dev.zmalloc.allocator.BlockRegistry.Block;
import java.util.Collection;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Remembers about one block for each {@value #MEAN_BYTES} bytes that are taken, chosen so that every byte has the same
 * chance: a block is sampled exactly as if samples lay at exponential distances on the bytes, as in jemalloc's and
 * tcmalloc's heap profilers. A record, whose fields the JIT takes for constants.
 *
 * <p>Each block is decided about by itself, with a random number of the thread's own. A distance that is counted down
 * would be shared by the threads of a stripe: it takes an atomic instruction, a third of a pair of malloc and free, or
 * loses what two threads count at once. So no count is lost, and the estimate is unbiased whatever the threads do.
 *
 * <p>Taking a block costs a random number, freeing one a look into a filter that says for most addresses that they were
 * not sampled. For a gigabyte of live blocks about two thousand are remembered.
 *
 * @param filter the addresses of the sampled blocks
 * @param sampled the sampled blocks that are live
 * @param young those that were sampled last
 */
record AllocationSampler(AddressFilter filter, ConcurrentMap<Long, Block> sampled, YoungBlocks young) {
    private static final int LOG_MEAN_BYTES = 19;
    static final long MEAN_BYTES = 1 << LOG_MEAN_BYTES;

    /** For a program that takes small blocks as fast as it can, the last hundredth of a second or more. */
    private static final int YOUNG_BLOCKS = 256;

    static AllocationSampler create() {
        return new AllocationSampler(
                AddressFilter.empty(), new ConcurrentHashMap<>(), YoungBlocks.ofCapacity(YOUNG_BLOCKS));
    }

    /** Tells of a block that was taken. */
    void taken(long address, long requestedBytes) {
        int random = ThreadLocalRandom.current().nextInt();
        // With random as a fraction of 2^32, no more than bytes / MEAN_BYTES, which the chance is a little less than.
        if (random >>> (Integer.SIZE - LOG_MEAN_BYTES) <= requestedBytes) {
            consider(random, address, requestedBytes);
        }
    }

    private void consider(int random, long address, long requestedBytes) {
        if (Integer.toUnsignedLong(random) < chance(requestedBytes) * 0x1p32) {
            Block block = Block.taken(address, requestedBytes, requestedBytes, 0);
            young.add(block);
            if (sampled.put(address, block) == null) {
                filter.add(address);
            }
        }
    }

    /** Tells of a block that is about to be freed. */
    void freed(long address) {
        if (filter.mayContain(address)) {
            forget(address);
        }
    }

    private void forget(long address) {
        Block block = sampled.remove(address);
        if (block != null) {
            block.freed(null);
            filter.remove(address);
        }
    }

    Collection<Block> sampledBlocks() {
        return sampled.values();
    }

    /** How many bytes a sampled block of {@code bytes} stands for: its size over its chance to be sampled. */
    static double weightBytes(long bytes) {
        return bytes / chance(bytes);
    }

    /** That at least one sample falls on a block of {@code bytes}. */
    private static double chance(long bytes) {
        return -Math.expm1(-(double) bytes / MEAN_BYTES);
    }
}
