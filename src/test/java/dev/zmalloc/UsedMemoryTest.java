package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
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
