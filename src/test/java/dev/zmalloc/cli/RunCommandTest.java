package dev.zmalloc.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.store.OffHeapStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RunCommandTest {
    private final ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
    private final ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
    private final StopSignal stop = new StopSignal();
    private SourceFiles.Opener source = () -> new MemoryFiles(500, 4000);
    private ToLongFunction<OffHeapStore> usedMemory = OffHeapStore::usedMemory;
    private Terminal terminal = Terminal.NONE;

    @ParameterizedTest
    @CsvSource({
        "allkeys-lru, 1, 256kb",
        "allkeys-lru, 4, 256kb",
        "allkeys-lru, 2, 64k",
        "allkeys-lru, 4, 0",
        "noeviction, 1, 256kb",
        "noeviction, 4, 256kb",
        "noeviction, 2, 64mb"
    })
    void verifiesARun(String policy, String threads, String maxMemory) {
        int code = run("run", "--reads", "20000", "--policy", policy, "--threads", threads, "--max-memory", maxMemory);
        assertThat(err()).isEmpty();
        assertThat(code).isEqualTo(ExitCode.OK);
        assertThat(out())
                .containsPattern("(?m)^result +OK$")
                .containsPattern("(?m)^reads +20,000 of 20,000 in ")
                .containsPattern("(?m)^compared +[0-9,]{5,} bytes, 0 differ$")
                .doesNotContain("\u001b");
    }

    @ParameterizedTest
    @ValueSource(strings = {"allkeys-lru", "noeviction"})
    void cachesTheFilesOfTheJdk(String policy) {
        source = JdkFiles::open;
        assertThat(run("run", "--reads", "20000", "--threads", "2", "--max-memory", "2mb", "--policy", policy))
                .isEqualTo(ExitCode.OK);
        assertThat(out()).contains("jrt:/modules").containsPattern("(?m)^result +OK$");
        assertThat(err()).isEmpty();
    }

    @Test
    void evictsWhatDoesNotFitAndRejectsWhatNeverCan() {
        source = () -> new MemoryFiles(500, 60_000);
        assertThat(run("run", "--reads", "5000", "--threads", "1", "--max-memory", "48kb"))
                .isEqualTo(ExitCode.OK);
        assertThat(out()).containsPattern("(?m)^entries .* [1-9][0-9,]* evicted, [1-9][0-9,]* rejected$");
    }

    @Test
    void aFullStoreThatMustNotEvictRejects() {
        assertThat(run("run", "--reads", "5000", "--max-memory", "64kb", "--policy", "noeviction"))
                .isEqualTo(ExitCode.OK);
        assertThat(out()).containsPattern("(?m)^entries .* 0 evicted, [1-9][0-9,]* rejected$");
    }

    @Test
    void theSameSeedReadsTheSame() {
        String[] arguments = {"run", "--reads", "3000", "--threads", "1", "--max-memory", "0", "--seed", "5"};
        run(arguments);
        String first = line("hit ratio");
        run(arguments);
        assertThat(line("hit ratio")).isEqualTo(first);
        run("run", "--reads", "3000", "--threads", "1", "--max-memory", "0", "--seed", "6");
        assertThat(line("hit ratio")).isNotEqualTo(first);
    }

    @Test
    void oneFlippedByteFails() {
        AtomicLong flipped = new AtomicLong();
        source = () -> new MemoryFiles(50, 4000, (reads, content) -> {
            // Late enough that every file was cached before; the file may be empty.
            if (reads >= 5000 && content.length > 10 && flipped.getAndIncrement() == 0) {
                content[content.length / 2] ^= 1;
            }
            return content;
        });
        assertThat(run("run", "--reads", "10000", "--threads", "4", "--max-memory", "0"))
                .isEqualTo(ExitCode.VERIFICATION_FAILED);
        assertThat(out())
                .containsPattern("(?m)^result +FAILED: 1 bytes differ from their source; first: file-[0-9]+: 1 of ")
                .containsPattern("(?m)^compared .*, 1 differ$")
                .contains("PROBLEM 1 bytes differ");
    }

    @Test
    void aShorterValueFails() {
        source = () -> new MemoryFiles(1, 4000, (reads, content) -> reads == 1 ? new byte[0] : content);
        assertThat(run("run", "--reads", "2", "--threads", "1")).isEqualTo(ExitCode.VERIFICATION_FAILED);
    }

    @Test
    void whatWasLoadedAndNeverServedIsComparedAtTheEnd() {
        source = () -> new MemoryFiles(1, 4000, (reads, content) -> {
            content[0] ^= (byte) (reads == 1 ? 1 : 0);
            return content;
        });
        assertThat(run("run", "--reads", "1", "--threads", "1")).isEqualTo(ExitCode.VERIFICATION_FAILED);
        assertThat(out()).contains("1 bytes differ");
    }

    @Test
    void passingTheLimitOnceFails() {
        AtomicLong samples = new AtomicLong();
        usedMemory = store -> samples.incrementAndGet() == 50 ? 262_145 : store.usedMemory();
        assertThat(run("run", "--reads", "20000", "--max-memory", "256kb")).isEqualTo(ExitCode.VERIFICATION_FAILED);
        assertThat(samples).hasValueGreaterThan(50);
        assertThat(out())
                .containsPattern("(?m)^result +FAILED: used memory reached 262,145 bytes, the limit is 262,144$");
    }

    @Test
    void reachingTheLimitIsAllowed() {
        usedMemory = store -> 262_144;
        assertThat(run("run", "--reads", "1000", "--max-memory", "256kb")).isEqualTo(ExitCode.OK);
    }

    @Test
    void aWorkerThatFailsEndsTheRunInOneLine() {
        source = () -> new MemoryFiles(500, 4000, (reads, content) -> {
            if (reads == 1000) {
                throw new IOException("the disk is gone");
            }
            return content;
        });
        assertThat(run("run", "--reads", "1000000000", "--threads", "4")).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(err())
                .matches("zmalloc: a worker failed at file-[0-9]+: java.io.IOException: the disk is gone\n")
                .doesNotContain("\tat ");
        assertThat(out()).containsPattern("(?m)^result +NOT FINISHED: ");
    }

    @Test
    void verboseShowsTheStackTrace() {
        source = () -> new MemoryFiles(500, 4000, (reads, content) -> {
            throw new IOException("the disk is gone");
        });
        assertThat(run("run", "--reads", "10", "--verbose")).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(err()).contains("\tat dev.zmalloc.cli.");
    }

    @Test
    void aSourceThatCannotBeOpenedIsOneLine() {
        source = () -> {
            throw new IOException("no such thing");
        };
        assertThat(run("run")).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(err()).isEqualTo("zmalloc: java.io.IOException: no such thing\n");
    }

    @Test
    void anInterruptedRunReportsWhatItDid() {
        source = () -> new MemoryFiles(500, 4000, (reads, content) -> {
            if (reads == 5000) {
                stop.raise();
            }
            return content;
        });
        assertThat(run("run", "--reads", "1000000000", "--threads", "2", "--max-memory", "256kb"))
                .isEqualTo(ExitCode.INTERRUPTED);
        assertThat(out())
                .containsPattern("(?m)^result +INTERRUPTED, OK so far$")
                .containsPattern("(?m)^reads +[0-9],[0-9]{3} of 1,000,000,000 in ");
    }

    @Test
    void anInterruptDoesNotHideAFailure() {
        source = () -> new MemoryFiles(500, 4000, (reads, content) -> {
            if (reads == 5000) {
                stop.raise();
            }
            if (reads > 2000 && content.length > 0) {
                content[0] ^= 1;
            }
            return content;
        });
        assertThat(run("run", "--reads", "1000000000", "--threads", "2")).isEqualTo(ExitCode.VERIFICATION_FAILED);
    }

    @Test
    void aTerminalIsDrawnOver() {
        terminal = new Terminal(true, true, 60);
        assertThat(run("run", "--reads", "20000", "--max-memory", "256kb")).isEqualTo(ExitCode.OK);
        assertThat(out()).contains("\u001b[K", "used ", "progress ").containsPattern("(?m)^result +OK$");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "run --max-memory 10x|accepted are whole numbers with",
                "run --max-memory -1|accepted are whole numbers with",
                "run --max-memory 100|at least",
                "run --policy lru|noeviction, allkeys-lru",
                "run --reads -4|whole numbers from 1",
                "run --reads 0|whole numbers from 1",
                "run --reads many|whole numbers from 1",
                "run --threads 0|from 1 to 1024",
                "run --threads 100000|from 1 to 1024",
                "run --skew -1|from 0 to 10",
                "run --skew NaN|from 0 to 10",
                "run --seed x|whole numbers of 64 bits",
                "run --allocator nope|jemalloc, libc, tcmalloc, mimalloc, offered, or the full name of a class",
                "run --allocator java.lang.String|tcmalloc, mimalloc, offered, or the full name of a class",
                "info --allocator nope|jemalloc, libc, tcmalloc, mimalloc, offered, or the full name of a class",
                "run surplus|Unmatched argument",
                "run --unknown|Unknown option",
                "frobnicate|Unmatched argument",
                "--|accepted are run, replay, info, top and help"
            })
    void whatIsWrongIsToldInOneLine(String line, String accepted) {
        assertThat(run(line.split(" "))).isEqualTo(ExitCode.USAGE);
        assertThat(err())
                .startsWith("zmalloc: ")
                .contains(accepted)
                .hasLineCount(1)
                .doesNotContain("Exception");
    }

    @Test
    void helpListsOptionsAndExitCodes() {
        assertThat(run("run", "--help")).isEqualTo(ExitCode.OK);
        assertThat(out())
                .contains("--max-memory", "--policy", "--reads", "--seed", "--skew", "--threads", "--allocator")
                .contains("verification failed");
        assertThat(run("--version")).isEqualTo(ExitCode.OK);
        assertThat(run("help")).isEqualTo(ExitCode.OK);
    }

    @Test
    void infoTellsWhatServes() {
        assertThat(run("info")).isEqualTo(ExitCode.OK);
        assertThat(err()).isEmpty();
        assertThat(out())
                .containsPattern("(?m)^allocator +" + System.getProperty("zmalloc.allocator", "jemalloc") + "$")
                .containsPattern("(?m)^version +([0-9]|commit [0-9a-f])")
                .containsPattern("(?m)^file +.*/lib")
                .containsPattern("(?m)^origin +[a-z]+$")
                .containsPattern("(?m)^page size +[0-9,]+ bytes, the system's [0-9,]+ bytes$")
                .containsPattern("(?m)^size classes ")
                .containsPattern("(?m)^resident ")
                .containsPattern("(?m)^muzzy +(not told|[0-9])")
                .containsPattern("(?m)^fragmented +(not told|[0-9])")
                .containsPattern("(?m)^ZMalloc +used memory 0 bytes")
                .containsPattern("(?m)^ +peak [0-9,]+ bytes")
                .containsPattern("(?m)^process +resident [0-9,]+ bytes")
                .containsPattern("(?m)^ +private dirty [0-9,]+ bytes")
                .containsPattern("(?m)^ratios +mem_fragmentation_ratio = process resident / used memory: none, [0-9]")
                .containsPattern(
                        "(?m)^ +allocator_frag_ratio = 1 [+] fragmented / allocated: (not told|[0-9.]+, [0-9])")
                .containsPattern("(?m)^ +allocator_rss_ratio = resident / active: (not told|[0-9.]+, [0-9])")
                .containsPattern("(?m)^ +rss_overhead_ratio = process resident / resident: (not told|[0-9.]+, -?[0-9])")
                .containsPattern("(?m)^limits +machine [0-9,]+ bytes")
                .containsPattern("(?m)^ +cgroup (none|[0-9,]+ bytes)")
                .containsPattern("(?m)^ +largest heap [0-9,]+ bytes")
                .contains(Runtime.version().toString());
    }

    private int run(String... arguments) {
        outBytes.reset();
        errBytes.reset();
        return Main.execute(
                new RunCommand.Environment(
                        source,
                        usedMemory,
                        terminal,
                        stop,
                        new PrintStream(outBytes, true, StandardCharsets.UTF_8),
                        new PrintStream(errBytes, true, StandardCharsets.UTF_8)),
                arguments);
    }

    private String out() {
        return outBytes.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return errBytes.toString(StandardCharsets.UTF_8);
    }

    private String line(String label) {
        return out().lines().filter(line -> line.startsWith(label)).findFirst().orElseThrow();
    }
}
