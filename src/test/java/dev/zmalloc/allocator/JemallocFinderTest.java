package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.ChildJvm;
import dev.zmalloc.fixtures.NativeLibraries;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where jemalloc is found, and what is said where it is not: each outcome in a JVM of its own. */
@Tag("process")
class JemallocFinderTest {
    private static final String TUNABLES = "GLIBC_TUNABLES";
    private static final String STATIC_TLS = "glibc.rtld.optional_static_tls=16384";

    private static ChildJvm probe() {
        return ChildJvm.of(AllocatorProbe.class);
    }

    @Test
    void usesPreloadedJemalloc() throws Exception {
        Path jemalloc = NativeLibraries.jemalloc();

        ChildJvm.Result result =
                probe().environment("LD_PRELOAD", jemalloc.toString()).run();

        assertServes(result, Origin.PRELOADED);
        assertThat(result.value("file")).endsWith("libjemalloc.so.2");
        assertThat(result.value("attempts")).isEqualTo("1");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void loadsTheSystemsWhereStaticTlsHasRoom() throws Exception {
        NativeLibraries.jemalloc();

        ChildJvm.Result result = probe().environment(TUNABLES, STATIC_TLS).run();

        assertServes(result, Origin.SYSTEM);
        assertThat(result.value("file")).endsWith("libjemalloc.so.2");
        assertThat(result.value("figures"))
                .contains("allocatedBytes=OptionalLong[")
                .doesNotContain("OptionalLong.empty");
        assertThat(result.value("attempt"))
                .startsWith("preloaded: symbols of the process: the process's malloc is ")
                .contains("libc.so.6, not jemalloc (cure: start the JVM with LD_PRELOAD=");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void bundledServesWhereTheSystemsRefuses() throws Exception {
        NativeLibraries.jemalloc();

        ChildJvm.Result result = probe().run();

        assertServes(result, Origin.BUNDLED);
        assertThat(result.value("file")).contains("lwjgl-jemalloc").endsWith(BundledLibrary.RESOURCE);
        assertThat(result.value("figures")).contains("allocatedBytes=OptionalLong.empty");
        assertThat(result.out())
                .contains(
                        "attempt=system: libjemalloc.so.2: ", "cannot allocate memory in static TLS block", STATIC_TLS);
        assertOneLogRecord(
                result.err(),
                ", without statistics,",
                "cannot allocate memory in static TLS block",
                STATIC_TLS,
                "LD_PRELOAD");
    }

    @Test
    void bundledServesWithoutLogWhereItWasAskedFor() throws Exception {
        ChildJvm.Result result =
                probe().property(LibraryFinder.SOURCES_PROPERTY, "bundled").run();

        assertServes(result, Origin.BUNDLED);
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).contains("system: libjemalloc.so.2: not tried");
    }

    @Test
    void leavesNoCopyOfTheBundledLibrary(@TempDir Path directory) throws Exception {
        ChildJvm.Result result = probe().property(LibraryFinder.SOURCES_PROPERTY, "bundled")
                .property("java.io.tmpdir", directory.toString())
                .run();

        assertServes(result, Origin.BUNDLED);
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files)
                    .filteredOn(file -> file.toString().contains("jemalloc"))
                    .isEmpty();
        }
    }

    @Test
    void refusesNamingEachAttemptWhereNothingIsFound() throws Exception {
        ChildJvm.Result result = probe().environment(
                        Setting.variable(LibraryFinder.SOURCES_PROPERTY), "preloaded,bundled")
                .without("lwjgl-jemalloc")
                .run();

        assertRefused(
                result,
                "preloaded: symbols of the process: the process's malloc is ",
                "system: libjemalloc.so.2: not tried",
                "bundled: " + BundledLibrary.RESOURCE + ": no jar on the class or module path has it",
                "cure: put org.lwjgl:lwjgl-jemalloc",
                "zmalloc.allocator=libc");
    }

    @Test
    void tellsTheLoadersWordsOfEachAttempt() throws Exception {
        NativeLibraries.jemalloc();

        ChildJvm.Result result = probe().without("lwjgl-jemalloc").run();

        assertRefused(
                result, "cannot allocate memory in static TLS block", STATIC_TLS, "no jar on the class or module path");
    }

    @Test
    void tellsWhyTheBundledLibraryCouldNotBeCopied() throws Exception {
        ChildJvm.Result result = probe().property(LibraryFinder.SOURCES_PROPERTY, "bundled")
                // Nobody can create a file there, whatever the rights.
                .property("java.io.tmpdir", "/proc")
                .run();

        assertRefused(result, "it could not be copied to a file: java.", "-Djava.io.tmpdir");
    }

    @Test
    void tellsThatTheCopyMayNotBeExecuted() throws Exception {
        List<Path> candidates;
        try (Stream<String> mounts = Files.lines(Path.of("/proc/mounts"))) {
            candidates = mounts.map(line -> line.split(" ", -1))
                    .filter(fields -> ("," + fields[3] + ",").contains(",noexec,"))
                    .map(fields -> Path.of(fields[1]))
                    .filter(path -> !path.startsWith("/proc") && !path.startsWith("/sys") && Files.isWritable(path))
                    .toList();
        }
        String reason = "skipped: no writable file system here is mounted noexec";
        if (candidates.isEmpty()) {
            System.err.println("WARNING: JemallocFinderTest.tellsThatTheCopyMayNotBeExecuted is " + reason);
        }
        Assumptions.assumeFalse(candidates.isEmpty(), reason);

        ChildJvm.Result result = probe().property(LibraryFinder.SOURCES_PROPERTY, "bundled")
                .property("java.io.tmpdir", candidates.getFirst().toString())
                .run();

        assertRefused(result, "failed to map segment", "noexec");
    }

    @Test
    void refusesFileThatIsNoLibrary(@TempDir Path directory) throws Exception {
        Path text = Files.writeString(directory.resolve("libjemalloc.so"), "not a library\n".repeat(20));

        ChildJvm.Result result = explicit(text);

        assertRefused(result, "explicit: " + text, "invalid ELF header", "zmalloc.library");
        assertThat(result.out()).as("nothing else is tried").doesNotContain("bundled:", "system:", "preloaded:");
    }

    @Test
    void refusesFileThatIsNotThere(@TempDir Path directory) throws Exception {
        Path missing = directory.resolve("libjemalloc.so");

        assertRefused(
                explicit(missing), missing.toString(), "cannot open shared object file: No such file or directory");
    }

    @Test
    void refusesLibraryThatIsNotJemalloc() throws Exception {
        Path math = NativeLibraries.mathLibrary();

        assertRefused(explicit(math), "explicit: " + math, "neither mallctl nor je_mallctl");
    }

    @Test
    void refusesJemallocThatLacksASymbol(@TempDir Path directory) throws Exception {
        // The bundled library with one name in its string table changed has everything but that function.
        byte[] library = bundled();
        replace(library, "je_nallocx\0", "je_nallocy\0");
        Path file = Files.write(directory.resolve("libjemalloc-without-nallocx.so"), library);

        assertRefused(explicit(file), file + " lacks je_nallocx");
    }

    @Test
    void loadsExplicitFileNamedByProperty(@TempDir Path directory) throws Exception {
        Path file = Files.write(directory.resolve("mine.so"), bundled());

        ChildJvm.Result result = explicit(file);

        assertServes(result, Origin.EXPLICIT);
        assertThat(result.value("file")).isEqualTo(file.toString());
        assertThat(result.value("attempts")).isEqualTo("1");
    }

    @Test
    void loadsExplicitFileNamedByTheEnvironment(@TempDir Path directory) throws Exception {
        Path file = Files.write(directory.resolve("mine.so"), bundled());

        ChildJvm.Result result =
                probe().environment("ZMALLOC_LIBRARY", file.toString()).run();

        assertServes(result, Origin.EXPLICIT);
    }

    @Test
    void tellsPreloadedTcmallocFromJemalloc() throws Exception {
        Path tcmalloc = NativeLibraries.tcmalloc();

        ChildJvm.Result result = probe().environment("LD_PRELOAD", tcmalloc.toString())
                .property(LibraryFinder.SOURCES_PROPERTY, "preloaded")
                .run();

        assertRefused(result, "the process's malloc is ", "libtcmalloc_minimal.so.4", ", not jemalloc");
    }

    @Test
    void bundledServesBesidePreloadedTcmalloc() throws Exception {
        Path tcmalloc = NativeLibraries.tcmalloc();

        ChildJvm.Result result = probe().environment("LD_PRELOAD", tcmalloc.toString())
                .property(LibraryFinder.SOURCES_PROPERTY, "preloaded,bundled")
                .run();

        assertServes(result, Origin.BUNDLED);
        assertThat(result.err()).isEmpty();
    }

    @Test
    void tellsWhenAnotherAllocatorStandsBeforePreloadedJemalloc() throws Exception {
        Path jemalloc = NativeLibraries.jemalloc();
        Path tcmalloc = NativeLibraries.tcmalloc();

        ChildJvm.Result result = probe().environment("LD_PRELOAD", tcmalloc + ":" + jemalloc)
                .property(LibraryFinder.SOURCES_PROPERTY, "preloaded")
                .run();

        assertRefused(
                result, "libjemalloc.so.2 lacks malloc", "nallocx", "; malloc is that of ", "libtcmalloc_minimal.so.4");
    }

    @Test
    void refusesUnknownSource() throws Exception {
        ChildJvm.Result result = probe().property(LibraryFinder.SOURCES_PROPERTY, "bundled,sytem")
                .run();

        assertRefused(
                result,
                "zmalloc.library.sources has \"sytem\"",
                "it can be none, or a list of any of [preloaded, system, bundled]");
    }

    @Test
    void servesFromTheModulePath(@TempDir Path directory) throws Exception {
        String location = BundledLibrary.find().orElseThrow().location().toString();
        Path jar = Path.of(URI.create(location.substring("jar:".length(), location.indexOf('!'))));
        Files.copy(jar, directory.resolve("lwjgl-jemalloc.jar"));

        for (Path modulePath : List.of(jar, directory)) {
            ChildJvm.Result result = probe().property(LibraryFinder.SOURCES_PROPERTY, "bundled")
                    .without("lwjgl-jemalloc")
                    .options("--module-path", modulePath.toString())
                    .run();

            assertServes(result, Origin.BUNDLED);
            assertThat(result.value("file")).contains("lwjgl-jemalloc");
        }
    }

    private static ChildJvm.Result explicit(Path file) throws IOException, InterruptedException {
        return probe().property(LibraryFinder.LIBRARY_PROPERTY, file.toString()).run();
    }

    private static void assertServes(ChildJvm.Result result, Origin origin) {
        assertThat(result.exit()).as(result.toString()).isZero();
        assertThat(result.value("name")).isEqualTo("jemalloc");
        assertThat(result.value("origin")).as(result.toString()).isEqualTo(origin.toString());
        assertThat(result.value("version")).matches("5\\.\\d.*|commit [0-9a-f]{40}|0\\.0\\.0-.*");
        assertThat(result.value("works")).isEqualTo("true");
        assertThat(result.value("same")).isEqualTo("true");
    }

    private static void assertRefused(ChildJvm.Result result, String... words) {
        assertThat(result.exit()).as(result.toString()).isEqualTo(AllocatorProbe.REFUSED);
        assertThat(result.out()).contains(words);
        assertThat(result.err()).isEmpty();
    }

    /** The JDK's own log format is two lines a record: where from, and the message after its level. */
    private static void assertOneLogRecord(String err, String... words) {
        assertThat(err.lines()).as(err).hasSize(2);
        assertThat(err.lines().toList().get(1))
                .startsWith("INFO: The bundled jemalloc (commit ")
                .contains(words);
    }

    private static byte[] bundled() throws IOException {
        try (InputStream library =
                JemallocFinderTest.class.getClassLoader().getResourceAsStream(BundledLibrary.RESOURCE)) {
            assertThat(library).isNotNull();
            return library.readAllBytes();
        }
    }

    private static void replace(byte[] library, String name, String otherName) {
        String text = new String(library, StandardCharsets.ISO_8859_1);
        int offset = text.indexOf(name);
        assertThat(offset).as("offset of " + name).isPositive();
        byte[] other = otherName.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(other, 0, library, offset, other.length);
    }
}
