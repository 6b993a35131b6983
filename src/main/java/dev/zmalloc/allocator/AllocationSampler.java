package dev.zmalloc.allocator;

import dev.zmalloc.allocator.BlockRegistry.Block;
import java.util.Collection;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Remembers about one block for each {@value #MEAN_BYTES} bytes that are taken, chosen so that every byte has the same
 * chance: the distance to the next sample is exponential, as in jemalloc's and tcmalloc's heap profilers.
 *
 * <p>Taking a block costs one atomic subtraction from a stripe's distance, freeing one a look into a filter that says
 * for most addresses that they were not sampled.
 */
final class AllocationSampler {
    static final long MEAN_BYTES = 512 << 10;

    private static final int STRIPES = 16;
    private static final int STRIPE_LONGS = 16;
    private static final int FILTER_BITS = 14;

    private final AtomicLongArray distances = new AtomicLongArray((STRIPES + 1) * STRIPE_LONGS);
    private final AtomicIntegerArray filter = new AtomicIntegerArray(1 << FILTER_BITS);
    private final ConcurrentMap<Long, Block> sampled = new ConcurrentHashMap<>();

    AllocationSampler() {
        for (int stripe = 0; stripe < STRIPES; stripe++) {
            distances.set((stripe + 1) * STRIPE_LONGS, nextDistance());
        }
    }

    /** Tells of a block that was taken. */
    void taken(long address, long requestedBytes) {
        long threadId = Thread.currentThread().threadId();
        int stripe = (int) ((threadId * 0x9E3779B97F4A7C15L) >>> 60);
        int index = (stripe + 1) * STRIPE_LONGS;
        // Judged by what was there before, since nothing waits for the outcome then. Two threads that both find the
        // distance passed take a sample each.
        long distance = distances.getOpaque(index);
        distances.getAndAdd(index, -requestedBytes);
        if (distance < requestedBytes) {
            distances.set(index, nextDistance());
            sampled.put(address, Block.taken(address, requestedBytes, requestedBytes, 0));
            filter.incrementAndGet(bit(address));
        }
    }

    /** Tells of a block that is about to be freed. */
    void freed(long address) {
        if (filter.getOpaque(bit(address)) != 0 && sampled.remove(address) != null) {
            filter.decrementAndGet(bit(address));
        }
    }

    Collection<Block> sampledBlocks() {
        return sampled.values();
    }

    /** How many bytes a sampled block of {@code bytes} stands for: its size over its chance to be sampled. */
    static double weightBytes(long bytes) {
        return bytes / -Math.expm1(-(double) bytes / MEAN_BYTES);
    }

    private static int bit(long address) {
        return (int) ((address * 0x9E3779B97F4A7C15L) >>> (Long.SIZE - FILTER_BITS));
    }

    private static long nextDistance() {
        return (long) (ThreadLocalRandom.current().nextExponential() * MEAN_BYTES);
    }
}
