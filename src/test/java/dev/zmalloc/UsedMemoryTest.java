package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class UsedMemoryTest {
    private static final int PAIRS = 200;
    private static final int BLOCKS = 500;

    /**
     * Many more threads than stripes, every second pair virtual; each block is freed by another thread than the one
     * that took it.
     */
    @Test
    void endsWhereItBeganHoweverManyThreadsTakeAndFree() throws InterruptedException {
        long before = ZMalloc.zmallocUsedMemory();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        for (int pair = 0; pair < PAIRS; pair++) {
            BlockingQueue<Long> blocks = new LinkedBlockingQueue<>();
            int seed = pair;
            threads.add(start(pair, failure, () -> {
                for (int block = 0; block < BLOCKS; block++) {
                    blocks.add(RawZMalloc.zmalloc(1 + (seed * 31L + block * 17L) % 2000));
                }
            }));
            threads.add(start(pair, failure, () -> {
                for (int block = 0; block < BLOCKS; block++) {
                    long address = blocks.take();
                    RawZMalloc.zfree(block % 3 == 0 ? RawZMalloc.zrealloc(address, 3000) : address);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failure.get()).isNull();
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
    }

    /** Steps of all sizes around those at which a stripe is settled, and runs of one kind, which fill a count. */
    @Test
    void agreesWithAModelAfterEachStep() {
        SplittableRandom random = new SplittableRandom(Seeds.next("UsedMemoryTest"));
        long[] scales = {1, 300, UsedMemory.BAND_BYTES, 2 * UsedMemory.BAND_BYTES, 1 << 20, 1L << 40};
        // Enough that the sum stays above zero, where it would be cut off.
        long floor = 1L << 60;
        UsedMemory.resized(floor);
        long bytes = UsedMemory.sum();
        long allocations = UsedMemory.allocations();
        long frees = UsedMemory.frees();
        long moved = 0;
        for (int run = 0; run < 3_000; run++) {
            int kind = random.nextInt(3);
            long scale = scales[random.nextInt(scales.length)];
            for (int step = random.nextInt(run % 50 == 0 ? 3_000 : 20); step >= 0; step--) {
                long amount = random.nextLong(scale + 2);
                switch (kind) {
                    case 0 -> {
                        UsedMemory.allocated(amount);
                        allocations++;
                        moved += amount;
                    }
                    case 1 -> {
                        UsedMemory.freed(amount);
                        frees++;
                        moved -= amount;
                    }
                    default -> {
                        long sign = random.nextBoolean() ? 1 : -1;
                        UsedMemory.resized(sign * amount);
                        moved += sign * amount;
                    }
                }
                assertThat(UsedMemory.sum()).isEqualTo(bytes + moved);
            }
            assertThat(UsedMemory.allocations()).isEqualTo(allocations);
            assertThat(UsedMemory.frees()).isEqualTo(frees);
        }
        UsedMemory.resized(-floor - moved);
        ZMalloc.zmallocResetPeak();
    }

    @Test
    void isNeverNegative() throws InterruptedException {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread churn = start(0, failure, () -> {
            for (int round = 0; round < 200_000; round++) {
                RawZMalloc.zfree(RawZMalloc.zmalloc(100_000));
            }
        });
        while (churn.isAlive()) {
            assertThat(ZMalloc.zmallocUsedMemory()).isNotNegative();
        }
        assertThat(failure.get()).isNull();
    }

    private static Thread start(int number, AtomicReference<Throwable> failure, Work work) {
        Runnable task = () -> {
            try {
                work.run();
            } catch (Throwable thrown) {
                failure.compareAndSet(null, thrown);
            }
        };
        return number % 2 == 0
                ? Thread.ofPlatform().start(task)
                : Thread.ofVirtual().start(task);
    }

    /** A task that may wait. */
    private interface Work {
        void run() throws InterruptedException;
    }
}
