package dev.zmalloc.bench.compare;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ffi.Memory;

/** Blocks of the process' allocator, through {@code RawZMalloc} as programs take them, and counted there. */
final class ZMallocBlocks implements Blocks {
    /** Not 0: a page that was never written to may be one page of zeros for all. */
    private static final byte CONTENT = 0x5a;

    @Override
    public long allocate(long bytes) {
        return RawZMalloc.zmalloc(bytes);
    }

    @Override
    public long allocateZeroed(long bytes) {
        return RawZMalloc.zcalloc(bytes);
    }

    @Override
    public long allocateAligned(long bytes, long alignmentBytes) {
        return RawZMalloc.zmallocAligned(bytes, alignmentBytes);
    }

    @Override
    public long reallocate(long address, long bytes) {
        return RawZMalloc.zrealloc(address, bytes);
    }

    @Override
    public void free(long address) {
        RawZMalloc.zfree(address);
    }

    @Override
    public void free(long address, long bytes) {
        RawZMalloc.zfree(address, bytes);
    }

    @Override
    public void freeAligned(long address, long bytes, long alignmentBytes) {
        RawZMalloc.zfreeAligned(address, bytes, alignmentBytes);
    }

    @Override
    public void write(long address, long bytes) {
        Memory.fill(address, bytes, CONTENT);
    }
}
