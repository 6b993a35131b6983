package dev.zmalloc.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.zmalloc.store.OffHeapStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code info} and {@code top} of another JVM. */
class WatchCommandsTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final StopSignal stop = new StopSignal();
    private Terminal terminal = Terminal.NONE;

    @Test
    void tellsOfThisProcessAsJson() throws IOException {
        assertThat(run("info", "--json")).isEqualTo(ExitCode.OK);
        Map<String, Object> sections = JSON.std.mapFrom(out());
        assertThat(sections).containsOnlyKeys("memory", "stats", "stores", "doctor");
        assertThat(section(sections, "memory"))
                .containsKeys("used_memory", "used_memory_human", "used_memory_peak_perc", "used_memory_rss")
                .hasEntrySatisfying(
                        "mem_allocator",
                        name -> assertThat(name.toString())
                                .startsWith(System.getProperty("zmalloc.allocator", "jemalloc")));
        assertThat(section(sections, "stats")).containsKeys("peak.allocated", "total.allocated", "keys.count");
    }

    @Test
    @Tag("process")
    void tellsOfAnotherProcess() throws Exception {
        try (Watched watched = new Watched()) {
            assertThat(run("info", watched.pid())).as(err()).isEqualTo(ExitCode.OK);
            assertThat(out())
                    .startsWith("# Memory\nused_memory:")
                    .contains("\nmem_allocator:libc", "\nkeys.count:100\n", "\n# Store probe\nkeys:100\n")
                    .containsPattern("\nkeys.bytes-per-key:1[0-9]{3}\n")
                    .containsPattern("\nmaxmemory:8388608\nmaxmemory_policy:noeviction\n")
                    .endsWith("# Memory doctor\nLess than 5.0 MiB is in use: there is nothing to say.\n");

            assertThat(run("top", "--count", "1", watched.pid())).as(err()).isEqualTo(ExitCode.OK);
            assertThat(out()).matches("libc\\S*, used .*, peak .*, process .*; probe 100 entries, .*\n");

            terminal = new Terminal(true, false, 60);
            assertThat(run("top", "--count", "2", watched.pid())).as(err()).isEqualTo(ExitCode.OK);
            assertThat(out())
                    .containsPattern("allocator libc.* blocks taken")
                    .containsPattern("probe [0-9.]+ KiB .* of 8.0 MiB")
                    .contains("\u001b[4A"); // drawn over
        }
    }

    @Test
    @Tag("process")
    void topEndsWithTheProcess() throws Exception {
        try (Watched watched = new Watched()) {
            CompletableFuture<Void> end = CompletableFuture.runAsync(() -> {
                long latest = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
                while (out.size() == 0 && System.nanoTime() < latest) {
                    LockSupport.parkNanos(1_000_000);
                }
                watched.end();
            });
            assertThat(run("top", watched.pid())).as(err()).isEqualTo(ExitCode.OK);
            end.join();
            assertThat(out()).endsWith("process " + watched.pid() + " has ended\n");
        }
    }

    @Test
    void topEndsWhenToldTo() {
        CompletableFuture<Void> end =
                CompletableFuture.runAsync(stop::raise, CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS));
        assertThat(run("top", Long.toString(ProcessHandle.current().pid()))).isEqualTo(ExitCode.INTERRUPTED);
        end.join();
        assertThat(err()).isEmpty();
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void topEndsWhenNobodyReadsIt() {
        OutputStream closed = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("a broken pipe");
            }
        };
        long own = ProcessHandle.current().pid();
        assertThat(run(new PrintStream(closed, true, StandardCharsets.UTF_8), "top", Long.toString(own)))
                .isEqualTo(ExitCode.OK);
    }

    /** It must not be sent a signal. */
    @Test
    @Tag("process")
    void aProcessWithoutAJvmIsRefusedAndLeftAlone() throws Exception {
        Process other =
                new ProcessBuilder("bash", "-c", "trap 'exit 7' QUIT; echo ready; while :; do sleep 0.1; done").start();
        try {
            assertThat(other.inputReader().readLine()).isEqualTo("ready");
            assertThat(run("info", Long.toString(other.pid()))).isEqualTo(ExitCode.ENVIRONMENT);
            assertThat(err()).contains("there is no libjvm in it").hasLineCount(1);
            assertThat(other.waitFor(500, TimeUnit.MILLISECONDS)).isFalse();
        } finally {
            other.destroyForcibly();
        }
    }

    @Test
    @Tag("process")
    void tellsWhatIsMissing() throws Exception {
        try (Watched watched = new Watched("silent")) {
            assertThat(run("info", watched.pid())).isEqualTo(ExitCode.ENVIRONMENT);
            assertThat(err())
                    .contains("it has to call ZMallocManagement.register()")
                    .hasLineCount(1);
        }
        assertThat(run("info", "999999999")).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(err())
                .startsWith("zmalloc: process 999999999 is no JVM that can be attached to")
                .hasLineCount(1);
        assertThat(run("top", "999999999")).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(run("info", "x")).isEqualTo(ExitCode.USAGE);
    }

    @Test
    void theDoctorSeesWhatIsNotable() {
        Map<String, Object> process = Map.of(
                "UsedMemory", 100L << 20,
                "PeakMemory", 200L << 20,
                "AllocatorFragmentationRatio", 1.3,
                "AllocatorFragmentationBytes", 30L << 20,
                "AllocatorResidentRatio", 1.05,
                "AllocatorResidentBytes", 30L << 20);
        MemoryReport report = new MemoryReport(process, Map.of("full", Map.of("Rejections", 7L)));
        assertThat(report.doctor()).hasSize(3);
        assertThat(report.doctor().get(0)).startsWith("Peak: at most 200.0 MiB");
        assertThat(report.doctor().get(1)).startsWith("Fragmentation: 30.0 MiB");
        assertThat(report.doctor().get(2)).startsWith("Store full: 7 puts");
        assertThat(new MemoryReport(Map.of("UsedMemory", 10L << 20), Map.of()).doctor())
                .containsExactly("Nothing is notable.");
    }

    @SuppressWarnings("unchecked") // as the names of a JSON object are
    private static Map<String, Object> section(Map<String, Object> sections, String name) {
        return (Map<String, Object>) sections.get(name);
    }

    private int run(String... arguments) {
        out.reset();
        err.reset();
        return run(new PrintStream(out, true, StandardCharsets.UTF_8), arguments);
    }

    private int run(PrintStream to, String... arguments) {
        return Main.execute(
                new RunCommand.Environment(
                        () -> {
                            throw new AssertionError("reads no files");
                        },
                        OffHeapStore::usedMemory,
                        terminal,
                        stop,
                        to,
                        new PrintStream(err, true, StandardCharsets.UTF_8)),
                arguments);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    /** Another JVM, ready. */
    private static final class Watched implements AutoCloseable {
        private final Process process;

        Watched(String... arguments) throws IOException {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "-Xmx64m",
                    "-Dzmalloc.allocator=libc",
                    "-cp",
                    System.getProperty("java.class.path"),
                    WatchProbe.class.getName()));
            command.addAll(List.of(arguments));
            process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            assertThat(process.inputReader().readLine()).isEqualTo("ready");
        }

        String pid() {
            return Long.toString(process.pid());
        }

        void end() {
            process.destroy();
        }

        @Override
        public void close() {
            end();
            process.onExit().join();
        }
    }
}
