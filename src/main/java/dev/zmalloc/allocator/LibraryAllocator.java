package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Downcalls;

/** A backend whose calls are those of the malloc family, but for what it overrides. */
sealed interface LibraryAllocator extends Allocator
        permits JemallocAllocator, LibcAllocator, TcmallocAllocator, MimallocAllocator {
    /** User space of both processors ends here or below, so nothing larger can be had. */
    long MAX_REQUEST_BYTES = 1L << 48;

    /** The library's functions. */
    MallocFunctions functions();

    /** The next multiple, a power of two. */
    static long roundUp(long bytes, long multiple) {
        return (bytes + multiple - 1) & -multiple;
    }

    @Override
    default String name() {
        return description().name();
    }

    @Override
    default long allocate(long bytes) {
        try {
            return bytes <= functions().criticalBytes()
                    ? (long) functions().criticalMallocHandle().invokeExact(bytes)
                    : (long) functions().mallocHandle().invokeExact(bytes);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    @Override
    default long allocateZeroed(long bytes) {
        try {
            return bytes <= functions().criticalBytes()
                    ? (long) functions().criticalCallocHandle().invokeExact(1L, bytes)
                    : (long) functions().callocHandle().invokeExact(1L, bytes);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    @Override
    default long reallocate(long address, long bytes) {
        try {
            return (long) functions().reallocHandle().invokeExact(address, bytes);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    @Override
    default void free(long address) {
        freeByAddress(address, Long.MAX_VALUE);
    }

    @Override
    default void free(long address, long bytes) {
        freeByAddress(address, bytes);
    }

    @Override
    default void freeAny(long address, long usableBytes) {
        freeByAddress(address, usableBytes);
    }

    @Override
    default void freeAligned(long address, long bytes, long alignmentBytes) {
        freeByAddress(address, bytes);
    }

    /** Frees a block by its address; its size decides about the call alone. */
    private void freeByAddress(long address, long bytes) {
        try {
            if (bytes <= functions().criticalBytes()) {
                functions().criticalFreeHandle().invokeExact(address);
            } else {
                functions().freeHandle().invokeExact(address);
            }
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    @Override
    default long usableBytes(long address) {
        try {
            return (long) functions().usableSizeHandle().invokeExact(address);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }
}
