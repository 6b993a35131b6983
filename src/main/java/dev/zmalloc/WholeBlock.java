package dev.zmalloc;

import java.lang.foreign.MemorySegment;

/**
 * Tells the segments that can be whole blocks of {@link ZMalloc} from those that cannot, before one is freed or
 * resized.
 *
 * <p>What is told apart is in the documentation of {@link ZMalloc#zfree(MemorySegment)}. Nothing here looks at memory:
 * it is what the segment says of itself, and what the allocator says of its address. A refusal is an
 * {@link IllegalArgumentException}.
 */
final class WholeBlock {
    private static final MemorySegment.Scope GLOBAL = MemorySegment.NULL.scope();

    private static final long ALIGNMENT_BYTES = 16;

    private WholeBlock() {}

    /**
     * The address of what may be a whole block by what it says of itself; 0 for {@code NULL}. Refuses what cannot be.
     */
    static long address(MemorySegment block) {
        if (!block.isNative()) {
            throw refusal("a heap segment of " + block.byteSize() + " bytes");
        }
        if (!block.scope().equals(GLOBAL)) {
            throw refusal(describe(block) + ", of an arena that frees it itself");
        }
        if (block.isReadOnly() || block.isMapped()) {
            throw refusal(describe(block) + (block.isMapped() ? ", mapped from a file" : ", a read-only view"));
        }
        long address = block.address();
        long alignment = block.byteSize() < ALIGNMENT_BYTES ? Sizes.MIN_BYTES : ALIGNMENT_BYTES;
        if ((address & (alignment - 1)) != 0) {
            throw refusal(describe(block) + ", where no block of that size begins");
        }
        return address;
    }

    /**
     * The usable bytes of {@code block}, at {@code address}, not 0, asked of the allocator. Refuses it if a whole block
     * of that many bytes is not what it is.
     */
    static long usableBytes(MemorySegment block, long address) {
        long usableBytes = RawZMalloc.zmallocSize(address);
        long byteSize = block.byteSize();
        if (byteSize > usableBytes
                || (RawZMalloc.usableBytesExact()
                        && RawZMalloc.usableBytesBound(byteSize) != usableBytes
                        && !canBeAligned(address, byteSize, usableBytes))) {
            throw refusal(describe(block) + ", where the allocator has a block of " + usableBytes);
        }
        return usableBytes;
    }

    /**
     * Refuses {@code bytes} if they are less than the segment has, or lead to another size class than the allocator has
     * at {@code address}, which is not 0.
     */
    static void checkBytes(MemorySegment block, long address, long bytes) {
        if (bytes < block.byteSize()) {
            throw refusal(describe(block) + ", said to have " + bytes);
        }
        boolean exact = RawZMalloc.usableBytesExact();
        long told = RawZMalloc.usableBytesBound(bytes);
        if (exact && told == RawZMalloc.usableBytesBound(block.byteSize())) {
            return;
        }
        // The usual block is of the size that its own length leads to. Others are asked for.
        long usableBytes = usableBytes(block, address);
        if (exact ? told != usableBytes : bytes > usableBytes) {
            throw refusal(describe(block) + ", said to have " + bytes + ", where the allocator has a block of "
                    + usableBytes);
        }
    }

    /** Whether some alignment that {@code address} has makes an exact allocator give so much for {@code bytes}. */
    private static boolean canBeAligned(long address, long bytes, long usableBytes) {
        long size = Sizes.atLeastMin(bytes);
        for (long alignment = Long.lowestOneBit(address); alignment >= ALIGNMENT_BYTES; alignment >>= 1) {
            if (RawZMalloc.ALLOCATOR.alignedUsableBytesBound(size, alignment) == usableBytes) {
                return true;
            }
        }
        return false;
    }

    private static String describe(MemorySegment block) {
        return block.byteSize() + " bytes at 0x" + Long.toHexString(block.address());
    }

    private static IllegalArgumentException refusal(String what) {
        return new IllegalArgumentException("not a whole block of ZMalloc: " + what);
    }
}
