package dev.zmalloc.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StopSignalTest {
    @Test
    void isRaisedForGood() {
        StopSignal stop = new StopSignal();
        assertThat(stop.isRaised()).isFalse();
        stop.raise();
        assertThat(stop.isRaised()).isTrue();
    }

    @Test
    void canBeFinishedWithoutHavingBeenInstalled() {
        StopSignal stop = new StopSignal();
        stop.finished(ExitCode.OK);
        stop.install();
        stop.finished(ExitCode.OK);
        assertThat(stop.isRaised()).isFalse();
    }

    /** A signal to the running program ends it with the summary so far and the shell's status for that signal. */
    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143"})
    @Tag("process")
    void endsTheProgramWithItsSummary(String signal, int exitCode) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName(),
                        "run",
                        "--reads",
                        "1000000000000")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (BufferedReader out = process.inputReader()) {
            String line = out.readLine();
            while (line != null && !line.startsWith("workload")) {
                line = out.readLine();
            }
            // Time to read some files, so that there is something to sum up.
            Thread.sleep(500);
            new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                    .start()
                    .waitFor();
            String rest = out.lines().collect(Collectors.joining("\n"));
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(rest)
                    .containsPattern("(?m)^reads +[0-9,]+ of 1,000,000,000,000 in ")
                    .containsPattern("(?m)^compared +[0-9,]+ bytes, 0 differ$")
                    .containsPattern("(?m)^result +INTERRUPTED, OK so far$");
            assertThat(process.exitValue()).isEqualTo(exitCode);
        } finally {
            process.destroyForcibly();
        }
    }
}
