package dev.zmalloc.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.zmalloc.bench.Machine;
import dev.zmalloc.cli.ProgressLine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("process")
class CompareAllocatorsTest {
    private static final Comparison.Settings SETTINGS = new Comparison.Settings(8, 1, 1);

    @TempDir
    Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    void aQuickRunOverLibcTellsAllFigures() throws IOException {
        int exit = execute("--quick", "--mib=8", "--allocators=libc", "--workloads=fragmenting", "--output=" + folder);
        assertThat(exit).as("%s%s", text(out), text(err)).isZero();
        assertThat(text(out))
                .contains("Comparing libc on the fragmenting workload; this takes about")
                .contains("replaying the fragmenting workload: libc, 1 of 1")
                .containsPattern("(?m)^libc +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+  ")
                .containsPattern("(?m)^figure: compare\\.fragmenting\\.libc\\.processor_seconds = [0-9.]+$")
                .containsPattern("(?m)^figure: compare\\.fragmenting\\.libc\\.resident_mib = [0-9.]+$")
                .containsPattern("(?m)^figure: compare\\.fragmenting\\.libc\\.purged_resident_mib = -?[0-9.]+$");

        Map<String, Object> json = JSON.std.mapFrom(Files.readString(folder.resolve("compare-allocators.json")));
        assertThat(json).containsKeys("machine", "settings", "definitions");
        assertThat(list(json, "missing")).isEmpty();
        Map<String, Object> workload = list(json, "workloads").getFirst();
        assertThat(workload).containsEntry("name", "fragmenting");
        Map<String, Object> libc = list(workload, "allocators").getFirst();
        assertThat(libc).containsEntry("name", "libc").containsEntry("purge_offered", true);
        assertThat(((Number) libc.get("peak_used_bytes")).longValue()).isBetween(8L << 20, 12L << 20);
        assertThat(((Number) libc.get("peak_resident_bytes")).longValue()).isBetween(7L << 20, 60L << 20);
        assertThat(libc.get("points"))
                .asInstanceOf(InstanceOfAssertFactories.MAP)
                .containsOnlyKeys(Points.ALL.toArray());

        if (!text(out).contains("could not be drawn")) {
            assertThat(folder.resolve("compare-allocators.png")).isNotEmptyFile();
            assertThat(Files.readString(folder.resolve("compare-allocators.svg")))
                    .contains("<svg", "libc");
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .as("no logs are left")
                    .allMatch(name -> name.startsWith("compare-allocators."));
        }
    }

    @Test
    void whatIsMissingIsNamedWithTheReason() throws Exception {
        try (Children children = new Children(folder)) {
            ComparisonRun run = new ComparisonRun(
                    SETTINGS,
                    List.of(WorkloadKind.FRAGMENTING),
                    List.of("nosuch", "libc"),
                    children,
                    ProgressLine.onPipe(new PrintStream(out)));
            List<Comparison.Absent> absent = run.probe();
            assertThat(run.backends()).extracting(Backend::name).containsExactly("libc");
            assertThat(absent).hasSize(1);
            assertThat(absent.getFirst().why()).contains("no allocator is called \"nosuch\"");
        }
    }

    @Test
    void whatIsMissingIsInTableAndJson() throws IOException {
        ReplayResult.Sample point = new ReplayResult.Sample(Points.WORN, 50, 100 << 20, 110 << 20, 165 << 20);
        ReplayResult result = new ReplayResult(
                10, 2_000_000_000, 1_000_000_000, 110 << 20, 170 << 20, List.of(point), List.of(point));
        Backend libc = new Backend("libc", "2.36", "", "libc");
        Comparison comparison = new Comparison(
                Machine.here(),
                SETTINGS,
                List.of(libc),
                List.of(new Comparison.Absent("tcmalloc", "not installed")),
                List.of(new Comparison.Workload(
                        WorkloadKind.STORE, result, List.of(new Comparison.Entry(libc, List.of(result))))));
        assertThat(ComparisonTable.lines(comparison))
                .anyMatch(line -> line.matches("tcmalloc +MISSING, and not compared: not installed"))
                .anyMatch(line -> line.matches("libc +2\\.00 +1\\.00 +110\\.0 +170\\.0 +n/o +165\\.0 +n/o.* 1\\.50 .*"))
                .allMatch(line -> line.length() <= 120);
        assertThat(ComparisonTable.warning(comparison).orElseThrow()).contains("2.0 times");
        assertThat(ComparisonTable.figures(comparison))
                .contains(
                        "figure: compare.store.libc.seconds = 2.000",
                        "figure: compare.store.libc.resident_mib = 170.0",
                        "figure: compare.store.libc.worn_fragmentation_ratio = 1.500")
                .noneMatch(line -> line.contains("purged"));
        assertThat(list(JSON.std.mapFrom(ComparisonJson.text(comparison)), "missing"))
                .containsExactly(Map.of("name", "tcmalloc", "why", "not installed"));
    }

    @Test
    void medianIsAFigureThatWasMeasured() {
        List<ReplayResult> forks = Stream.of(7L, 1L, 5L, 2L)
                .map(seconds -> new ReplayResult(
                        1, seconds * 1_000_000_000, seconds * 1_000_000_000, 0, 0, List.of(), List.of()))
                .toList();
        Backend libc = new Backend("libc", "", "", "");
        assertThat(new Comparison.Entry(libc, forks).seconds()).isEqualTo(2);
        assertThat(new Comparison.Entry(libc, forks.subList(0, 3)).processorSeconds())
                .isEqualTo(5);
    }

    @Test
    void wrongInputIsAnsweredWithWhatIsAccepted() {
        assertThat(execute("--allocators=jemaloc")).isEqualTo(2);
        assertThat(execute("--workloads=stor")).isEqualTo(2);
        assertThat(execute("--forks=0")).isEqualTo(2);
        assertThat(execute("--mib=many")).isEqualTo(2);
        assertThat(text(err))
                .contains("'--allocators': 'jemaloc'; accepted are jemalloc, libc, tcmalloc, mimalloc")
                .contains("'--workloads': 'stor'; accepted are store, fragmenting")
                .contains("'--forks': '0'; accepted are whole numbers from 1 to 50")
                .contains("'--mib'");
        assertThat(text(out)).isEmpty();
    }

    private int execute(String... arguments) {
        PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
        return CompareAllocators.execute(
                stream, new PrintStream(err, true, StandardCharsets.UTF_8), ProgressLine.onPipe(stream), arguments);
    }

    @SuppressWarnings("unchecked") // what JSON objects in JSON arrays are read as
    private static List<Map<String, Object>> list(Map<String, Object> map, String name) {
        return (List<Map<String, Object>>) map.get(name);
    }

    private static String text(ByteArrayOutputStream bytes) {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
