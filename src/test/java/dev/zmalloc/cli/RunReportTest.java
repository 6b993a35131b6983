package dev.zmalloc.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.allocator.AllocatorFigures;
import dev.zmalloc.store.StoreStatistics;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RunReportTest {
    private static final Workload.Failure FAILURE = new Workload.Failure("a worker failed", new RuntimeException());

    @Test
    void allHeld() {
        assertThat(report(0, 1000, 0, false, null).exitCode()).isEqualTo(ExitCode.OK);
        assertThat(report(0, 1000, 0, false, null).lines()).last().isEqualTo("result      OK");
    }

    @Test
    void memoryThatIsNotGivenBackFails() {
        assertThat(report(0, 1000, 64, false, null).exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
        assertThat(report(0, 1000, -64, false, null).exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
        assertThat(report(0, 1000, 64, false, null).problems())
                .containsExactly("used memory is 64 bytes off what it was before, after the store was closed");
    }

    @Test
    void aFailedVerificationGoesBeforeAllElse() {
        assertThat(report(3, 1000, 0, true, FAILURE).exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
        assertThat(report(0, 1001, 0, true, FAILURE).exitCode()).isEqualTo(ExitCode.VERIFICATION_FAILED);
        assertThat(report(0, 1000, 0, true, FAILURE).exitCode()).isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(report(0, 1000, 0, true, null).exitCode()).isEqualTo(ExitCode.INTERRUPTED);
    }

    @Test
    void allProblemsAreNamed() {
        assertThat(report(3, 1001, 8, false, null).problems()).hasSize(3);
    }

    private static RunReport report(
            long differing, long highest, long unreturned, boolean interrupted, Workload.@Nullable Failure failure) {
        return new RunReport(
                100,
                1_000_000_000L,
                new Workload.Counts(60, 40, 600, 1000, 700, differing, 0),
                new StoreStatistics(60, 40, 40, 0, 10, 0, 0, 0, 0, 30, 900, 0, 1000, 64, 0),
                highest,
                1000,
                AllocatorFigures.NONE,
                OptionalLong.empty(),
                unreturned,
                interrupted,
                differing > 0 ? "file-1: 3 of 10 bytes differ" : null,
                failure);
    }
}
