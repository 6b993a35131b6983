package dev.zmalloc.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.fixtures.ChildJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Reads published traces, which are not part of the project: the environment variable {@code ZMALLOC_TRACES} names
 * their folder. In a JVM of their own, which lets the library for zstd use what it uses.
 */
@Tag("process") // once is enough: it takes ten seconds
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

    /** The policies whose hit ratios that table has, by what it calls them. */
    static final Map<EvictionPolicy, String> REFERENCE_COLUMNS = Map.of(EvictionPolicy.ALLKEYS_LRU, "redis-lru");

    /** How far a store's hit ratio may be from that of a policy which counts values alone. */
    private static final double TOLERANCE = 0.02;

    @Test
    void areReadAndReplayedAsOthersHaveThem() throws Exception {
        String folder = System.getenv(VARIABLE);
        if (folder == null) {
            String message = "NOT RUN: the tests on published traces; " + VARIABLE + " names no folder of them";
            System.out.println(message);
            Assumptions.abort(message);
        }
        assertThat(Path.of(folder)).isDirectory();
        ChildJvm.Result result = ChildJvm.of(PublishedTracesProbe.class)
                .withoutOption("--sun-misc-unsafe-memory-access=deny")
                .run(folder);
        assertThat(result.exit()).as(result.toString()).isZero();
        int compared = 0;
        for (Map.Entry<String, String> trace : TRACES.entrySet()) {
            if (Files.exists(Path.of(folder, trace.getKey()))) {
                assertThat(result.value(trace.getKey())).isEqualTo(trace.getValue());
            }
        }
        for (String line :
                result.out().lines().filter(text -> text.startsWith("ratio ")).toList()) {
            String[] words = line.split(" ");
            double ratio = Double.parseDouble(words[4]);
            double expected = Double.parseDouble(words[5]);
            double tolerance = words[3].equals("optimum") ? 0.002 : TOLERANCE;
            assertThat(ratio).as(line).isCloseTo(expected, within(tolerance));
            compared++;
        }
        assertThat(result.out()).contains("done");
        assertThat(TRACES.keySet()).anyMatch(name -> Files.exists(Path.of(folder, name)));
        System.out.println("published traces: " + compared + " hit ratios compared with the reference");
    }
}
