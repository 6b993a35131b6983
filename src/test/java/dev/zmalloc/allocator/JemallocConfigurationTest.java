package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.fixtures.ChildJvm;
import dev.zmalloc.fixtures.NativeLibraries;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What jemalloc is asked to start with, and what it makes of that: each outcome in a JVM of its own. */
@Tag("process")
class JemallocConfigurationTest {
    private static ChildJvm probe(String configuration) {
        return ChildJvm.of(AllocatorProbe.class).property(JemallocConfiguration.PROPERTY, configuration);
    }

    private static ChildJvm system(String configuration) {
        NativeLibraries.jemalloc();
        return probe(configuration).environment("GLIBC_TUNABLES", "glibc.rtld.optional_static_tls=16384");
    }

    @Test
    void readsTheForm() {
        assertThat(JemallocConfiguration.parse("narenas:2,dirty_decay_ms:-1,slab_sizes:1-4096:17|100-200:1")
                        .asked())
                .containsEntry("narenas", "2")
                .containsEntry("dirty_decay_ms", "-1")
                .containsEntry("slab_sizes", "1-4096:17|100-200:1");
        assertThat(JemallocConfiguration.parse("narenas:2,narenas:3").asked()).containsEntry("narenas", "3");
        for (String text :
                new String[] {"narenas", "narenas:", ":2", "narenas:2,", "narenas 2", "narenas:2, tcache:1"}) {
            assertThatThrownBy(() -> JemallocConfiguration.parse(text))
                    .isInstanceOf(AllocatorUnavailableException.class)
                    .hasMessageContaining("in \"" + text + "\"; it takes jemalloc's options as NAME:VALUE");
        }
    }

    @Test
    void theSystemsTakesEveryTypeOfOptionAndTellsIt() throws Exception {
        ChildJvm.Result result = system("narenas:2,dirty_decay_ms:0,tcache:false,metadata_thp:auto,tcache_max:0x2000")
                .run();

        assertThat(result.value("origin")).as(result.toString()).isEqualTo("system");
        assertThat(result.out())
                .contains(
                        "option=narenas: asked 2, taken 2\n",
                        "option=dirty_decay_ms: asked 0, taken 0\n",
                        "option=tcache: asked false, taken false\n",
                        "option=metadata_thp: asked auto, taken auto\n",
                        "option=tcache_max: asked 0x2000, taken 8192\n");
        assertThat(result.value("conf")).as("taken back").isEqualTo("null");
        assertThat(result.value("prefixed conf")).as("taken back").isEqualTo("null");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void theBundledTakesThemToo() throws Exception {
        ChildJvm.Result result = ChildJvm.of(AllocatorProbe.class)
                .environment("ZMALLOC_JEMALLOC_CONF", "narenas:3")
                .property(LibraryFinder.SOURCES_PROPERTY, "bundled")
                .run();

        assertThat(result.value("origin")).as(result.toString()).isEqualTo("bundled");
        assertThat(result.value("option")).isEqualTo("narenas: asked 3, taken 3");
        assertThat(result.value("prefixed conf")).isEqualTo("null");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void overridesTheVariableAndLeavesItAsItWas() throws Exception {
        ChildJvm.Result result = system("narenas:2")
                .environment("MALLOC_CONF", "narenas:1,dirty_decay_ms:1234")
                .run();

        assertThat(result.value("option")).isEqualTo("narenas: asked 2, taken 2");
        assertThat(result.value("conf")).isEqualTo("narenas:1,dirty_decay_ms:1234");
    }

    @Test
    void preloadedRefusesNamingWhatCameTooLate() throws Exception {
        ChildJvm.Result result = system("narenas:2,dirty_decay_ms:10000,muzzy_decay_ms:77")
                .environment("LD_PRELOAD", NativeLibraries.jemalloc().toString())
                .environment("MALLOC_CONF", "narenas:3")
                .run();

        assertThat(result.exit()).as(result.toString()).isEqualTo(AllocatorProbe.REFUSED);
        assertThat(result.out())
                .contains("was in the process before it could be configured")
                .contains("narenas: asked 2, taken 3", "muzzy_decay_ms: asked 77, taken 0")
                .contains("put them into MALLOC_CONF in the environment")
                .doesNotContain("dirty_decay_ms: asked");
    }

    @Test
    void preloadedServesIfItHasTheOptionsAlready() throws Exception {
        ChildJvm.Result result = system("narenas:2")
                .environment("LD_PRELOAD", NativeLibraries.jemalloc().toString())
                .environment("MALLOC_CONF", "narenas:2")
                .run();

        assertThat(result.value("origin")).as(result.toString()).isEqualTo("preloaded");
        assertThat(result.value("option")).isEqualTo("narenas: asked 2, taken 2");
    }

    @Test
    void tellsWhatTheLibraryDoesNotKnowOrTake() throws Exception {
        ChildJvm.Result result = system("no_such:1,narenas:2,tcache:perhaps").run();

        assertThat(result.value("works")).as(result.toString()).isEqualTo("true");
        assertThat(result.out())
                .contains(
                        "option=no_such: asked 1, not told, and maybe not known, by this library\n",
                        "option=narenas: asked 2, taken 2\n",
                        "option=tcache: asked perhaps, taken true\n");
        assertThat(result.err())
                .contains("did not take these options of zmalloc.jemalloc.conf: ")
                .contains("no_such: asked 1, not told, and maybe not known, by this library; ")
                .contains("tcache: asked perhaps, taken true");
    }

    @Test
    void refusesAnotherForm() throws Exception {
        ChildJvm.Result result = probe("narenas=2").run();

        assertThat(result.exit()).isEqualTo(AllocatorProbe.REFUSED);
        assertThat(result.out()).contains("zmalloc.jemalloc.conf has \"narenas=2\"");
    }
}
