package dev.zmalloc.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.fixtures.ChildJvm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The examples of the Javadoc's pages run, and say what the pages say. */
class JourneysTest {
    private static final Pattern SNIPPET =
            Pattern.compile("\\{@snippet[\\s*]+file=\"(.*?)\"[\\s*]+region=\"(.*?)\"\\}");
    private static final Path ROOT = Path.of(System.getProperty("basedir", ""));

    private final String[] none = {};

    @Test
    void counts() {
        String out = SystemOut.of(() -> CountExample.main(none));
        assertThat(out)
                .contains(
                        "native, counted: true\n",
                        " bytes for images, ",
                        "no more than a mebibyte\n",
                        " bytes at most");
        if (ZMalloc.allocator().name().equals("jemalloc")) {
            assertThat(out).startsWith("1024 bytes given\n");
        }
        assertThat(ZMalloc.account("assets").usedMemory()).isZero();
    }

    @Test
    void caps() {
        assertThat(SystemOut.of(() -> CapExample.main(none)))
                .matches("analytical engine\ntrue\n1000 bytes, sum 0\ntrue\n");
    }

    @Test
    void plansWhatAStoreTakes() {
        assertThat(CapExample.plan()).isBetween(116_000_000L, 250_000_000L);
    }

    @Test
    void doesWhatTheOthersDo() {
        assertThat(MovingExample.ofCaffeine()).isEqualTo(PeerExample.caffeine());
        assertThat(MovingExample.ofOhc()).isEqualTo(100);
        assertThat(MovingExample.ofChronicleMap()).isEqualTo(101);
    }

    @Test
    @Tag("process")
    void allRunWhereOneChoosesTheAllocator() throws Exception {
        ChildJvm.Result result = ChildJvm.of(Examples.class).run();
        assertThat(result.exit()).as(result.toString()).isZero();
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).matches("(?s)(mimalloc|libc) \\S+ from /.*");
        assertThat(result.value("left")).isEqualTo("0");
    }

    /** The tool for documentation checks that too, but not in every run of the tests. */
    @Test
    @Tag("arch")
    void whatPagesShowIsThere() throws IOException {
        List<MatchResult> snippets;
        try (Stream<Path> files = Files.walk(ROOT.resolve("src/main/java"))) {
            snippets = files.filter(Files::isRegularFile)
                    .flatMap(file -> SNIPPET.matcher(read(file)).results())
                    .toList();
        }
        assertThat(snippets)
                .hasSizeGreaterThan(15)
                .allSatisfy(
                        snippet -> assertThat(read(ROOT.resolve("src/test/java").resolve(snippet.group(1))))
                                .contains("// @start region=\"" + snippet.group(2) + "\"\n"));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
