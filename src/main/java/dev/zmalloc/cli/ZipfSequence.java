package dev.zmalloc.cli;

import java.util.SplittableRandom;
import java.util.function.IntSupplier;
import java.util.random.RandomGenerator;

/**
 * Seeded sequences of item indexes with Zipf's distribution. Which item is the most popular, the second and so on is a
 * random permutation, the same for all workers; each worker has a sequence of its own. The same seed, item count and
 * exponent give the same sequences in every run.
 */
final class ZipfSequence {
    private final ZipfSampler sampler;
    private final int[] itemOfRank;
    private final long seed;

    /** Creates the permutation of {@code items}, at least 1, in time proportional to their number. */
    ZipfSequence(int items, double exponent, long seed) {
        this.sampler = new ZipfSampler(items, exponent);
        this.itemOfRank = permutation(items, new SplittableRandom(seed));
        this.seed = seed;
    }

    /** Returns the sequence of one worker; the result is for a single thread. */
    IntSupplier forWorker(int worker) {
        // The multiplier keeps neighbouring seeds from sharing the sequences of neighbouring workers.
        RandomGenerator random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + worker + 1);
        return () -> itemOfRank[sampler.sample(random) - 1];
    }

    private static int[] permutation(int items, RandomGenerator random) {
        int[] result = new int[items];
        for (int i = 0; i < items; i++) {
            int j = random.nextInt(i + 1);
            result[i] = result[j];
            result[j] = i;
        }
        return result;
    }
}
