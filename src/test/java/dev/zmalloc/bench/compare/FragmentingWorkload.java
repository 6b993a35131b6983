package dev.zmalloc.bench.compare;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Writes the log of a program that is hard on its allocator. It fills memory with blocks of one range of sizes, frees
 * most of them at random, and fills up again with larger ones, several times: what is left of the small blocks keeps
 * pages in use that the large ones do not fit into. The same seed and size give the same log, byte for byte.
 */
final class FragmentingWorkload {
    /**
     * Fill and thin out.
     *
     * @param leastBytes of a block
     * @param mostBytes of a block
     * @param keptPercent how many of a hundred live blocks are left at the end, whatever round they are from
     */
    private record Round(int leastBytes, int mostBytes, int keptPercent) {}

    private static final List<Round> ROUNDS = List.of(
            new Round(16, 128, 20),
            new Round(64, 512, 15),
            new Round(256, 4 << 10, 20),
            new Round(2 << 10, 32 << 10, 25),
            new Round(16 << 10, 256 << 10, 20),
            new Round(32, 2 << 10, Points.LEFT_PERCENT));

    private static final int ZEROED_PERCENT = 5;
    private static final int ALIGNED_PERCENT = 3;
    private static final int GROWN_PERCENT = 4;
    private static final long ALIGNMENT_BYTES = 64;

    private final AllocationLogWriter log;
    private final SplittableRandom random;
    private final long fullBytes;
    private final BlockNumbers numbers = new BlockNumbers();

    /** Live blocks in no order, so that one is drawn, and taken out, in one step; sizes and alignments by number. */
    private int[] live = new int[1024];

    private int liveCount;
    private int[] bytes = new int[1024];
    private boolean[] aligned = new boolean[1024];
    private long liveBytes;

    private FragmentingWorkload(AllocationLogWriter log, long fullBytes, long seed) {
        this.log = log;
        this.fullBytes = fullBytes;
        this.random = new SplittableRandom(seed);
    }

    /**
     * Writes the log.
     *
     * @param file replaced if it is there
     * @param fullBytes how many bytes are requested and live when memory is full
     */
    static void write(Path file, long fullBytes, long seed) throws IOException {
        try (AllocationLogWriter log = new AllocationLogWriter(file)) {
            new FragmentingWorkload(log, fullBytes, seed).run();
        }
    }

    private void run() throws IOException {
        for (int index = 0; index < ROUNDS.size(); index++) {
            Round round = ROUNDS.get(index);
            fill(round);
            if (index == 0) {
                log.mark(Points.FULL);
            } else if (index == ROUNDS.size() - 1) {
                log.mark(Points.WORN);
            }
            thinOut(round.keptPercent());
        }
        log.mark(Points.FREED);
    }

    private void fill(Round round) throws IOException {
        while (liveBytes < fullBytes) {
            take(Points.logUniform(random, round.leastBytes(), round.mostBytes()));
            if (random.nextInt(100) < GROWN_PERCENT) {
                grow(live[random.nextInt(liveCount)], round.mostBytes());
            }
        }
    }

    private void take(int requested) throws IOException {
        int block = numbers.take();
        if (block == bytes.length) {
            bytes = Arrays.copyOf(bytes, 2 * block);
            aligned = Arrays.copyOf(aligned, 2 * block);
        }
        if (liveCount == live.length) {
            live = Arrays.copyOf(live, 2 * liveCount);
        }
        live[liveCount++] = block;
        bytes[block] = requested;
        liveBytes += requested;
        int draw = random.nextInt(100);
        aligned[block] = draw < ALIGNED_PERCENT;
        if (aligned[block]) {
            log.take(AllocationLog.ALLOCATE_ALIGNED, block, requested, ALIGNMENT_BYTES);
        } else if (draw < ALIGNED_PERCENT + ZEROED_PERCENT) {
            log.take(AllocationLog.ALLOCATE_ZEROED, block, requested, 1);
        } else {
            log.allocate(block, requested);
        }
    }

    /** Makes a block half as large again, unless it is aligned, or would leave the sizes of its round. */
    private void grow(int block, int mostBytes) throws IOException {
        int grown = bytes[block] + bytes[block] / 2;
        if (!aligned[block] && grown <= mostBytes) {
            liveBytes += grown - bytes[block];
            bytes[block] = grown;
            log.reallocate(block, grown);
        }
    }

    private void thinOut(int keptPercent) throws IOException {
        int kept = (int) ((long) liveCount * keptPercent / 100);
        while (liveCount > kept) {
            int index = random.nextInt(liveCount);
            int block = live[index];
            live[index] = live[--liveCount];
            liveBytes -= bytes[block];
            numbers.giveBack(block);
            if (aligned[block]) {
                log.free(AllocationLog.FREE_ALIGNED, block, ALIGNMENT_BYTES);
            } else {
                // C's programs free by address; those that know a block's size, as the store does, tell it.
                log.free(random.nextBoolean() ? AllocationLog.FREE : AllocationLog.FREE_SIZED, block, 1);
            }
        }
    }
}
