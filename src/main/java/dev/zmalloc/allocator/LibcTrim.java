package dev.zmalloc.allocator;

import dev.zmalloc.ffi.CLibrary;
import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.abi.malloc_trim_fn;
import java.lang.invoke.MethodHandle;

/** The C library's {@code malloc_trim}, bound on first use. */
final class LibcTrim {
    private static final MethodHandle MALLOC_TRIM =
            Downcalls.ordinary(CLibrary.open().find("malloc_trim"), malloc_trim_fn.descriptor());

    private LibcTrim() {}

    /**
     * Gives all whole pages without a live block back to the system.
     *
     * @return true: it is offered. What the function itself answers is whether there was anything to give back
     */
    static boolean trim() {
        try {
            int released = (int) MALLOC_TRIM.invokeExact(0L);
            assert released == 0 || released == 1 : released;
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
        return true;
    }
}
