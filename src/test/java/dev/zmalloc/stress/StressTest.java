package dev.zmalloc.stress;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.cli.CtrlC;
import dev.zmalloc.cli.ProgressLine;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class StressTest {
    @Test
    void findsNothingInTwoSeconds() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        assertThat(stress(bytes, "--seconds", "2", "--threads", "6"))
                .as(() -> bytes.toString(UTF_8))
                .isZero();
        String output = bytes.toString(UTF_8);
        System.out.println(output.lines().findFirst().orElse(""));
        for (StoreWorker.Kind kind : StoreWorker.Kind.values()) {
            String name = kind.name().toLowerCase(Locale.ROOT).replace('_', ' ');
            assertThat(output).containsPattern("  " + name + " [1-9]");
        }
        for (StressRound.Shape shape : StressRound.SHAPES) {
            assertThat(output).containsPattern("highest used .*: " + shape.name());
        }
        assertThat(output)
                .containsPattern("verdict +passed: [1-9][0-9]* stores walked and found right, [1-9][0-9]* closed")
                .doesNotContain("\033");
    }

    @Test
    void refusesWhatMakesNoSense() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        assertThat(stress(bytes, "--seconds", "0")).isEqualTo(2);
        assertThat(bytes.toString(UTF_8)).contains("Invalid value for option '--seconds': '0'");
        assertThat(stress(bytes, "--threads", "2000")).isEqualTo(2);
    }

    @Test
    void aValueTellsWhatIsWrongWithIt() {
        SplittableRandom random = new SplittableRandom(1);
        byte[] value = TellingValue.of(7, random, 1);
        assertThat(TellingValue.check(7, value)).isEqualTo(1);
        assertThat(TellingValue.check(7, (byte[]) null)).isZero();
        assertThatThrownBy(() -> TellingValue.check(8, value)).hasMessageContaining("was served a value of key 7");
        assertThatThrownBy(() -> TellingValue.check(7, Arrays.copyOf(value, value.length - 8)))
                .hasMessageContaining("words");
        value[value.length - 1]++;
        assertThatThrownBy(() -> TellingValue.check(7, value)).hasMessageContaining("a torn value of key 7");
    }

    private static int stress(ByteArrayOutputStream bytes, String... arguments) {
        PrintStream out = new PrintStream(bytes, true, UTF_8);
        return Stress.execute(out, out, ProgressLine.onPipe(out), new CtrlC(), arguments);
    }
}
