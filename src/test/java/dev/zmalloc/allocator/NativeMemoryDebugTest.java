package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.ChildJvm;
import dev.zmalloc.fixtures.MisuseProbe;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The debug levels through the facade, set as users set them, in JVMs of their own. */
@Tag("process")
class NativeMemoryDebugTest {
    /**
     * What is left of the block of 100 bytes after the refusal, {@code track} counting usable bytes and {@code guard}
     * requested ones. -1 stands for what the C library gives to an aligned block: 104 bytes or a few more.
     */
    @ParameterizedTest
    @CsvSource({
        "track, double-free, DOUBLE_FREE, 0",
        "track, sized-double-free, DOUBLE_FREE, 0",
        "track, foreign, FOREIGN_ADDRESS, 104",
        "track, wrong-size, WRONG_SIZE, 104",
        "track, account-wrong-size, WRONG_SIZE, 104",
        "track, aligned-freed-as-plain, WRONG_ALIGNMENT, -1",
        "track, plain-freed-as-aligned, WRONG_ALIGNMENT, 104",
        "track, wrong-alignment, WRONG_ALIGNMENT, -1",
        "track, aligned, none, 0",
        "guard, double-free, DOUBLE_FREE, 0",
        "guard, sized-double-free, DOUBLE_FREE, 0",
        "guard, foreign, FOREIGN_ADDRESS, 100",
        "guard, wrong-size, WRONG_SIZE, 100",
        "guard, account-wrong-size, WRONG_SIZE, 100",
        "guard, aligned-freed-as-plain, WRONG_ALIGNMENT, 100",
        "guard, plain-freed-as-aligned, WRONG_ALIGNMENT, 100",
        "guard, wrong-alignment, WRONG_ALIGNMENT, 100",
        "guard, aligned, none, 0",
        "guard, write-after-free, WRITE_AFTER_FREE, 0",
        "guard, store, none, 0",
        "track, store, none, 0",
        "sample, store, none, 0",
    })
    void findsMisuseAndKeepsTheCount(String level, String how, String found, long usedAfter) throws Exception {
        ChildJvm.Result result = probe(level).run(how);
        assertThat(result.exit()).as("%s", result).isZero();
        assertThat(result.value("level")).isEqualTo(level);
        assertThat(result.value("misuse")).as("%s", result).isEqualTo(found);
        long used = Long.parseLong(result.value("used"));
        assertThat(used).isBetween(usedAfter < 0 ? 104 : usedAfter, usedAfter < 0 ? 136 : usedAfter);
        if (usedAfter == 0) {
            assertThat(result.err()).isEmpty();
        }
    }

    /** jemalloc frees aligned blocks by size, and past its caches. */
    @ParameterizedTest
    @CsvSource({"uncached-wrong-size, WRONG_SIZE", "aligned-freed-as-plain, WRONG_ALIGNMENT", "aligned, none"})
    void knowsWhatOnlyJemallocCanDo(String how, String found) throws Exception {
        ChildJvm.Result result =
                probe("track").property("zmalloc.allocator", "jemalloc").run(how);
        assertThat(result.exit()).as("%s", result).isZero();
        assertThat(result.value("misuse")).as("%s", result).isEqualTo(found);
    }

    @ParameterizedTest
    @ValueSource(strings = {"track", "guard"})
    void reportsOnDemandAndAtTheEndWhatIsHeld(String level) throws Exception {
        ChildJvm.Result result = probe(level).run("leak");
        assertThat(result.exit()).as("%s", result).isZero();
        assertThat(result.value("report")).isEqualTo("100");
        assertThat(result.err())
                .startsWith("zmalloc: 100 bytes are held in 1 blocks, taken at 1 places")
                .contains("100 bytes in 1 blocks, taken")
                .contains("at dev.zmalloc.fixtures.MisuseProbe.misuse(MisuseProbe.java:")
                .doesNotContain("RawZMalloc");
    }

    @Test
    void anUnknownLevelIsRefusedWithThoseThereAre() throws Exception {
        ChildJvm.Result result = probe("loud").run("leak");
        assertThat(result.exit()).isNotZero();
        assertThat(result.err()).contains("zmalloc.debug is \"loud\"; it can be off, sample, track, guard");
    }

    private static ChildJvm probe(String level) {
        return ChildJvm.of(MisuseProbe.class)
                .property("zmalloc.allocator", "libc")
                .property("zmalloc.debug", level);
    }
}
