package dev.zmalloc.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ComparisonTest {
    private final byte[] source = new byte[1000];

    @Test
    void equalContentsDoNotDiffer() {
        Arrays.fill(source, (byte) 7);
        assertThat(differing(source.clone())).isZero();
        assertThat(Comparison.differingBytes(MemorySegment.ofArray(new byte[0]), new byte[0]))
                .isZero();
    }

    @Test
    void countsEachByteThatDiffers() {
        for (int offset : new int[] {0, 1, 500, 998, 999}) {
            byte[] served = source.clone();
            served[offset] = 1;
            assertThat(differing(served)).as("offset %d", offset).isEqualTo(1);
        }
        byte[] served = source.clone();
        Arrays.fill(served, 10, 30, (byte) 1);
        served[999] = 1;
        assertThat(differing(served)).isEqualTo(21);
    }

    @Test
    void missingAndSurplusBytesDiffer() {
        assertThat(differing(new byte[990])).isEqualTo(10);
        assertThat(differing(new byte[1003])).isEqualTo(3);
        assertThat(differing(new byte[0])).isEqualTo(1000);
    }

    private long differing(byte[] served) {
        return Comparison.differingBytes(MemorySegment.ofArray(served), source);
    }
}
