package dev.zmalloc.metrics;

import dev.zmalloc.AllocatorInformation;
import org.jspecify.annotations.Nullable;

/** The allocator's figures, asked for again only after a while: a sample serves all that are read at one time. */
final class SampledInformation {
    /** How long a sample serves: as often as Redis takes one. */
    private static final long SAMPLE_NANOS = 100_000_000;

    private volatile @Nullable Sample last;

    /** Figures at most a tenth of a second old. Any thread. */
    AllocatorInformation get() {
        Sample sample = last;
        if (sample == null || System.nanoTime() - sample.takenNanos > SAMPLE_NANOS) {
            sample = new Sample(System.nanoTime(), AllocatorInformation.sample());
            last = sample;
        }
        return sample.information;
    }

    private record Sample(long takenNanos, AllocatorInformation information) {}
}
