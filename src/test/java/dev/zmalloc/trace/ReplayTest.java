package dev.zmalloc.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Replays traces that are always there.
 *
 * <p>One has the classes that a JVM asks for, time and again, while it starts and {@code javac} prints its options, and
 * the sizes of their files. It was recorded with Temurin 25.0.3, whose commands make nearly the same each time:
 *
 * <pre>
 * java -Xshare:off -Xint -Xlog:class+resolve=debug:file=resolved:none -m jdk.compiler/com.sun.tools.javac.Main --help
 * jimage list --verbose "$JAVA_HOME/lib/modules" |
 *     awk '/\.class$/ { gsub("/", ".", $4); sub(/\.class$/, "", $4); print $4, $2 }' > sizes
 * awk 'NR == FNR { size[$1] = $2; next } $2 in size { print $2, size[$2] }' sizes resolved |
 *     xz -9e > jvm-start-classes.keys.xz
 * </pre>
 */
@Tag("process") // once is enough: what it shows does not depend on the allocator
class ReplayTest {
    private static final StepListener GO_ON = done -> true;
    private static final int REQUESTS = 10_602;
    private static final int CLASSES = 1_342;

    @TempDir
    private Path folder;

    /** The trace of classes: names and sizes of their files. */
    static TraceFile classes() throws IOException {
        try {
            Path path = Path.of(Objects.requireNonNull(ReplayTest.class.getResource("jvm-start-classes.keys.xz"))
                    .toURI());
            return TraceFile.of(path, null);
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static ReplayResult run(TraceFile file, EvictionPolicy policy, long maxMemory) throws IOException {
        return Replay.run(file, policy, EvictionParameters.DEFAULTS, maxMemory, 1, GO_ON);
    }

    @Test
    void summarisesTheClasses() throws IOException {
        TraceFile file = classes();
        assertThat(file.format()).isEqualTo(TraceFormat.KEYS);
        TraceSummary summary = TraceSummary.of(file, 1, true, GO_ON);
        assertThat(summary.requests()).isEqualTo(REQUESTS);
        assertThat(summary.uniqueKeys()).isEqualTo(CLASSES);
        assertThat(summary.sized()).isTrue();
        assertThat(Objects.requireNonNull(summary.history()).keys()).hasSize(REQUESTS);
    }

    @ParameterizedTest
    @EnumSource
    void replaysTheClasses(EvictionPolicy policy) throws IOException {
        double lastRatio = 0;
        for (long maxMemory : new long[] {512 << 10, 2 << 20, 6 << 20}) {
            ReplayResult result = run(classes(), policy, maxMemory);
            assertThat(result.problem()).isNull();
            assertThat(result.requests()).isEqualTo(REQUESTS);
            assertThat(result.usedMemory()).isPositive().isLessThanOrEqualTo(maxMemory);
            assertThat(result.hitRatio()).isGreaterThan(lastRatio).isLessThanOrEqualTo(1 - CLASSES / (double) REQUESTS);
            lastRatio = result.hitRatio();
            if (policy == EvictionPolicy.NOEVICTION) {
                assertThat(result.evictions()).isZero();
                assertThat(result.rejections() + result.hits() + result.entries())
                        .isEqualTo(REQUESTS);
            } else {
                assertThat(result.entries() + result.evictions() + result.hits() + result.rejections())
                        .isEqualTo(REQUESTS);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void withoutALimitOnlyTheFirstRequestsMiss(EvictionPolicy policy) throws IOException {
        ReplayResult result = run(classes(), policy, 0);
        assertThat(result.problem()).isNull();
        assertThat(result.hits()).isEqualTo(REQUESTS - CLASSES);
        assertThat(result.entries()).isEqualTo(CLASSES);
        for (Reference reference : Reference.values()) {
            assertThat(reference.run(history(classes()), 1L << 40, GO_ON).hits())
                    .isEqualTo(result.hits());
        }
    }

    @Test
    void aValueThatGrowsIsPutAgain() throws IOException {
        Path path = Files.writeString(folder.resolve("trace"), "a 10\na 20\na 20\nb 0\nb 3\nb 3\n");
        ReplayResult result = run(TraceFile.of(path, null), EvictionPolicy.NOEVICTION, 0);
        assertThat(result.problem()).isNull();
        assertThat(result.hits()).isEqualTo(4);
        assertThat(result.requestedBytes()).isEqualTo(56);
        assertThat(result.hitBytes()).isEqualTo(46);
    }

    @Test
    void endsWhenTheListenerSaysSo() throws IOException {
        ReplayResult result =
                Replay.run(classes(), EvictionPolicy.ALLKEYS_LRU, EvictionParameters.DEFAULTS, 0, 1, done -> false);
        assertThat(result.requests()).isEqualTo(StepListener.STEP);
        assertThat(result.problem()).isNull();
    }

    @Test
    void givesAllBackWhenTheTraceIsDamagedInTheMiddle() throws IOException {
        Path path = Files.writeString(folder.resolve("trace"), "a 10\nb 20\nc x\n");
        TraceFile file = TraceFile.of(path, null);
        assertThatThrownBy(() -> run(file, EvictionPolicy.ALLKEYS_LRU, 0))
                .isInstanceOf(TraceException.class)
                .hasMessageContaining("line 3: size 'x' is not a whole number");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void theOptimumIsThatOfAPlainSearch(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int[] keys = random.ints(400, 0, 30).map(key -> key * key / 30).toArray();
        int[] sizes = random.ints(30, 10, 11).toArray();
        for (int capacity = 0; capacity < 12; capacity++) {
            ReplayResult result =
                    Reference.OPTIMUM.run(new TraceSummary.History(keys, sizes), 10L * capacity + 9, GO_ON);
            assertThat(result.hits())
                    .as("seed %d, capacity %d", seed, capacity)
                    .isEqualTo(hitsOfTheOptimum(keys, capacity));
            assertThat(result.hitBytes()).isEqualTo(10 * result.hits());
        }
    }

    /** Of all that is there and what is asked for, drops what is needed last, looked for anew each time. */
    private static long hitsOfTheOptimum(int[] keys, int capacity) {
        TreeSet<Integer> held = new TreeSet<>();
        long hits = 0;
        for (int request = 0; request < keys.length; request++) {
            hits += held.add(keys[request]) ? 0 : 1;
            if (held.size() > capacity) {
                int victim = keys[request];
                int latest = -1;
                for (int key : held) {
                    int next = request + 1;
                    while (next < keys.length && keys[next] != key) {
                        next++;
                    }
                    if (next > latest) {
                        latest = next;
                        victim = key;
                    }
                }
                held.remove(victim);
            }
        }
        return hits;
    }

    @Test
    void theHeuristicForSizesIsTheOptimumWhereSizesAreNearlyAlike() {
        SplittableRandom random = new SplittableRandom(3);
        int[] keys = random.ints(20_000, 0, 90).map(key -> key * key / 90).toArray();
        int[] sizes = random.ints(90, 1000, 1001).toArray();
        ReplayResult unit = Reference.OPTIMUM.run(new TraceSummary.History(keys, sizes), 30_000, GO_ON);
        sizes[89] = 999;
        ReplayResult sized = Reference.OPTIMUM.run(new TraceSummary.History(keys, sizes), 30_000, GO_ON);
        assertThat(sized.hitRatio()).isCloseTo(unit.hitRatio(), within(0.005));
    }

    @Test
    void theOptimumIsAboveCaffeine() throws IOException {
        TraceSummary.History history = history(classes());
        ReplayResult optimum = Reference.OPTIMUM.run(history, 1 << 20, GO_ON);
        ReplayResult caffeine = Reference.CAFFEINE.run(history, 1 << 20, GO_ON);
        assertThat(caffeine.hitRatio()).isBetween(0.6, optimum.hitRatio());
    }

    static TraceSummary.History history(TraceFile file) throws IOException {
        return Objects.requireNonNull(TraceSummary.of(file, 1, true, GO_ON).history());
    }
}
