package dev.zmalloc.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.zmalloc.evict.EvictionPolicy;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Hit ratios on the trace that is always there, with payload alone counted; {@link PublishedTracesTest} has those on
 * published ones.
 */
@Tag("process") // once is enough: they do not depend on the allocator
class HitRatiosTest {
    private static final StepListener GO_ON = done -> true;
    private static final int[] PERCENTS = {1, 3, 10, 30};
    private static final int STORES = 5;

    private static TraceSummary.History sized = new TraceSummary.History(new int[0], new int[0]);
    private static TraceSummary.History unit = sized;

    @BeforeAll
    static void readTheTrace() throws IOException {
        sized = ReplayTest.history(ReplayTest.classes());
        unit = HitRatios.unitSizes(sized);
    }

    private static long limit(TraceSummary.History history, int percent) {
        return Arrays.stream(history.sizes()).asLongStream().sum() * percent / 100;
    }

    @Test
    void s3FifoIsThatOfItsPaper() {
        for (TraceSummary.History history : List.of(unit, sized)) {
            for (int percent : PERCENTS) {
                long limit = limit(history, percent);
                double hits = HitRatios.ofStore(history, EvictionPolicy.ALLKEYS_S3FIFO, limit, limit);
                // What is remembered of keys that are gone is bounded in number, and sizes are rounded there.
                assertThat(hits / HitRatios.ofS3Fifo(history, limit, limit))
                        .as("%d %%", percent)
                        .isCloseTo(1, within(0.005));
            }
        }
    }

    @Test
    void sampledLruIsCloseToExactLru() {
        for (TraceSummary.History history : List.of(unit, sized)) {
            double difference = 0;
            for (int percent : PERCENTS) {
                long limit = limit(history, percent);
                double ratio = HitRatios.ofStores(history, EvictionPolicy.ALLKEYS_LRU, limit, STORES);
                difference += Math.abs(ratio - HitRatios.ofExactLru(history, limit));
            }
            assertThat(difference / PERCENTS.length).isLessThan(0.005);
        }
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.MATCH_NONE,
            names = {"VOLATILE_.*", "NOEVICTION"})
    void noPolicyIsAboveTheOptimumOrFarBelowRandom(EvictionPolicy policy) {
        for (int percent : PERCENTS) {
            long limit = limit(unit, percent);
            double ratio = HitRatios.ofStores(unit, policy, limit, 1);
            assertThat(ratio)
                    .as("%d %%", percent)
                    .isLessThanOrEqualTo(
                            Reference.OPTIMUM.run(unit, limit, GO_ON).hitRatio());
            assertThat(ratio)
                    .as("%d %%", percent)
                    .isGreaterThan(HitRatios.ofStores(unit, EvictionPolicy.ALLKEYS_RANDOM, limit, 1) - 0.1);
        }
    }

    @Test
    void whatWeighsSizesHitsMoreOften() {
        for (int percent : PERCENTS) {
            long limit = limit(sized, percent);
            assertThat(HitRatios.ofStores(sized, EvictionPolicy.ALLKEYS_GDSF, limit, 2))
                    .as("%d %%", percent)
                    .isGreaterThan(HitRatios.ofExactLru(sized, limit));
        }
    }
}
