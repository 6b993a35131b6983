package dev.zmalloc.allocator;

/** A backend whose calls are those of the malloc family, but for what it overrides. */
sealed interface LibraryAllocator extends Allocator
        permits JemallocAllocator, LibcAllocator, TcmallocAllocator, MimallocAllocator {
    /** User space of both processors ends here or below, so nothing larger can be had. */
    long MAX_REQUEST_BYTES = 1L << 48;

    /** The library's functions. */
    MallocFunctions functions();

    @Override
    default String name() {
        return description().name();
    }

    @Override
    default long allocate(long bytes) {
        return functions().allocate(bytes);
    }

    @Override
    default long allocateZeroed(long bytes) {
        return functions().allocateZeroed(bytes);
    }

    @Override
    default long reallocate(long address, long bytes) {
        return functions().reallocate(address, bytes);
    }

    @Override
    default void free(long address) {
        functions().free(address);
    }

    @Override
    default void free(long address, long bytes) {
        functions().free(address, bytes);
    }

    @Override
    default void freeAny(long address, long usableBytes) {
        functions().free(address, usableBytes);
    }

    @Override
    default void freeAligned(long address, long bytes, long alignmentBytes) {
        functions().free(address, bytes);
    }

    @Override
    default long usableBytes(long address) {
        return functions().usableBytes(address);
    }
}
