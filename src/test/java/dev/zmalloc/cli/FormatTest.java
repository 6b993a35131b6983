package dev.zmalloc.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FormatTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0.0 s",
        "400000000, 0.4 s",
        "9940000000, 9.9 s",
        "9960000000, 10 s",
        "12400000000, 12 s",
        "59400000000, 59 s",
        "59600000000, 1 min 00 s",
        "185000000000, 3 min 05 s",
        "3599600000000, 1 h 00 min",
        "7620000000000, 2 h 07 min",
        "9223372036854775807, 2562047 h 47 min"
    })
    void writesDurations(long nanos, String text) {
        assertThat(Format.duration(nanos)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"0, 0/s", "0.5, 0.5/s", "9.94, 9.9/s", "10, 10/s", "1234567.8, '1,234,568/s'"})
    void writesRates(double rate, String text) {
        assertThat(Format.perSecond(rate)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, -",
        "0, 10, 0.00 %",
        "1, 3, 33.33 %",
        "10, 10, 100.00 %",
        "9223372036854775807, 9223372036854775807, 100.00 %"
    })
    void writesPercentages(long part, long whole, String text) {
        assertThat(Format.percent(part, whole)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 6, [----]",
        "0.5, 6, [##--]",
        "0.999, 6, [###-]",
        "1, 6, [####]",
        "1.7, 6, [####]",
        "-1, 6, [----]",
        "NaN, 6, [----]",
        "0.5, 3, [-]",
        "1, 3, [#]",
        "1, 2, ''",
        "1, 0, ''",
        "1, -5, ''"
    })
    void drawsBars(double fraction, int width, String bar) {
        assertThat(Format.bar(fraction, width)).isEqualTo(bar);
    }

    @Test
    void saysWhatIsNotTold() {
        assertThat(Format.bytes(OptionalLong.empty())).isEqualTo("not told");
        assertThat(Format.bytes(OptionalLong.of(2048))).isEqualTo("2.0 KiB");
    }

    @Test
    void sizeClassesBecomeRanges() {
        List<Long> sizes = LongStream.of(
                        8, 16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 1 << 20, 1 << 21, 7L << 60)
                .boxed()
                .toList();
        assertThat(SizeClasses.lines(sizes, 80))
                .containsExactly("8, 16 to 128 by 16, 160 to 256 by 32, 1M, 2 more up to 7E");
        assertThat(SizeClasses.lines(sizes, 40))
                .containsExactly("8, 16 to 128 by 16, 160 to 256 by 32,", "1M, 2 more up to 7E");
        assertThat(SizeClasses.lines(List.of(16L), 80)).containsExactly("16");
        assertThat(SizeClasses.lines(List.of(16L, 32L), 80)).containsExactly("16, 32");
        assertThat(SizeClasses.lines(List.of(1280L, 1536L, 1792L, 2048L), 80)).containsExactly("1280 to 2K by 256");
        assertThat(SizeClasses.lines(List.of(), 80)).isEmpty();
    }

    @Test
    void ratiosHaveTwoDecimals() {
        assertThat(Format.ratio(1.0384)).isEqualTo("1.04");
        assertThat(Format.ratio(0)).isEqualTo("0.00");
    }
}
