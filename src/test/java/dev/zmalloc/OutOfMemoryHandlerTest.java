package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.ChildJvm;
import dev.zmalloc.fixtures.OutOfMemoryProbe;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the end of memory does to a process, in processes of their own. */
@Tag("process")
class OutOfMemoryHandlerTest {
    private static final String LINE = "zmalloc: Out of memory trying to allocate 1152921504606846976 bytes";
    private static final int SIGNALLED = 128;
    private static final int SIGABRT = 6;

    @Test
    void theHandlerAtStartThrows() throws Exception {
        ChildJvm.Result result = ChildJvm.of(OutOfMemoryProbe.class)
                .property("zmalloc.allocator", "libc")
                .run("throw");
        assertThat(result.exit()).as("%s", result).isZero();
        assertThat(result.value("attempt1")).isEqualTo("NativeOutOfMemoryError: " + LINE);
        assertThat(result.value("attempt2")).isEqualTo("NativeOutOfMemoryError: " + LINE);
        assertThat(result.err()).isEmpty();
    }

    @Test
    void theAbortHandlerPrintsRedisLineAndAborts() throws Exception {
        ChildJvm.Result result = ChildJvm.of(OutOfMemoryProbe.class)
                .property("zmalloc.allocator", "libc")
                .options("-XX:-CreateCoredumpOnCrash", "-XX:ErrorFile=/dev/null")
                .run("abort");
        assertThat(result.ended()).isTrue();
        assertThat(result.exit()).as("%s", result).isEqualTo(SIGNALLED + SIGABRT);
        assertThat(result.err().lines()).contains(LINE);
        assertThat(result.out()).doesNotContain("served").doesNotContain("attempt");
    }

    /** Not a NoClassDefFoundError from the second call on, which would hide the attempts and the cure. */
    @Test
    void everyCallSaysWhyThereIsNoAllocator() throws Exception {
        ChildJvm.Result result = ChildJvm.of(OutOfMemoryProbe.class)
                .property("zmalloc.library.sources", "none")
                .run("throw");
        assertThat(result.exit()).as("%s", result).isZero();
        assertThat(result.value("attempt1")).startsWith("AllocatorUnavailableException: no jemalloc could be had");
        assertThat(result.value("attempt2")).isEqualTo(result.value("attempt1"));
    }
}
