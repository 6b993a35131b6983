package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.zmalloc.allocator.AllocatorFigures;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class AllocatorInformationTest {
    private static final Offset<Double> EXACT = within(1e-12);

    /** Each figure is another number, so that none can stand for another unseen. */
    private static final AllocatorInformation ALL = new AllocatorInformation(
            1_000,
            OptionalLong.of(5_000),
            new AllocatorFigures(
                    OptionalLong.of(1_200),
                    OptionalLong.of(1_600),
                    OptionalLong.of(2_000),
                    OptionalLong.of(70),
                    OptionalLong.of(80),
                    OptionalLong.of(2_500),
                    OptionalLong.of(90),
                    OptionalLong.of(300)));

    @Test
    void ratiosAreThoseOfRedis() {
        assertThat(ALL.fragmentationRatio().orElseThrow()).isCloseTo(5.0, EXACT);
        assertThat(ALL.fragmentationBytes()).hasValue(4_000);
        assertThat(ALL.allocatorFragmentationRatio().orElseThrow()).isCloseTo(1.25, EXACT);
        assertThat(ALL.allocatorFragmentationBytes()).hasValue(300);
        assertThat(ALL.allocatorResidentRatio().orElseThrow()).isCloseTo(1.25, EXACT);
        assertThat(ALL.allocatorResidentBytes()).hasValue(400);
        assertThat(ALL.residentOverheadRatio().orElseThrow()).isCloseTo(2.5, EXACT);
        assertThat(ALL.residentOverheadBytes()).hasValue(3_000);
    }

    /** Where Redis once printed 18,446,744,073,709,550,616. */
    @Test
    void lessResidentThanUsedIsNegativeAndNotHuge() {
        AllocatorInformation swapped = new AllocatorInformation(
                10_000, OptionalLong.of(9_000), figures(OptionalLong.of(100), OptionalLong.of(9_500)));

        assertThat(swapped.fragmentationBytes()).hasValue(-1_000);
        assertThat(swapped.fragmentationRatio().orElseThrow()).isCloseTo(0.9, EXACT);
        assertThat(swapped.residentOverheadBytes()).hasValue(-500);
    }

    @Test
    void whatCannotBeNegativeIsClamped() {
        AllocatorInformation torn = new AllocatorInformation(
                10,
                OptionalLong.of(10),
                new AllocatorFigures(
                        OptionalLong.of(100),
                        OptionalLong.of(120),
                        OptionalLong.of(110),
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        OptionalLong.of(-5)));

        assertThat(torn.allocatorResidentBytes()).hasValue(0);
        assertThat(torn.allocatorFragmentationBytes()).hasValue(0);
        assertThat(torn.allocatorFragmentationRatio().orElseThrow()).isCloseTo(1.0, EXACT);
    }

    @Test
    void whatIsNotToldIsNotDerived() {
        AllocatorInformation nothing = new AllocatorInformation(1_000, OptionalLong.empty(), AllocatorFigures.NONE);

        assertThat(nothing.fragmentationRatio()).isEmpty();
        assertThat(nothing.fragmentationBytes()).isEmpty();
        assertThat(nothing.allocatorFragmentationRatio()).isEmpty();
        assertThat(nothing.allocatorFragmentationBytes()).isEmpty();
        assertThat(nothing.allocatorResidentRatio()).isEmpty();
        assertThat(nothing.allocatorResidentBytes()).isEmpty();
        assertThat(nothing.residentOverheadRatio()).isEmpty();
        assertThat(nothing.residentOverheadBytes()).isEmpty();
    }

    @Test
    void nothingUsedHasNoRatio() {
        AllocatorInformation unused =
                new AllocatorInformation(0, OptionalLong.of(5), figures(OptionalLong.of(0), OptionalLong.of(0)));

        assertThat(unused.fragmentationRatio()).isEmpty();
        assertThat(unused.fragmentationBytes()).hasValue(5);
        assertThat(unused.residentOverheadRatio()).isEmpty();
    }

    @Test
    void sampleIsOfThisProcess() {
        MemorySegment block = ZMalloc.zmalloc(32 << 20);
        block.fill((byte) 1);
        AllocatorInformation sample = AllocatorInformation.sample();
        ZMalloc.zfree(block);

        assertThat(sample.usedMemory()).isGreaterThanOrEqualTo(32 << 20);
        assertThat(sample.processResidentBytes().orElseThrow()).isGreaterThan(32 << 20);
        assertThat(sample.fragmentationRatio().orElseThrow()).isGreaterThan(1);
        assertThat(sample.figures().allocatedBytes().orElse(sample.usedMemory()))
                .isGreaterThanOrEqualTo(sample.usedMemory());
        assertThat(sample.allocatorFragmentationRatio().orElse(1)).isGreaterThanOrEqualTo(1);
    }

    private static AllocatorFigures figures(OptionalLong active, OptionalLong resident) {
        return new AllocatorFigures(
                OptionalLong.empty(),
                active,
                resident,
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty());
    }
}
