package dev.zmalloc.bench.peers;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("process")
class KeyStreamTest {
    private static final int ITEMS = 1_000;
    private static final int DRAWS = 1 << 20;
    private static final double EXPONENT = 0.99;

    @Test
    void theSameSeedDrawsTheSame() {
        int[] numbers = KeyStream.zipf(ITEMS, EXPONENT, 1_000, 1);
        assertThat(KeyStream.zipf(ITEMS, EXPONENT, 1_000, 1)).isEqualTo(numbers);
        assertThat(KeyStream.zipf(ITEMS, EXPONENT, 1_000, 2)).isNotEqualTo(numbers);
    }

    /** The k-th of all is drawn in proportion to k to the minus 0.99. */
    @Test
    void drawsFollowZipf() {
        int[] counts = new int[ITEMS];
        for (int number : KeyStream.zipf(ITEMS, EXPONENT, DRAWS, 3)) {
            counts[number]++;
        }
        double weights = 0;
        for (int rank = 1; rank <= ITEMS; rank++) {
            weights += Math.pow(rank, -EXPONENT);
        }
        int[] sorted = Arrays.stream(counts).sorted().toArray();
        for (int rank : new int[] {1, 2, 10, 100}) {
            double expected = DRAWS * Math.pow(rank, -EXPONENT) / weights;
            assertThat((double) sorted[ITEMS - rank]).isCloseTo(expected, Percentage.withPercentage(10));
        }
    }

    /** What is drawn the most does not lie at the begin, where what was put first lies together. */
    @Test
    void frequentNumbersAreScattered() {
        int[] numbers = KeyStream.zipf(ITEMS, EXPONENT, DRAWS, 4);
        assertThat(Arrays.stream(numbers).average().orElseThrow()).isBetween(0.2 * ITEMS, 0.8 * ITEMS);
    }

    @Test
    void keysAreAllDifferent() {
        Set<ByteBuffer> keys = new HashSet<>();
        for (int number = 0; number < 10_000; number++) {
            byte[] key = new byte[KeyStream.KEY_BYTES];
            KeyStream.key(number, key);
            keys.add(ByteBuffer.wrap(key));
        }
        assertThat(keys).hasSize(10_000);
    }

    @Test
    void aShareIsMarkedAsWrites() {
        int[] numbers = KeyStream.zipf(ITEMS, EXPONENT, DRAWS, 1);
        int[] marked = numbers.clone();
        KeyStream.markWrites(marked, 0.05, 1);
        long writes = Arrays.stream(marked).filter(number -> number < 0).count();
        assertThat((double) writes / DRAWS).isCloseTo(0.05, Percentage.withPercentage(5));
        for (int draw = 0; draw < DRAWS; draw++) {
            assertThat(marked[draw] < 0 ? ~marked[draw] : marked[draw]).isEqualTo(numbers[draw]);
        }
    }
}
