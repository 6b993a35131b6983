package dev.zmalloc.bench;

import dev.zmalloc.RawZMalloc;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/** Two threads that allocate, and one that asks for a safepoint every two milliseconds. */
public final class SafepointLoad {
    private static final int THREADS = 2;
    private static final int BLOCKS = 1 << 16;

    private SafepointLoad() {}

    /** What the threads do. */
    enum Workload {
        /** Nothing native: what a safepoint costs in any case. */
        NONE {
            @Override
            void round(long[] blocks, int[] sizes, SplittableRandom random) {
                for (int slot = 0; slot < BLOCKS; slot++) {
                    blocks[slot] += random.nextLong();
                }
            }
        },

        /** Free one of 64 Ki blocks of 16 to 271 bytes, take another. */
        CHURN {
            @Override
            void round(long[] blocks, int[] sizes, SplittableRandom random) {
                for (int operation = 0; operation < BLOCKS; operation++) {
                    int slot = random.nextInt(BLOCKS);
                    RawZMalloc.zfree(blocks[slot], sizes[slot]);
                    sizes[slot] = 16 + random.nextInt(256);
                    blocks[slot] = RawZMalloc.zmalloc(sizes[slot]);
                }
            }
        },

        /** Take 64 Ki blocks of up to 4 KiB, free them all: memory is mapped and given back all the time. */
        GROW_AND_SHRINK {
            @Override
            void round(long[] blocks, int[] sizes, SplittableRandom random) {
                for (int slot = 0; slot < BLOCKS; slot++) {
                    sizes[slot] = 1 + random.nextInt(4 << 10);
                    blocks[slot] = RawZMalloc.zmalloc(sizes[slot]);
                }
                for (int slot = 0; slot < BLOCKS; slot++) {
                    RawZMalloc.zfree(blocks[slot], sizes[slot]);
                    blocks[slot] = 0;
                }
            }
        };

        abstract void round(long[] blocks, int[] sizes, SplittableRandom random);

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Takes the workload's name and the seconds to run. */
    public static void main(String[] arguments) throws InterruptedException {
        Workload workload = Workload.valueOf(arguments[0]);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Long.parseLong(arguments[1]));
        List<Thread> threads = new ArrayList<>();
        for (int seed = 0; seed < THREADS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            threads.add(Thread.ofPlatform().start(() -> {
                long[] blocks = new long[BLOCKS];
                int[] sizes = new int[BLOCKS];
                while (System.nanoTime() < end) {
                    workload.round(blocks, sizes, random);
                }
                if (workload == Workload.CHURN) {
                    for (int slot = 0; slot < BLOCKS; slot++) {
                        RawZMalloc.zfree(blocks[slot], sizes[slot]);
                    }
                }
            }));
        }
        while (System.nanoTime() < end) {
            // Looks at the threads at a safepoint of its own kind, which the log names.
            ManagementFactory.getThreadMXBean().findDeadlockedThreads();
            TimeUnit.MILLISECONDS.sleep(2);
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }
}
