package dev.zmalloc;

import dev.zmalloc.allocator.Allocator;
import dev.zmalloc.ffi.Memory;
import java.lang.foreign.MemorySegment;

/**
 * Native memory that is counted: Redis' {@code zmalloc} for the JVM.
 *
 * <p>Every block taken here adds its <em>usable</em> bytes, what the allocator really gave, to one count for the
 * process, which {@link #zmallocUsedMemory()} reads without a system call. The count observes and does not police: a
 * limit is the business of whoever takes the memory, such as {@code OffHeapStore} or an {@code Evictor}.
 *
 * <p>A segment from here is exactly as long as was asked for and lives in the global scope: whoever gets it owns the
 * block behind it and frees it once with {@link #zfree(MemorySegment)}. Using a segment after that is an error that
 * nothing detects. Heap segments are refused with {@link IllegalArgumentException}; slices must not be freed.
 * {@code MemorySegment.NULL} stands for C's {@code NULL}.
 *
 * <p>Every method may be called from any thread, virtual ones included. Sizes are in bytes; the rules for sizes of 0,
 * negative and huge ones are those of {@link RawZMalloc}, which has the same functions on addresses. The backing
 * allocator is chosen once, when this class is first used ({@code zmalloc.allocator}); where none can be had, each call
 * throws an {@code AllocatorUnavailableException} that names every attempt.
 */
public final class ZMalloc {
    private ZMalloc() {}

    /**
     * Takes a block of {@code bytes}; its content is undefined. The caller owns it.
     *
     * @return a segment of {@code bytes}; {@code NULL} only if the out-of-memory handler returned
     * @throws NativeOutOfMemoryError from the handler at start, if there is no memory or {@code bytes} is no size
     */
    public static MemorySegment zmalloc(long bytes) {
        return segment(RawZMalloc.zmalloc(bytes), bytes);
    }

    /** Like {@link #zmalloc}, but answers {@code NULL} when there is no memory, without calling the handler. */
    public static MemorySegment ztrymalloc(long bytes) {
        return segment(RawZMalloc.ztrymalloc(bytes), bytes);
    }

    /**
     * Takes a block of {@code bytes}, zeroed. The caller owns it.
     *
     * @return a segment of {@code bytes}; {@code NULL} only if the out-of-memory handler returned
     * @throws NativeOutOfMemoryError from the handler at start, if there is no memory or {@code bytes} is no size
     */
    public static MemorySegment zcalloc(long bytes) {
        return segment(RawZMalloc.zcalloc(bytes), bytes);
    }

    /** Like {@link #zcalloc(long)}, but answers {@code NULL} when there is no memory, without calling the handler. */
    public static MemorySegment ztrycalloc(long bytes) {
        return segment(RawZMalloc.ztrycalloc(bytes), bytes);
    }

    /**
     * Takes a block for {@code count} elements of {@code bytes} each, zeroed. The caller owns it. An element size of 0
     * and a product that overflows are out of memory.
     *
     * @return a segment of {@code count * bytes}; {@code NULL} only if the out-of-memory handler returned
     * @throws NativeOutOfMemoryError from the handler at start, if there is no memory or the product is no size
     */
    public static MemorySegment zcalloc(long count, long bytes) {
        return segment(RawZMalloc.zcalloc(count, bytes), count * bytes);
    }

    /** Like {@link #zcalloc(long, long)}, but answers {@code NULL} instead of calling the handler. */
    public static MemorySegment ztrycalloc(long count, long bytes) {
        return segment(RawZMalloc.ztrycalloc(count, bytes), count * bytes);
    }

    /**
     * Changes the size of a block and may move it; the content up to the smaller of both sizes stays. The caller owns
     * the block returned and must not use {@code block} again, unless the call failed, which leaves {@code block} as it
     * was.
     *
     * @param block a whole block from this class, or {@code NULL}, which makes this {@link #zmalloc}
     * @param bytes the new size; 0 frees the block and answers {@code NULL}, if there was one
     * @return a segment of {@code bytes}; {@code NULL} if the block was freed or the out-of-memory handler returned
     * @throws IllegalArgumentException if {@code block} is on the heap; nothing changed
     * @throws NativeOutOfMemoryError from the handler at start, if there is no memory or {@code bytes} is no size
     */
    public static MemorySegment zrealloc(MemorySegment block, long bytes) {
        return segment(RawZMalloc.zrealloc(address(block), bytes), bytes);
    }

    /**
     * Like {@link #zrealloc}, but answers {@code NULL} when there is no memory, without calling the handler;
     * {@code block} is kept.
     */
    public static MemorySegment ztryrealloc(MemorySegment block, long bytes) {
        return segment(RawZMalloc.ztryrealloc(address(block), bytes), bytes);
    }

    /**
     * Gives a block back to the allocator. {@code NULL} is ignored.
     *
     * @param block a whole block from this class, not freed before
     * @throws IllegalArgumentException if {@code block} is on the heap
     */
    public static void zfree(MemorySegment block) {
        RawZMalloc.zfree(address(block));
    }

    /**
     * The usable bytes of a live block: what the allocator really gave and what was counted, at least what was asked
     * for.
     *
     * @throws IllegalArgumentException if {@code block} is on the heap
     */
    public static long zmallocSize(MemorySegment block) {
        return RawZMalloc.zmallocSize(address(block));
    }

    /**
     * The usable bytes of all live blocks of this process that were taken here, in {@link RawZMalloc} or by anything
     * built on them. O(1), without a system call; exact when no other thread allocates or frees meanwhile, never
     * negative.
     */
    public static long zmallocUsedMemory() {
        return UsedMemory.sum();
    }

    /**
     * Sets what happens when a form that may not fail has no memory to give, for the whole process, from now on.
     *
     * @param handler called on the thread that asked; {@link OutOfMemoryHandler#THROW} is the one at start
     */
    public static void zmallocSetOomHandler(OutOfMemoryHandler handler) {
        RawZMalloc.setOutOfMemoryHandler(handler);
    }

    /** The backend that serves this process: its name, version, origin and figures. */
    public static Allocator allocator() {
        return RawZMalloc.ALLOCATOR;
    }

    private static MemorySegment segment(long address, long bytes) {
        return address == 0 ? MemorySegment.NULL : Memory.segment(address, bytes);
    }

    private static long address(MemorySegment block) {
        if (!block.isNative()) {
            throw new IllegalArgumentException(
                    "not a block of ZMalloc: a heap segment of " + block.byteSize() + " bytes");
        }
        return block.address();
    }
}
