package dev.zmalloc.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.ChildJvm;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Fault injection by the settings that users have, in JVMs of their own. */
@Tag("process")
class FaultInjectionSettingsTest {
    /** Without JUnit, which the allocator does not need. A red zone leaves room for fewer blocks in the budget. */
    @ParameterizedTest
    @CsvSource({
        "libc, off, 1000, 1048",
        "libc, guard, 900, 1010",
        "jemalloc, track, 1000, 1040",
        "jemalloc, sample, 1000, 1040"
    })
    void worksAroundEachAllocatorAndWithinEachLevel(String delegate, String level, int least, int most)
            throws Exception {
        ChildJvm.Result result = ChildJvm.of(FaultProbe.class)
                .without("junit")
                .environment("GLIBC_TUNABLES", "glibc.rtld.optional_static_tls=16384")
                .property("zmalloc.allocator", FaultInjectingAllocator.class.getName())
                .property(FaultInjectingAllocator.DELEGATE_PROPERTY, delegate)
                .property("zmalloc.debug", level)
                .run();

        assertThat(result.exit()).as("%s", result).isZero();
        assertThat(result.value("name")).isEqualTo("faulty " + delegate);
        assertThat(result.value("version")).isEqualTo(delegate);
        assertThat(result.value("level")).isEqualTo(level);
        assertThat(result.value("first")).isEqualTo("true");
        assertThat(result.value("second")).isEqualTo("false");
        assertThat(result.value("refused")).isEqualTo("1");
        assertThat(result.value("within")).isEqualTo("true");
        assertThat(result.value("budgetRefused")).isEqualTo("1");
        assertThat(Integer.parseInt(result.value("blocks"))).isBetween(least, most);
        assertThat(result.value("used")).isEqualTo("0");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void faultsForAnotherAllocatorAreRefused() throws Exception {
        ChildJvm.Result result = ChildJvm.of(FaultProbe.class)
                .property("zmalloc.allocator", "libc")
                .property("zmalloc.debug", "track")
                .run();

        assertThat(result.value("refusal"))
                .isEqualTo("faults need -Dzmalloc.allocator=dev.zmalloc.testing.FaultInjectingAllocator; this process"
                        + " uses libc");
    }
}
