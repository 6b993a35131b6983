package dev.zmalloc.bench.compare;

import dev.zmalloc.ffi.Memory;

/**
 * No allocator at all: every block is the same piece of memory. A replay against it tells what the replay itself takes:
 * reading the log, and writing to blocks that are in the processor's cache.
 */
final class NoBlocks implements Blocks {
    private static final byte CONTENT = 0x5a;

    private final long address;

    /** All blocks are at {@code address}, which has room for the largest. */
    NoBlocks(long address) {
        this.address = address;
    }

    @Override
    public long allocate(long bytes) {
        return address;
    }

    @Override
    public long allocateZeroed(long bytes) {
        return address;
    }

    @Override
    public long allocateAligned(long bytes, long alignmentBytes) {
        return address;
    }

    @Override
    public long reallocate(long block, long bytes) {
        return block;
    }

    @Override
    public void free(long block) {}

    @Override
    public void free(long block, long bytes) {}

    @Override
    public void freeAligned(long block, long bytes, long alignmentBytes) {}

    @Override
    public void write(long block, long bytes) {
        Memory.fill(block, bytes, CONTENT);
    }
}
