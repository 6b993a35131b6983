package dev.zmalloc.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DashboardTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long MIB = 1 << 20;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    @Test
    void showsEachFigure() {
        assertThat(DashboardView.lines(progress(16 * MIB, 31 * MIB, 32 * MIB, 0), 80))
                .containsExactly(
                        "used      [###############---------------] 16.0 MiB of 32.0 MiB, highest 96.88 %",
                        "cache     hits 75.00 %   evictions 1,234/s   rejections 3",
                        "allocator allocated 33.0 MiB   resident not told",
                        "process   resident 180.0 MiB",
                        "rate      200 reads/s   1.0 MiB/s   4.0 MiB compared",
                        "progress  [##########------------------------------] 25.00 %   15 s left");
    }

    @Test
    void aPlainLineHoldsTheSame() {
        assertThat(DashboardView.plainLine(progress(16 * MIB, 31 * MIB, 32 * MIB, 0)))
                .isEqualTo(
                        "   5.0 s  25.00 %  used 16.0 MiB of 32.0 MiB, highest 96.88 %  hits 75.00 %  evictions 1,234/s"
                                + "  allocator 33.0 MiB (resident not told)  process 180.0 MiB"
                                + "  200 reads/s  15 s left");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 10, 20, 40, 60, 80, 120, 300})
    void noLineIsLongerThanTheTerminal(int columns) {
        List<String> lines = DashboardView.lines(progress(MIB, 40 * MIB, 32 * MIB, 5), columns);
        assertThat(lines).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(columns));
        assertThat(lines).hasSizeLessThanOrEqualTo(DashboardView.MAX_LINES);
    }

    @Test
    void withoutALimitThereIsNoBarForIt() {
        assertThat(DashboardView.lines(progress(16 * MIB, 31 * MIB, 0, 0), 80))
                .first()
                .isEqualTo("used      16.0 MiB, no limit");
    }

    @Test
    void problemsAreShownAtOnce() {
        assertThat(DashboardView.lines(progress(MIB, 33 * MIB, 32 * MIB, 0), 80))
                .last()
                .isEqualTo("PROBLEM   used memory passed its limit: 33.0 MiB");
        assertThat(DashboardView.lines(progress(MIB, MIB, 32 * MIB, 5), 80))
                .last()
                .isEqualTo("PROBLEM   5 bytes differ from their source");
        assertThat(DashboardView.plainLine(progress(MIB, MIB, 32 * MIB, 5)))
                .endsWith("PROBLEM 5 bytes differ from their source");
    }

    @Test
    void timeLeftNeedsARate() {
        Progress start = new Progress(
                0,
                10,
                new Workload.Counts(0, 0, 0, 0, 0, 0, 0),
                0,
                0,
                32 * MIB,
                0,
                0,
                0,
                0,
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty());
        assertThat(start.remainingNanos()).isEmpty();
        assertThat(DashboardView.plainLine(start)).contains("time left not known yet", "hits -");
    }

    @Test
    void pipedOutputHasNoEscapeCodes() {
        Dashboard dashboard = new Dashboard(out, Terminal.NONE);
        dashboard.show(progress(MIB, MIB, 32 * MIB, 0));
        dashboard.show(progress(MIB, MIB, 32 * MIB, 5));
        assertThat(text()).doesNotContain("\u001b", "\r").hasLineCount(2);
        assertThat(dashboard.intervalNanos()).isGreaterThanOrEqualTo(SECOND);
    }

    @Test
    void aTerminalIsDrawnOver() {
        Dashboard dashboard = new Dashboard(out, new Terminal(true, true, 80));
        dashboard.show(progress(MIB, MIB, 32 * MIB, 5));
        assertThat(text()).doesNotContain("A\r").contains("\u001b[36m[", "\u001b[1;31mPROBLEM");
        bytes.reset();
        dashboard.show(progress(MIB, MIB, 32 * MIB, 5));
        assertThat(text()).startsWith("\u001b[?7l\u001b[7A\r").endsWith("\u001b[?7h");
        assertThat(dashboard.intervalNanos()).isLessThanOrEqualTo(SECOND / 4);
    }

    @Test
    void withoutColourNoColourIsSet() {
        new Dashboard(out, new Terminal(true, false, 80)).show(progress(MIB, MIB, 32 * MIB, 5));
        assertThat(text()).doesNotContainPattern("\u001b\\[[0-9;]*m");
    }

    @Test
    void readsTheTerminalsSize() {
        assertThat(Terminal.of(Map.of("TERM", "xterm"), "40 132")).isEqualTo(new Terminal(true, true, 132));
        assertThat(Terminal.of(Map.of("TERM", "xterm", "COLUMNS", "70"), "")).isEqualTo(new Terminal(true, true, 70));
        assertThat(Terminal.of(Map.of("TERM", "xterm"), "0 0"))
                .as("a terminal that does not know")
                .isEqualTo(new Terminal(true, true, 80));
        assertThat(Terminal.of(Map.of("TERM", "xterm", "COLUMNS", "wide"), "")).isEqualTo(new Terminal(true, true, 80));
    }

    @Test
    void respectsWhatTheTerminalCannotOrShallNotDo() {
        assertThat(Terminal.of(Map.of("TERM", "xterm", "NO_COLOR", "1"), "40 132")
                        .colour())
                .isFalse();
        assertThat(Terminal.of(Map.of("TERM", "xterm", "NO_COLOR", ""), "40 132")
                        .colour())
                .isTrue();
        assertThat(Terminal.of(Map.of("TERM", "dumb"), "40 132").interactive()).isFalse();
        assertThat(Terminal.of(Map.of(), "40 132").interactive()).isFalse();
        assertThat(Terminal.of(Map.of("TERM", "xterm"), "7 132").interactive())
                .as("too low")
                .isFalse();
    }

    private String text() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static Progress progress(long used, long highest, long limit, long differing) {
        return new Progress(
                5 * SECOND,
                4000,
                new Workload.Counts(750, 250, 4 * MIB, 5 * MIB, 4 * MIB, differing, 3),
                used,
                highest,
                limit,
                99,
                1234,
                200,
                MIB,
                OptionalLong.of(33 * MIB),
                OptionalLong.empty(),
                OptionalLong.of(180 * MIB));
    }
}
