package dev.zmalloc.bench.compare;

/** What a log is replayed against: the calls of {@code RawZMalloc} that a log has. Sizes are in bytes. */
interface Blocks {
    /** A block with undefined content; its address. */
    long allocate(long bytes);

    /** A block whose bytes are 0; its address. */
    long allocateZeroed(long bytes);

    /** A block at a multiple of {@code alignmentBytes}; its address. */
    long allocateAligned(long bytes, long alignmentBytes);

    /** Gives the block another size; its address now. */
    long reallocate(long address, long bytes);

    /** Frees a block of any kind. */
    void free(long address);

    /** Frees a plain block, told the size it was requested with. */
    void free(long address, long bytes);

    /** Frees an aligned block, told what it was requested with. */
    void freeAligned(long address, long bytes, long alignmentBytes);

    /** Writes all of a block's bytes, or those that a resize added. */
    void write(long address, long bytes);
}
