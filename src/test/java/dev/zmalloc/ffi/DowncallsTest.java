package dev.zmalloc.ffi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.ffi.abi.free_fn;
import dev.zmalloc.ffi.abi.mallctl_fn;
import dev.zmalloc.ffi.abi.mallinfo2_fn;
import dev.zmalloc.ffi.abi.mallocx_fn;
import java.io.IOException;
import java.lang.invoke.MethodType;
import org.junit.jupiter.api.Test;

class DowncallsTest {
    @Test
    void passesPointersAsLongs() {
        assertThat(Downcalls.withLongPointers(mallocx_fn.descriptor()).toMethodType())
                .isEqualTo(MethodType.methodType(long.class, long.class, int.class));
        assertThat(Downcalls.withLongPointers(free_fn.descriptor()).toMethodType())
                .isEqualTo(MethodType.methodType(void.class, long.class));
        assertThat(Downcalls.withLongPointers(mallctl_fn.descriptor()).toMethodType())
                .isEqualTo(
                        MethodType.methodType(int.class, long.class, long.class, long.class, long.class, long.class));
    }

    @Test
    void leavesStructsAsTheyAre() {
        assertThat(Downcalls.withLongPointers(mallinfo2_fn.descriptor())).isEqualTo(mallinfo2_fn.descriptor());
    }

    @Test
    void passesErrorsOfTheJvmThrough() {
        StackOverflowError overflow = new StackOverflowError();
        assertThatThrownBy(() -> Downcalls.unexpected(overflow)).isSameAs(overflow);
        assertThat(Downcalls.unexpected(new IllegalStateException("kept"))).hasMessage("kept");
        assertThatThrownBy(() -> Downcalls.unexpected(new IOException("odd")))
                .isInstanceOf(AssertionError.class)
                .hasRootCauseMessage("odd");
    }
}
