package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.allocator.AllocatorUnavailableException;
import dev.zmalloc.fixtures.ChildJvm;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What ends a process, or can be had only before it starts. */
@Tag("process")
class ZMallocProcessTest {
    private static final int SIGABRT = 6;

    /** A program that asks for more than there is, with the handler that aborts. */
    static final class Aborting {
        private Aborting() {}

        /** Aborts; a line after that would show that it did not. */
        public static void main(String[] arguments) {
            ZMalloc.zmallocSetOomHandler(OutOfMemoryHandler.ABORT);
            ZMalloc.zmalloc(1L << 56);
            System.out.println("still here");
        }
    }

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
    void abortHandlerPrintsTheLineOfRedisAndAborts(@TempDir Path directory) throws Exception {
        ChildJvm.Result result = ChildJvm.of(Aborting.class)
                .property("zmalloc.library.sources", "bundled")
                .directory(directory)
                .run();

        assertThat(result.exit()).as(result.toString()).isEqualTo(128 + SIGABRT);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).isEqualTo("zmalloc: Out of memory trying to allocate 72057594037927936 bytes\n");
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
