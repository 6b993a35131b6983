package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.zmalloc.allocator.DebugLevel;
import dev.zmalloc.allocator.NativeMemoryDebug;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The address forms make no Java object, where no debug level keeps its records in some. */
class GarbageTest {
    private static final int WARM_UP = 30_000;
    private static final int ROUNDS = 100_000;

    /** Far less than one object a round: what the JVM itself makes for the measuring thread. */
    private static final long MOST_BYTES = 20_000;

    @BeforeEach
    void nothingIsRemembered() {
        boolean isOff = NativeMemoryDebug.level() == DebugLevel.OFF;
        String reason = "skipped: debug level " + NativeMemoryDebug.level() + " remembers blocks on the heap";
        if (!isOff) {
            System.err.println("WARNING: GarbageTest is " + reason);
        }
        assumeTrue(isOff, reason);
    }

    private interface Round {
        long run(long bytes);
    }

    private static void assertNoGarbage(Round round) {
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long sum = 0;
        for (int i = 0; i < WARM_UP; i++) {
            sum += round.run(16 + (i & 0xFF));
        }
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < ROUNDS; i++) {
            sum += round.run(16 + (i & 0xFF));
        }
        long garbageBytes = threads.getCurrentThreadAllocatedBytes() - before;

        assertThat(sum).isNotZero();
        assertThat(garbageBytes).as("by %s rounds", ROUNDS).isLessThan(MOST_BYTES);
    }

    @Test
    void plainAndSizedForms() {
        assertNoGarbage(bytes -> {
            long address = RawZMalloc.zrealloc(RawZMalloc.zmalloc(bytes), 2 * bytes);
            long zeroed = RawZMalloc.ztrycalloc(bytes, 3);
            RawZMalloc.zfree(address, 2 * bytes);
            RawZMalloc.zfree(zeroed);
            return address + zeroed;
        });
    }

    @Test
    void usableForms() {
        UsableBytes usable = new UsableBytes();
        assertNoGarbage(bytes -> {
            long address = RawZMalloc.zreallocUsable(RawZMalloc.zmallocUsable(bytes, usable), 2 * bytes, usable);
            long old = usable.oldUsable();
            long zeroed = RawZMalloc.ztrycallocUsable(bytes, usable);
            return old + RawZMalloc.zfreeUsable(address) + RawZMalloc.zfreeUsable(zeroed);
        });
    }

    @Test
    void alignedAndUncachedForms() {
        UsableBytes usable = new UsableBytes();
        assertNoGarbage(bytes -> {
            long line = RawZMalloc.zmallocCacheAligned(bytes);
            long page = RawZMalloc.ztrymallocAlignedUsable(bytes, 4096, usable);
            RawZMalloc.zfreeAligned(line, bytes, ZMalloc.CACHE_LINE_BYTES);
            RawZMalloc.zfree(page);
            if (RawZMalloc.zmallocHasNoTcache()) {
                RawZMalloc.zfreeNoTcache(RawZMalloc.zmallocNoTcache(bytes), bytes);
            }
            return page;
        });
    }

    /** Growing all the time, so that stripes look at the peak. */
    @Test
    void figures() {
        long[] addresses = new long[16];
        assertNoGarbage(bytes -> {
            int index = (int) bytes & 15;
            RawZMalloc.zfree(addresses[index]);
            addresses[index] = RawZMalloc.zmalloc(bytes << 8);
            return ZMalloc.zmallocUsedMemory()
                    + ZMalloc.zmallocPeakMemory()
                    + ZMalloc.zmallocAllocations()
                    + ZMalloc.zmallocFrees();
        });
        for (long address : addresses) {
            RawZMalloc.zfree(address);
        }
    }
}
