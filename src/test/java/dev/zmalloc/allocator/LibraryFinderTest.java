package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.ChildJvm;
import dev.zmalloc.fixtures.NativeLibraries;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Where tcmalloc and mimalloc are found, and what is said where they are not: each outcome in a JVM of its own. */
@Tag("process")
class LibraryFinderTest {
    private static ChildJvm probe(String allocator) {
        return ChildJvm.of(AllocatorProbe.class).property(Allocators.ALLOCATOR_PROPERTY, allocator);
    }

    @Test
    void findsTcmallocUnderItsSoname() throws Exception {
        NativeLibraries.tcmalloc();

        ChildJvm.Result result = probe("tcmalloc").run();

        assertServes(result, "tcmalloc", Origin.SYSTEM);
        assertThat(result.value("version")).matches("\\d.* of gperftools");
        assertThat(result.value("file")).contains("libtcmalloc_minimal.so.4");
        assertThat(result.value("attempt"))
                .startsWith("preloaded: symbols of the process: the process's malloc is ")
                .contains(", not tcmalloc (cure: start the JVM with LD_PRELOAD=libtcmalloc_minimal.so.4)");
    }

    @Test
    void findsMimallocUnderItsSoname() throws Exception {
        NativeLibraries.mimalloc();

        ChildJvm.Result result = probe("mimalloc").run();

        assertServes(result, "mimalloc", Origin.SYSTEM);
        assertThat(result.value("version")).matches("[23]\\.\\d+\\.\\d+");
        assertThat(result.value("file")).contains("libmimalloc.so");
    }

    @Test
    void usesWhatIsPreloaded() throws Exception {
        Path tcmalloc = NativeLibraries.tcmalloc();
        Path mimalloc = NativeLibraries.mimalloc();

        assertServes(
                probe("tcmalloc").environment("LD_PRELOAD", tcmalloc.toString()).run(), "tcmalloc", Origin.PRELOADED);
        assertServes(
                probe("mimalloc").environment("LD_PRELOAD", mimalloc.toString()).run(), "mimalloc", Origin.PRELOADED);
    }

    @Test
    void tellsTheTwoApartWhereBothArePreloaded() throws Exception {
        String both = NativeLibraries.tcmalloc() + ":" + NativeLibraries.mimalloc();

        for (String name : new String[] {"tcmalloc", "mimalloc"}) {
            ChildJvm.Result result = probe(name).environment("LD_PRELOAD", both).run();

            assertServes(result, name, Origin.PRELOADED);
            assertThat(result.value("file")).contains("lib" + name);
        }
    }

    @Test
    void usesTheExplicitPath() throws Exception {
        Path mimalloc = NativeLibraries.mimalloc();

        ChildJvm.Result result = probe("mimalloc")
                .property(LibraryFinder.LIBRARY_PROPERTY, mimalloc.toString())
                .run();

        assertServes(result, "mimalloc", Origin.EXPLICIT);
        assertThat(result.value("attempts")).isEqualTo("1");
    }

    @Test
    void refusesOneForAnother() throws Exception {
        String tcmalloc = NativeLibraries.tcmalloc().toString();

        ChildJvm.Result result = probe("mimalloc")
                .property(LibraryFinder.LIBRARY_PROPERTY, tcmalloc)
                .run();

        assertRefused(
                result,
                "no mimalloc could be had",
                "explicit: " + tcmalloc + ": loaded, but it is not mimalloc: it has no mi_version",
                "name a mimalloc, or leave it unset");
    }

    @Test
    void refusesNamingEachAttemptAndThePackage() throws Exception {
        ChildJvm.Result tcmalloc = probe("tcmalloc")
                .property(LibraryFinder.SOURCES_PROPERTY, "none")
                .run();
        assertRefused(
                tcmalloc,
                "preloaded: symbols of the process: not tried",
                "system: libtcmalloc_minimal.so.4: not tried",
                "system: libtcmalloc.so.4: not tried",
                "zmalloc.allocator=libc");
        assertThat(tcmalloc.out()).doesNotContain("bundled:");

        assertThat(TcmallocAllocator.LIBRARY.installCure()).contains("libtcmalloc-minimal4");
        assertThat(MimallocAllocator.LIBRARY.installCure()).contains("libmimalloc2.0");
    }

    private static void assertServes(ChildJvm.Result result, String name, Origin origin) {
        assertThat(result.exit()).as(result.toString()).isZero();
        assertThat(result.value("name")).isEqualTo(name);
        assertThat(result.value("origin")).as(result.toString()).isEqualTo(origin.toString());
        assertThat(result.value("works")).isEqualTo("true");
        assertThat(result.err()).isEmpty();
    }

    private static void assertRefused(ChildJvm.Result result, String... words) {
        assertThat(result.exit()).as(result.toString()).isEqualTo(AllocatorProbe.REFUSED);
        assertThat(result.out()).contains(words);
    }
}
