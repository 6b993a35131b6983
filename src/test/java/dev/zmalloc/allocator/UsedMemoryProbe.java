package dev.zmalloc.allocator;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ZMalloc;
import java.util.SplittableRandom;

/**
 * A program that takes, resizes and frees a million blocks through {@link RawZMalloc}, and holds the count against
 * jemalloc's own all the while. Prints how many comparisons were made and how many differed, and the first difference.
 * For a JVM of its own, with a jemalloc that nothing else in the process uses.
 */
public final class UsedMemoryProbe {
    private static final int OPERATIONS = 1_000_000;
    private static final int OPERATIONS_PER_COMPARISON = 1_000;
    private static final int BLOCKS = 20_000;

    private final Mallctl mallctl = ((JemallocAllocator) ZMalloc.allocator()).mallctl();
    private final long[] addresses = new long[BLOCKS];
    private final long[] requestedBytes = new long[BLOCKS];
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

    /** Frees the block at {@code index} in one of the two ways, or resizes it; takes one there if there is none. */
    private void operate(int index) {
        long address = addresses[index];
        long bytes = randomBytes();
        if (address == 0) {
            addresses[index] = random.nextBoolean() ? RawZMalloc.zmalloc(bytes) : RawZMalloc.zcalloc(bytes);
            requestedBytes[index] = bytes;
            return;
        }
        switch (random.nextInt(3)) {
            case 0 -> {
                addresses[index] = RawZMalloc.zrealloc(address, bytes);
                requestedBytes[index] = bytes;
            }
            case 1 -> {
                RawZMalloc.zfree(address);
                addresses[index] = 0;
            }
            default -> {
                RawZMalloc.zfree(address, requestedBytes[index]);
                addresses[index] = 0;
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
