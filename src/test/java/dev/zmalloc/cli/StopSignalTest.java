package dev.zmalloc.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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
    @CsvSource({"INT, 2, 130", "TERM, 15, 143"})
    @Tag("process")
    void endsTheProgramWithItsSummary(String name, int signal, int exitCode, @TempDir Path folder)
            throws IOException, InterruptedException {
        Path out = folder.resolve("out");
        Process process = new ProcessBuilder(command(name, signal))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .redirectOutput(out.toFile())
                .start();
        try {
            awaitLine(process, out, "workload");
            // Time to read some files, so that there is something to sum up.
            Thread.sleep(500);
            new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                    .start()
                    .waitFor();
            assertThat(process.waitFor(30, TimeUnit.SECONDS))
                    .as("ended by SIG%s within 30 seconds", name)
                    .isTrue();
            assertThat(Files.readString(out))
                    .containsPattern("(?m)^reads +[0-9,]+ of 1,000,000,000,000 in ")
                    .containsPattern("(?m)^compared +[0-9,]+ bytes, 0 differ$")
                    .containsPattern("(?m)^result +INTERRUPTED, OK so far$");
            assertThat(process.exitValue()).isEqualTo(exitCode);
        } finally {
            process.destroyForcibly();
        }
    }

    /**
     * The program's command line. A JVM leaves a signal ignored that was ignored when it started, as SIGINT is in what
     * a script runs in its background: then {@code env} gives the signal its effect back.
     */
    private static List<String> command(String name, int signal) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        if (isIgnored(signal)) {
            List<String> restoring = List.of("env", "--default-signal=" + name);
            boolean restores = new ProcessBuilder(restoring)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
            String reason = "SIG" + name + " is ignored here, and env cannot change that: not tested";
            if (!restores) {
                System.err.println("WARNING: " + reason);
            }
            assumeTrue(restores, reason);
            command.addAll(restoring);
        }
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-Xmx256m", "-cp"));
        command.add(System.getProperty("java.class.path"));
        command.addAll(List.of(Main.class.getName(), "run", "--reads", "1000000000000"));
        return command;
    }

    /** Whether this process ignores a signal, and so would what it starts. */
    private static boolean isIgnored(int signal) throws IOException {
        String field = "SigIgn:";
        String mask = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith(field))
                .findFirst()
                .orElseThrow();
        long ignored = Long.parseUnsignedLong(mask.substring(field.length()).strip(), 16);
        return ((ignored >>> (signal - 1)) & 1) != 0;
    }

    private static void awaitLine(Process process, Path out, String start) throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        while (Files.readString(out).lines().noneMatch(line -> line.startsWith(start))) {
            assertThat(process.isAlive() && System.nanoTime() < end)
                    .as("running, and in a minute at a line that starts with %s: %s", start, Files.readString(out))
                    .isTrue();
            Thread.sleep(20);
        }
    }
}
