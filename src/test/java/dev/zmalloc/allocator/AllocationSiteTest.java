package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class AllocationSiteTest {
    /** On a stack with the reflection that calls tests, of which neither tells. */
    @Test
    void bothWaysToCaptureAStackTellTheSame() {
        for (int depth : new int[] {0, 10, 100}) {
            List<CapturedStack> both = both(depth);
            AllocationSite site = both.get(0).site();
            assertThat(site).isSameAs(both.get(1).site());
            assertThat(site.frames()).hasSize(AllocationSite.MAX_FRAMES);
            assertThat(site.frames().getFirst().getMethodName()).isEqualTo("both");
            assertThat(site.frames()).noneMatch(frame -> frame.getClassName().contains("reflect"));
        }
    }

    @Test
    void deepStacksAreCapturedWithoutTheirOuterFrames() {
        assertThat(new Captured(0).depth(200).site().frames()).hasSize(AllocationSite.MAX_FRAMES);
        assertThat(AllocationSite.here()).isInstanceOf(AllocationSite.Innermost.class);
        assertThat(AllocationSite.here().site().frames().getFirst().getMethodName())
                .isEqualTo("deepStacksAreCapturedWithoutTheirOuterFrames");
    }

    /** Two lambdas of one class, which call at the same place of their code. */
    @Test
    void lambdasAreToldApart() {
        AllocationSite one = capturedBy(() -> AllocationSite.here());
        AllocationSite other = capturedBy(() -> AllocationSite.here());
        assertThat(one).isNotEqualTo(other);
    }

    private static AllocationSite capturedBy(java.util.function.Supplier<CapturedStack> capture) {
        return capture.get().site();
    }

    private static List<CapturedStack> both(int depth) {
        return depth > 0 ? both(depth - 1) : List.of(new AllocationSite.Whole(), AllocationSite.innermost());
    }

    private record Captured(int calls) {
        CapturedStack depth(int depth) {
            return calls < depth ? new Captured(calls + 1).depth(depth) : new AllocationSite.Whole();
        }
    }
}
