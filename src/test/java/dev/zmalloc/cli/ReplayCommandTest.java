package dev.zmalloc.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("process") // once is enough: it draws
class ReplayCommandTest {
    private final ByteArrayOutputStream outBytes = new ByteArrayOutputStream() {
        @Override
        public synchronized void write(byte[] bytes, int offset, int count) {
            super.write(bytes, offset, count);
            if (toString(StandardCharsets.UTF_8).contains(stopAfter)) {
                stop.raise();
            }
        }
    };
    private final ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
    private final StopSignal stop = new StopSignal();
    private String stopAfter = "not among what is written";

    @TempDir
    private Path folder;

    private Path trace = Path.of("");

    @BeforeEach
    void writeTrace() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int request = 0; request < 20_000; request++) {
            lines.append("key").append(request * 31L % 97 * (request % 13)).append('\n');
        }
        trace = Files.writeString(folder.resolve("some.keys"), lines);
    }

    @Test
    void replaysUnderEachPolicyAndLimitAndWritesTables() throws IOException {
        Path csv = folder.resolve("results.csv");
        Path png = folder.resolve("picture.png");
        Path svg = folder.resolve("picture.svg");
        String[] common = {"--policy", "all", "--max-memory", "64kb,5%", "--value-bytes", "2kb"};
        assertThat(run(common, "--csv", csv.toString(), "--plot", png.toString()))
                .as(err())
                .isEqualTo(ExitCode.OK);
        assertThat(out())
                .containsPattern("(?m)^trace +some.keys, keys$")
                .contains("20,000 requests of ")
                .containsPattern("(?m)^65,536 +noeviction ")
                .containsPattern("(?m)^65,536 +allkeys-lru ")
                .containsPattern("(?m)^65,536 +caffeine \\* ")
                .containsPattern("(?m)^65,536 +optimum \\* ")
                .containsPattern("(?m)^result +OK$")
                .doesNotContain("\u001b");
        List<String> rows = Files.readAllLines(csv);
        assertThat(rows.getFirst()).startsWith("trace,max_memory_bytes,policy,reference,requests,hits,hit_ratio,");
        assertThat(rows.size() % 2).isEqualTo(1);
        assertThat(rows).anyMatch(row -> row.startsWith("some.keys,65536,allkeys-lru,false,20000,"));
        assertThat(ImageIO.read(png.toFile()).getWidth()).isPositive();
        assertThat(run(common, "--plot", svg.toString())).isEqualTo(ExitCode.OK);
        assertThat(Files.readString(svg)).contains("<svg");
    }

    @Test
    void leavesReferencesOut() {
        assertThat(run(new String[] {"--max-memory", "64kb", "--no-references"}))
                .isEqualTo(ExitCode.OK);
        assertThat(out()).doesNotContain("caffeine").doesNotContain("optimum");
    }

    @Test
    void theLimitHasADefault() {
        assertThat(run(new String[] {"--value-bytes", "8kb"})).as(err()).isEqualTo(ExitCode.OK);
        assertThat(out()).contains("allkeys-lru");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--max-memory 0    | is no limit",
                "--max-memory 0%   | is no limit",
                "--max-memory x    | is not a size",
                "--max-memory 1    | too small to hold anything",
                "--policy foo      | no eviction policy is called 'foo'",
                "--format foo      | no format of traces is called 'foo'",
                "--value-bytes 9tb | accepted are sizes of at most",
                "--plot a.gif      | names that end in .svg or .png",
                "--csv no/such/f   | a folder that can be written",
                "--parameter a=1   | no parameter is called 'a'",
                "--parameter maxmemory-samples=65 | maxmemory-samples must be 1 to 64, not 65",
                "--parameter maxmemory-samples=x  | 'x' is not an int",
            })
    void refusesOptions(String options, String message) {
        assertThat(run(options.split(" "))).isEqualTo(ExitCode.USAGE);
        assertThat(err()).contains(message).hasLineCount(1);
    }

    @Test
    void takesParametersAndListsOfPoliciesAsRedisWritesThem() {
        String[] options = {"--policy", "allkeys-lfu,ALLKEYS-GDSF", "--max-memory", "64kb", "--no-references"};
        assertThat(run(
                        options,
                        "--parameter",
                        "maxmemory-samples=10,gdsf-size-weight=0",
                        "--parameter",
                        "lfu-log-factor=1"))
                .as(err())
                .isEqualTo(ExitCode.OK);
        assertThat(out()).containsPattern("(?m)^65,536 +allkeys-lfu ").containsPattern("(?m)^65,536 +allkeys-gdsf ");
    }

    @Test
    void tellsDamageInALine() throws IOException {
        Files.writeString(trace, "a 5\nb -5\n");
        assertThat(run(new String[] {"--max-memory", "64kb"})).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(err()).isEqualTo("zmalloc: " + trace + ", line 2: negative size -5" + System.lineSeparator());
    }

    @Test
    void stopsWhenAsked() {
        stop.raise();
        assertThat(run(new String[] {"--max-memory", "64kb"})).isEqualTo(ExitCode.INTERRUPTED);
        assertThat(out()).contains("INTERRUPTED");
    }

    @Test
    void tellsWhatIsKnownWhenStoppedInTheMiddle() throws IOException {
        Path csv = folder.resolve("results.csv");
        stopAfter = "requests of ";
        assertThat(run(new String[] {"--max-memory", "64kb,1mb"}, "--csv", csv.toString()))
                .as(err())
                .isEqualTo(ExitCode.INTERRUPTED);
        assertThat(out())
                .containsPattern("(?m)^stopped in +allkeys-lru 64kb, after 20.48 % of its requests; ")
                .containsPattern("(?m)^result +INTERRUPTED, OK so far$")
                .doesNotContain("byte hits");
        assertThat(Files.readAllLines(csv)).hasSize(1);
    }

    private int run(String[] options, String... more) {
        outBytes.reset();
        errBytes.reset();
        List<String> arguments = new java.util.ArrayList<>(List.of("replay", trace.toString()));
        arguments.addAll(List.of(options));
        arguments.addAll(List.of(more));
        return Main.execute(
                new RunCommand.Environment(
                        () -> new MemoryFiles(1, 1),
                        store -> 0,
                        Terminal.NONE,
                        stop,
                        new PrintStream(outBytes, true, StandardCharsets.UTF_8),
                        new PrintStream(errBytes, true, StandardCharsets.UTF_8)),
                arguments.toArray(String[]::new));
    }

    private String out() {
        return outBytes.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return errBytes.toString(StandardCharsets.UTF_8);
    }
}
