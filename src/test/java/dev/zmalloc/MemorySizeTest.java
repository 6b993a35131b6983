package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MemorySizeTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "4096, 4096",
        "17b, 17",
        "64k, 64000",
        "64kb, 65536",
        "64KiB, 65536",
        "32m, 32000000",
        "32mb, 33554432",
        "32 MB, 33554432",
        "1g, 1000000000",
        "1gb, 1073741824",
        "1 GiB, 1073741824",
        "2t, 2000000000000",
        "2tb, 2199023255552",
        "9223372036854775807, 9223372036854775807"
    })
    void parsesAsRedisDoes(String text, long bytes) {
        assertThat(MemorySize.parse(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "mb", "-1", "+1", "1.5gb", "1e6", "0x10", "10x", "10 m b", "1  mb", "1mbb", "١mb"})
    void refusesWhatIsNoSize(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MemorySize.parse(text))
                .withMessageContaining("'" + text + "'")
                .withMessageContaining("accepted are");
    }

    @ParameterizedTest
    @ValueSource(strings = {"9223372036854775808", "9007199254740992kb", "99999999999999999999", "8388608tb"})
    void refusesMoreThanALongHolds(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MemorySize.parse(text))
                .withMessageContaining("is more than");
    }

    @Test
    void refusesInOneLineOfBoundedLength() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MemorySize.parse("x\n\u001b[2J" + "y".repeat(100_000)))
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(250).doesNotContain("\n", "\u001b"));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "1023, 1023 B",
        "-1, -1 B",
        "1024, 1.0 KiB",
        "1536, 1.5 KiB",
        "1048524, 1023.9 KiB",
        "1048525, 1.0 MiB",
        "1048576, 1.0 MiB",
        "33554432, 32.0 MiB",
        "-33554432, -32.0 MiB",
        "9223372036854775807, 8.0 EiB",
        "-9223372036854775808, -8.0 EiB"
    })
    void formatsInPowersOf1024(long bytes, String text) {
        assertThat(MemorySize.format(bytes)).isEqualTo(text);
    }

    @Test
    void formatsAlikeInEveryLocale() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.GERMANY);
            assertThat(MemorySize.format(1536)).isEqualTo("1.5 KiB");
        } finally {
            Locale.setDefault(before);
        }
    }
}
