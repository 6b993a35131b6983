package dev.zmalloc;

import dev.zmalloc.ffi.NativeProcess;

/**
 * What happens when a form of {@link ZMalloc} that may not fail has no memory to give.
 *
 * <p>The handler runs on the thread that asked, before the call returns; no lock of this library is held. If it returns
 * normally, the call returns {@code NULL} (address 0), as in Redis after a handler that returns. The {@code ztry} forms
 * never call it.
 */
@FunctionalInterface
public interface OutOfMemoryHandler {
    /** Throws {@link NativeOutOfMemoryError}. The handler at start. */
    OutOfMemoryHandler THROW = requestedBytes -> {
        throw new NativeOutOfMemoryError(requestedBytes);
    };

    /** Prints the error's message to standard error and ends the process by {@code abort()}, as Redis does. */
    OutOfMemoryHandler ABORT = requestedBytes -> {
        System.err.println(NativeOutOfMemoryError.message(requestedBytes));
        System.err.flush();
        NativeProcess.abort();
    };

    /**
     * Called once for each request that failed.
     *
     * @param requestedBytes the size asked for, in bytes, to be read as unsigned; {@code -1}, the largest size there
     *     is, where count times size overflowed
     */
    void outOfMemory(long requestedBytes);
}
