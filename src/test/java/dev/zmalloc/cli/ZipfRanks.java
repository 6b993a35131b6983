package dev.zmalloc.cli;

import java.util.random.RandomGenerator;

/** The command line's Zipf distribution, for benches in other packages. */
public final class ZipfRanks {
    private final ZipfSampler sampler;

    /** Ranks 1 to {@code items}; an exponent of 0 draws all alike. */
    public ZipfRanks(int items, double exponent) {
        sampler = new ZipfSampler(items, exponent);
    }

    /** A rank from 1 to {@code items}. */
    public int sample(RandomGenerator random) {
        return sampler.sample(random);
    }
}
