package dev.zmalloc.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.zmalloc.fixtures.ChildJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Reads published traces, which are not part of the project: the environment variable {@code ZMALLOC_TRACES} names
 * their folder. In a JVM of their own, which lets the library for zstd use what it uses. Hit ratios are those of stores
 * that count payload alone, beside those of an independent simulator.
 */
@Tag("process") // once is enough: it takes a minute
class PublishedTracesTest {
    static final String VARIABLE = "ZMALLOC_TRACES";

    /** Format, requests and unique keys of each file, as their publishers and an independent simulator have them. */
    private static final Map<String, String> TRACES = Map.of(
            "cloudphysics-io.oracleGeneral.bin.zst", "oracle 113872 48974",
            "adaptsize-request.trace.xz", "adaptsize 66987 40240",
            "arc-OLTP.lis.zst", "arc 914145 186880",
            "corda-vaultservice.trace.gz", "int64 135702 90468",
            "cache2k-web12.trace.xz", "int32 95607 13756",
            "mooncake-conversation.jsonl.zst", "mooncake 288500 182790",
            "lirs-sprite.trace.gz", "lirs 133996 7075",
            "lirs-loop.trace.gz", "lirs 505500 1011");

    /** What each is called in the table of reference hit ratios. */
    static final Map<String, String> REFERENCE_NAMES = Map.of(
            "cloudphysics-io.oracleGeneral.bin.zst", "cloudphysics-io",
            "adaptsize-request.trace.xz", "adaptsize",
            "arc-OLTP.lis.zst", "arc-oltp",
            "corda-vaultservice.trace.gz", "corda",
            "cache2k-web12.trace.xz", "web12",
            "mooncake-conversation.jsonl.zst", "mooncake",
            "lirs-sprite.trace.gz", "sprite",
            "lirs-loop.trace.gz", "lirs-loop");

    /** Misses of S3-FIFO on the block trace by mebibytes, in libCacheSim's own test (test/test_evictionAlgo.c). */
    static final Map<Integer, Integer> GOLDEN_MISSES = Map.of(128, 89_307, 384, 77_041, 640, 71_300, 896, 70_455);

    /** How far from the reference a hit ratio may be. */
    private static final Map<String, Double> TOLERANCES =
            Map.of("allkeys-lru", 0.01, "allkeys-s3fifo", 0.01, "allkeys-gdsf", 0.015, "optimum", 0.002);

    /** How far sampled LRU may be from exact LRU on average. */
    private static final double LRU_TOLERANCE = 0.005;

    /** One hit ratio of {@link PublishedTracesProbe}. */
    private record Ratio(
            String trace, boolean unit, String percent, String policy, double ours, double reference, double bound) {
        static Ratio parse(String line) {
            String[] words = line.split(" ");
            return new Ratio(
                    words[1],
                    words[2].equals("unit"),
                    words[3],
                    words[4],
                    Double.parseDouble(words[5]),
                    Double.parseDouble(words[6]),
                    Double.parseDouble(words[7]));
        }

        String line() {
            return String.format(
                    Locale.ROOT,
                    "%-16s %3s %%  %-15s %8.2f %% %10.2f %% %+10.2f",
                    trace,
                    percent,
                    policy,
                    100 * ours,
                    100 * reference,
                    100 * (ours - reference));
        }
    }

    @Test
    void areReadAndHitAsOthersHaveThem() throws Exception {
        String folder = System.getenv(VARIABLE);
        if (folder == null) {
            String message = "NOT RUN: the tests on published traces; " + VARIABLE + " names no folder of them";
            System.out.println("WARNING: " + message);
            Assumptions.abort(message);
        }
        assertThat(Path.of(folder)).isDirectory();
        ChildJvm.Result result = ChildJvm.of(PublishedTracesProbe.class)
                .withAllCompilers()
                .withoutOption("--sun-misc-unsafe-memory-access=deny")
                .run(folder);
        assertThat(result.exit()).as(result.toString()).isZero();
        assertThat(result.out()).contains("done");
        List<Ratio> ratios = result.out()
                .lines()
                .filter(line -> line.startsWith("ratio "))
                .map(Ratio::parse)
                .toList();
        System.out.printf(
                "%-16s %5s  %-15s %10s %12s %10s%n", "trace", "size", "policy", "ours", "reference", "points");
        ratios.forEach(ratio -> System.out.println(ratio.line()));
        for (Map.Entry<String, String> trace : TRACES.entrySet()) {
            if (Files.exists(Path.of(folder, trace.getKey()))) {
                assertThat(result.value(trace.getKey())).isEqualTo(trace.getValue());
            }
        }
        assertThat(TRACES.keySet()).anyMatch(name -> Files.exists(Path.of(folder, name)));
        if (result.out().contains("golden.")) {
            GOLDEN_MISSES.forEach((mebibytes, misses) ->
                    assertThat(result.value("golden." + mebibytes)).isEqualTo(misses.toString()));
        }
        ratios.forEach(ratio -> check(ratio, ratios));
        checkLru(ratios);
    }

    private static void check(Ratio ratio, List<Ratio> all) {
        assertThat(ratio.ours()).as(ratio.line()).isCloseTo(ratio.reference(), within(TOLERANCES.get(ratio.policy())));
        for (Ratio other : all) {
            boolean isOptimum = other.policy().equals("optimum")
                    && other.trace().equals(ratio.trace())
                    && other.percent().equals(ratio.percent());
            if (isOptimum && ratio.unit()) {
                assertThat(ratio.ours()).as(ratio.line()).isLessThanOrEqualTo(other.ours());
            }
        }
        // What is read twice, a little later, and a scan that does not fit.
        if (ratio.trace().equals("corda")) {
            assertThat(ratio.ours()).as(ratio.line()).isCloseTo(1 / 3.0, within(0.001));
        } else if (ratio.trace().equals("lirs-loop") && !ratio.policy().equals("optimum")) {
            assertThat(ratio.ours()).as(ratio.line()).isLessThan(0.002);
        }
    }

    private static void checkLru(List<Ratio> ratios) {
        List<Double> differences = new ArrayList<>();
        for (Ratio ratio : ratios) {
            if (ratio.policy().equals("allkeys-lru")) {
                differences.add(Math.abs(ratio.ours() - ratio.bound()));
            }
        }
        double mean =
                differences.stream().mapToDouble(Double::doubleValue).average().orElse(0);
        System.out.printf("allkeys-lru is %.2f points from exact LRU on average%n", 100 * mean);
        assertThat(mean).isLessThan(LRU_TOLERANCE);
    }
}
