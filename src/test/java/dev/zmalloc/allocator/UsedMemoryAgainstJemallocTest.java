package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.ChildJvm;
import dev.zmalloc.fixtures.NativeLibraries;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The count of {@code ZMalloc} is what jemalloc itself counts, to the byte. */
@Tag("process")
class UsedMemoryAgainstJemallocTest {
    @ParameterizedTest
    @ValueSource(longs = {1, 20261122})
    void countsWhatJemallocCounts(long seed) throws Exception {
        NativeLibraries.jemalloc();

        ChildJvm.Result result = ChildJvm.of(UsedMemoryProbe.class)
                .withAllCompilers()
                .environment("GLIBC_TUNABLES", "glibc.rtld.optional_static_tls=16384")
                .property(LibraryFinder.SOURCES_PROPERTY, "system")
                .run(Long.toString(seed));

        assertThat(result.exit()).as(result.toString()).isZero();
        assertThat(result.value("origin")).isEqualTo("system");
        assertThat(result.value("comparisons")).isEqualTo("1000");
        assertThat(result.value("differences")).as(result.toString()).isEqualTo("0");
        assertThat(Long.parseLong(result.value("live"))).isGreaterThan(1 << 20);
        assertThat(result.value("leftUsed")).isEqualTo("0");
        assertThat(result.value("leftAllocated")).isEqualTo("0");
        assertThat(result.err()).isEmpty();
    }
}
