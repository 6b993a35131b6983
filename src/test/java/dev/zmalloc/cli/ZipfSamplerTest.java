package dev.zmalloc.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import java.util.function.IntSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ZipfSamplerTest {
    private static final int DRAWS = 1_000_000;

    /** Chi-square against the exact probabilities; ranks that are expected fewer than ten times share one class. */
    @ParameterizedTest
    @CsvSource({
        "1, 0.99",
        "2, 0",
        "2, 0.99",
        "2, 1",
        "2, 3",
        "10, 0",
        "10, 0.5",
        "10, 1",
        "10, 2",
        "1000, 0",
        "1000, 0.99",
        "1000, 0.999999999",
        "1000, 1",
        "1000, 1.000000001",
        "1000, 1.2",
        "28000, 0.6",
        "28000, 0.99",
        "28000, 10"
    })
    void followsTheExactDistribution(int items, double exponent) {
        long[] drawn = new long[items + 1];
        ZipfSampler sampler = new ZipfSampler(items, exponent);
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < DRAWS; i++) {
            drawn[sampler.sample(random)]++;
        }
        double total = IntStream.rangeClosed(1, items)
                .mapToDouble(rank -> Math.pow(rank, -exponent))
                .sum();
        double chiSquare = 0;
        double restExpected = 0;
        long restDrawn = 0;
        int classes = 0;
        for (int rank = 1; rank <= items; rank++) {
            double expected = DRAWS * Math.pow(rank, -exponent) / total;
            if (expected < 10) {
                restExpected += expected;
                restDrawn += drawn[rank];
            } else {
                chiSquare += (drawn[rank] - expected) * (drawn[rank] - expected) / expected;
                classes++;
            }
        }
        if (restExpected >= 10) {
            chiSquare += (restDrawn - restExpected) * (restDrawn - restExpected) / restExpected;
            classes++;
        }
        // With k degrees of freedom the statistic has mean k and variance 2k; five deviations leave room for its long
        // tail.
        int freedom = Math.max(1, classes - 1);
        assertThat(chiSquare).isLessThan(freedom + 5 * Math.sqrt(2.0 * freedom) + 5);
    }

    /** The first and last values that a generator can give, where rounding is at its worst. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.5, 0.99, 1, 2, 10})
    void staysInRangeAtTheEnds(double exponent) {
        for (int items : new int[] {1, 2, 3, 28_000, Integer.MAX_VALUE}) {
            ZipfSampler sampler = new ZipfSampler(items, exponent);
            assertThat(sampler.sample(constantThenRandom(0.0))).isBetween(1, items);
            assertThat(sampler.sample(constantThenRandom(Math.nextDown(1.0)))).isBetween(1, items);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "-1, 1", "10, -0.1", "10, NaN", "10, Infinity"})
    void refusesWhatIsNoDistribution(int items, double exponent) {
        assertThatIllegalArgumentException().isThrownBy(() -> new ZipfSampler(items, exponent));
    }

    @Test
    void sequencesOfOneSeedAreTheSame() {
        assertThat(draw(new ZipfSequence(1000, 0.99, 42).forWorker(3)))
                .isEqualTo(draw(new ZipfSequence(1000, 0.99, 42).forWorker(3)));
    }

    @Test
    void sequencesOfOtherSeedsAndWorkersDiffer() {
        int[] sequence = draw(new ZipfSequence(1000, 0.99, 42).forWorker(3));
        assertThat(draw(new ZipfSequence(1000, 0.99, 42).forWorker(2))).isNotEqualTo(sequence);
        assertThat(draw(new ZipfSequence(1000, 0.99, 43).forWorker(3))).isNotEqualTo(sequence);
    }

    @Test
    void workersOfOneSeedFavourTheSameItems() {
        ZipfSequence sequence = new ZipfSequence(1000, 0.99, 42);
        int[] one = counts(sequence.forWorker(0), 1000);
        int[] other = counts(sequence.forWorker(1), 1000);
        int favourite = IntStream.range(0, 1000).reduce(0, (a, b) -> one[a] >= one[b] ? a : b);
        assertThat(other[favourite]).isCloseTo(one[favourite], within(one[favourite] / 5));
    }

    @Test
    void everyItemIsDrawnSometime() {
        assertThat(counts(new ZipfSequence(100, 0.5, 1).forWorker(0), 100)).doesNotContain(0);
    }

    private static RandomGenerator constantThenRandom(double first) {
        SplittableRandom rest = new SplittableRandom(1);
        boolean[] used = {false};
        return new RandomGenerator() {
            @Override
            public long nextLong() {
                return rest.nextLong();
            }

            @Override
            public double nextDouble() {
                if (used[0]) {
                    return rest.nextDouble();
                }
                used[0] = true;
                return first;
            }
        };
    }

    private static int[] draw(IntSupplier sequence) {
        return IntStream.generate(sequence).limit(100).toArray();
    }

    private static int[] counts(IntSupplier sequence, int items) {
        int[] counts = new int[items];
        IntStream.generate(sequence).limit(100_000).forEach(item -> counts[item]++);
        return counts;
    }
}
