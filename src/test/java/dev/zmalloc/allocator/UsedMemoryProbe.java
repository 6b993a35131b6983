package dev.zmalloc.allocator;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ZMalloc;
import java.util.SplittableRandom;

/**
 * A program that takes, resizes and frees a million blocks through {@link RawZMalloc}, plain, aligned and past the
 * thread's cache, and holds the count against jemalloc's own all the while. Prints how many comparisons were made and
 * how many differed, and the first difference. For a JVM of its own, with a jemalloc that nothing else in the process
 * uses.
 */
public final class UsedMemoryProbe {
    private static final int OPERATIONS = 1_000_000;
    private static final int OPERATIONS_PER_COMPARISON = 1_000;
    private static final int BLOCKS = 20_000;

    private final Mallctl mallctl = ((JemallocAllocator) ZMalloc.allocator()).mallctl();
    private final long[] addresses = new long[BLOCKS];
    private final long[] requestedBytes = new long[BLOCKS];

    /** What each block was aligned to; 0 for one that was not asked to be. */
    private final long[] alignments = new long[BLOCKS];

    private final SplittableRandom random;

    private UsedMemoryProbe(long seed) {
        random = new SplittableRandom(seed);
    }

    /** Runs the probe. Takes the seed. */
    public static void main(String[] arguments) {
        new UsedMemoryProbe(Long.parseLong(arguments[0])).run();
    }

    private void run() {
        // The first block makes jemalloc set up what it keeps for this thread. That is its own, and belongs to where
        // both counts start.
        RawZMalloc.zfree(RawZMalloc.zmalloc(1));
        long startAllocated = allocatedBytes();
        long startUsed = ZMalloc.zmallocUsedMemory();
        int comparisons = 0;
        int differences = 0;
        for (int operation = 1; operation <= OPERATIONS; operation++) {
            operate(random.nextInt(BLOCKS));
            if (operation % OPERATIONS_PER_COMPARISON == 0) {
                long allocated = allocatedBytes() - startAllocated;
                long used = ZMalloc.zmallocUsedMemory() - startUsed;
                comparisons++;
                if (used != allocated && differences++ == 0) {
                    System.out.println("first=after " + operation + ": used " + used + ", allocated " + allocated);
                }
            }
        }
        System.out.println("live=" + (ZMalloc.zmallocUsedMemory() - startUsed));
        for (long address : addresses) {
            RawZMalloc.zfree(address);
        }
        System.out.println("origin=" + ZMalloc.allocator().description().origin());
        System.out.println("comparisons=" + comparisons);
        System.out.println("differences=" + differences);
        System.out.println("leftUsed=" + (ZMalloc.zmallocUsedMemory() - startUsed));
        System.out.println("leftAllocated=" + (allocatedBytes() - startAllocated));
    }

    /** Frees the block at {@code index} in one of its ways, or resizes it; takes one there if there is none. */
    private void operate(int index) {
        long address = addresses[index];
        long bytes = randomBytes();
        if (address == 0) {
            take(index, bytes);
            return;
        }
        int way = random.nextInt(4);
        if (way == 0) {
            addresses[index] = RawZMalloc.zrealloc(address, bytes);
            // One to 0 bytes freed the block.
            requestedBytes[index] = bytes;
            alignments[index] = 0;
            return;
        }
        addresses[index] = 0;
        if (way == 1) {
            RawZMalloc.zfree(address);
        } else if (way == 2) {
            RawZMalloc.zfreeNoTcache(address);
        } else if (alignments[index] == 0) {
            RawZMalloc.zfree(address, requestedBytes[index]);
        } else {
            RawZMalloc.zfreeAligned(address, requestedBytes[index], alignments[index]);
        }
    }

    private void take(int index, long bytes) {
        requestedBytes[index] = bytes;
        alignments[index] = 0;
        switch (random.nextInt(4)) {
            case 0 -> addresses[index] = RawZMalloc.zmalloc(bytes);
            case 1 -> addresses[index] = RawZMalloc.zcalloc(bytes);
            case 2 -> addresses[index] = RawZMalloc.zmallocNoTcache(bytes);
            default -> {
                alignments[index] = 1L << random.nextInt(14);
                addresses[index] = RawZMalloc.zmallocAligned(bytes, alignments[index]);
            }
        }
    }

    /** Mostly up to 512 bytes, 0 among them; one in sixteen up to 64 KiB, and one in a thousand up to 4 MiB. */
    private long randomBytes() {
        int draw = random.nextInt(1024);
        return random.nextLong(draw == 0 ? 4 << 20 : draw <= 64 ? 64 << 10 : 512);
    }

    private long allocatedBytes() {
        // Blocks in the thread's cache count as allocated until they go back.
        mallctl.trigger("thread.tcache.flush");
        mallctl.refreshStatistics();
        return mallctl.readLong("stats.allocated");
    }
}
