package dev.zmalloc.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.metrics.ZMallocManagement;
import dev.zmalloc.store.OffHeapStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("core")
class ReadmeExampleTest {
    private static final Path ROOT = Path.of(System.getProperty("basedir", ""));
    private static final Path EXAMPLES = ROOT.resolve("src/test/java/dev/zmalloc/examples");

    @Test
    void theReadmeShowsWhatIsCompiledHere() throws IOException {
        String readme = Files.readString(ROOT.resolve("README.md"));
        String region = region("ReadmeExample.java");
        assertThat(between(readme, "```java\n", "```\n")).isEqualTo(region);
        assertThat(region).as("short enough to be read at a glance").hasLineCount(10);
        assertThat(readme).contains("```java\n" + region("EvictionExample.java") + "```\n");
        assertThat(readme).contains("```java\n" + region("DashboardExample.java") + "```\n");
        assertThat(readme).contains("```java\n" + region("NoMemoryExampleTest.java") + "```\n");
        assertThat(readme).contains("```java\n" + region("RemovalExample.java") + "```\n");
        assertThat(readme).contains("```java\n" + region("CacheExample.java") + "```\n");
        assertThat(readme).contains("```java\n" + region("JCacheExample.java") + "```\n");
    }

    @Test
    void theExampleOfEvictionRuns() {
        assertThat(SystemOut.of(EvictionExample::run)).isEqualTo("0 bytes to go, 0 evicted\n");
    }

    @Test
    void theExampleRuns() {
        assertThat(SystemOut.of(() -> ReadmeExample.main(new String[0])))
                .matches("Ada Lovelace, [0-9]+ bytes used\n12\n0\n");
    }

    @Test
    void theExampleOfDashboardsRuns() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            DashboardExample.show(registry, store);
            assertThat(registry.get("cache.size").gauge().value()).isZero();
            assertThat(registry.get("zmalloc.memory.used").gauge().value()).isEqualTo((double) store.usedMemory());
        } finally {
            ZMallocManagement.unregister();
        }
    }

    @Test
    void theExampleOfRemovalRuns(@TempDir Path folder) {
        assertThat(SystemOut.of(() -> runRemovalExample(folder.resolve("trace"))))
                .isEqualTo("5\nREPLACED 100\nfalse 0\n");
        assertThat(folder.resolve("trace")).hasSize(2 * 24);
    }

    private static void runRemovalExample(Path trace) {
        try {
            RemovalExample.run(trace);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void theExampleOfACacheRuns() {
        assertThat(SystemOut.of(() -> CacheExample.main(new String[0])))
                .isEqualTo("City[name=Bonn, people=335000, north=50.7] grows: 336000\n");
    }

    @Test
    void theExampleOfJCacheRuns() {
        assertThat(SystemOut.of(() -> JCacheExample.main(new String[0]))).isEqualTo("Ada was here 2 times\n");
    }

    /** Without the last line's end: an empty last line would count as one without indentation. */
    private static String region(String file) throws IOException {
        String source = Files.readString(EXAMPLES.resolve(file));
        String lines = between(source, "// README begin\n", "// README end")
                .replaceAll("(?m)^ *// @(start|end).*\n", "") // the Javadoc's marks
                .stripTrailing();
        return lines.stripIndent() + "\n";
    }

    private static String between(String text, String begin, String end) {
        int from = text.indexOf(begin) + begin.length();
        return text.substring(from, text.indexOf(end, from));
    }
}
