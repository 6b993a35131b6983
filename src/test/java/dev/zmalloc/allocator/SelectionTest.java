package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.ChildJvm;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

/** The choice of an allocator by code, which is made once in a JVM. */
@Tag("process")
class SelectionTest {
    private static ChildJvm probe() {
        return ChildJvm.of(SelectionProbe.class);
    }

    @Test
    void codeChoosesBeforeFirstUseWhateverTheSettingsSay() throws Exception {
        ChildJvm.Result result =
                probe().property(Allocators.ALLOCATOR_PROPERTY, "jemalloc").run("libc", "-");

        assertThat(result.value("1")).isEqualTo("chosen libc");
        assertThat(result.value("2")).isEqualTo("taken from libc");
    }

    @Test
    void laterChoiceIsRefusedAndChangesNothing() throws Exception {
        ChildJvm.Result result =
                probe().environment("ZMALLOC_ALLOCATOR", "libc").run("-", "jemalloc", "libc", "-");

        assertThat(result.value("1")).isEqualTo("taken from libc");
        assertThat(result.value("2"))
                .startsWith("refused: too late for the allocator jemalloc: this process uses libc 2.")
                .contains("/libc.so.6");
        assertThat(result.value("3")).startsWith("refused: too late for the allocator libc: ");
        assertThat(result.value("4")).isEqualTo("taken from libc");
    }

    @Test
    void choiceThatCannotBeHadLeavesRoomForAnother() throws Exception {
        ChildJvm.Result result = probe().property(LibraryFinder.SOURCES_PROPERTY, "none")
                .run("mimalloc", "no.such.Class", "failing.not", "libc", "-");

        assertThat(result.value("1")).isEqualTo("unavailable: no mimalloc could be had. What was tried:");
        assertThat(result.value("2")).startsWith("unavailable: no allocator is called \"no.such.Class\"");
        assertThat(result.value("3")).startsWith("unavailable: no allocator is called \"failing.not\"");
        assertThat(result.value("5")).isEqualTo("taken from libc");
    }

    @Test
    void settingThatCannotBeHadIsFinal() throws Exception {
        ChildJvm.Result result =
                probe().property(LibraryFinder.SOURCES_PROPERTY, "none").run("-", "libc", "-");

        assertThat(result.value("1")).startsWith("unavailable: no jemalloc could be had.");
        assertThat(result.value("2"))
                .startsWith("refused: too late for the allocator libc: one was asked for before,"
                        + " and could not be had: no jemalloc could be had.");
        assertThat(result.value("3")).startsWith("unavailable: ");
    }

    @Test
    void codeChoosesAProvidersAllocatorByName() throws Exception {
        ChildJvm.Result result = probe().run("offered", "-");

        assertThat(result.value("1")).isEqualTo("chosen libc");
        assertThat(result.value("2")).isEqualTo("taken from libc");
    }

    /** The refusal has the cure each time, and is no failed initialisation of a class. */
    @Test
    @EnabledForJreRange(min = JRE.JAVA_24)
    void saysWhatHelpsWhereNativeAccessIsDenied() throws Exception {
        ChildJvm.Result result = probe().withoutOption("--enable-native-access=ALL-UNNAMED")
                .environment("ZMALLOC_ALLOCATOR", "libc")
                .run("-", "-");

        for (String time : new String[] {"1", "2"}) {
            assertThat(result.value(time))
                    .isEqualTo("unavailable: the JVM was started with --illegal-native-access=deny:"
                            + " add --enable-native-access=ALL-UNNAMED");
        }
    }
}
