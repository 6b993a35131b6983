package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.allocator.AllocatorUnavailableException;
import dev.zmalloc.fixtures.ChildJvm;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The facade where no allocator can be had. */
@Tag("process")
class ZMallocUnavailableTest {
    /** A program that calls more than once where there is no allocator. */
    static final class Unavailable {
        private Unavailable() {}

        /** Prints what each call ends with. */
        public static void main(String[] arguments) {
            for (int call = 0; call < 2; call++) {
                try {
                    ZMalloc.zmalloc(1);
                } catch (AllocatorUnavailableException e) {
                    System.out.println("call " + call + ": " + e.getMessage());
                }
            }
        }
    }

    @Test
    void everyCallSaysWhyThereIsNoAllocator() throws Exception {
        ChildJvm.Result result = ChildJvm.of(Unavailable.class)
                .property("zmalloc.library", "/nowhere/libjemalloc.so")
                .run();

        assertThat(result.exit()).as(result.toString()).isZero();
        assertThat(result.out())
                .contains(
                        "call 0: no jemalloc could be had",
                        "call 1: no jemalloc could be had",
                        "No such file or directory");
        assertThat(result.err()).isEmpty();
    }
}
