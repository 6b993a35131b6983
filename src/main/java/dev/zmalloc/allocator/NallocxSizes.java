package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.abi.nallocx_fn;
import java.lang.invoke.MethodHandle;

/**
 * Usable sizes by requested ones, of a library that tells them by {@code nallocx}: the function that it sizes blocks
 * with itself. Its answers for all sizes up to {@value #TABLE_BYTES} bytes are kept in a table.
 *
 * @param table in steps of {@value #STEP_BYTES} bytes, rounded up
 */
@SuppressWarnings("ArrayRecordComponent") // a record for its constant fields; it is never compared
record NallocxSizes(MethodHandle nallocxHandle, int[] table) {
    /** 4,096 integers, and few blocks are larger. */
    static final int TABLE_BYTES = 32 << 10;

    /** The finest spacing that either library can be built with. */
    static final int STEP_BYTES = 8;

    private static final int STEP_SHIFT = 3;

    /** Asks the function at {@code nallocx}, whose flags are {@link JemallocFlags}. */
    static NallocxSizes of(long nallocx) {
        // A look-up in the library's own tables.
        NallocxSizes sizes = new NallocxSizes(
                Downcalls.critical(nallocx, nallocx_fn.descriptor()), new int[TABLE_BYTES / STEP_BYTES + 1]);
        for (int index = 1; index < sizes.table.length; index++) {
            sizes.table[index] = Math.toIntExact(sizes.ask((long) index * STEP_BYTES, 0));
        }
        return sizes;
    }

    /** The usable size of a block of {@code requestedBytes}; 0 if there can be none. */
    long usableBytes(long requestedBytes) {
        return requestedBytes <= TABLE_BYTES
                ? table[(int) (requestedBytes + (STEP_BYTES - 1)) >>> STEP_SHIFT]
                : ask(requestedBytes, 0);
    }

    /** The usable size of an aligned block; 0 if there can be none. */
    long alignedUsableBytes(long requestedBytes, long alignmentBytes) {
        return alignmentBytes > LibraryAllocator.MAX_REQUEST_BYTES
                ? 0
                : ask(requestedBytes, JemallocFlags.align(alignmentBytes));
    }

    private long ask(long bytes, int flags) {
        if (bytes > LibraryAllocator.MAX_REQUEST_BYTES) {
            return 0;
        }
        try {
            return (long) nallocxHandle.invokeExact(bytes, flags);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }
}
