package dev.zmalloc;

import dev.zmalloc.allocator.Allocator;
import dev.zmalloc.ffi.Memory;
import java.lang.foreign.MemorySegment;
import java.time.Instant;

/**
 * Native memory that is counted: Redis' {@code zmalloc} for the JVM.
 *
 * <p>Every block taken here adds its <em>usable</em> bytes, what the allocator really gave, to one count for the
 * process, which {@link #zmallocUsedMemory()} reads without a system call. The count observes and does not police: a
 * limit is the business of whoever takes the memory, such as {@code OffHeapStore} or an {@code Evictor}.
 *
 * <p>A segment from here is exactly as long as was asked for, or as was really given in the {@code Usable} forms, and
 * lives in the global scope: whoever gets it owns the block behind it and frees it once, whole. Using a segment after
 * that is an error that nothing detects. Segments that cannot be whole blocks are refused as far as
 * {@link #zfree(MemorySegment)} says. {@code MemorySegment.NULL} stands for C's {@code NULL}.
 *
 * <p>Every method may be called from any thread, virtual ones included. Sizes are in bytes; the rules for sizes of 0,
 * negative and huge ones, for {@code ztry} and {@code Usable} forms, for what happens when there is no memory, and for
 * which form frees which block, are those of {@link RawZMalloc}, which has the same functions on addresses. The backing
 * allocator is chosen once, when this class is first used ({@code zmalloc.allocator}); where none can be had, each call
 * throws an {@code AllocatorUnavailableException} that names every attempt.
 */
public final class ZMalloc {
    /** What {@link #zmallocCacheAligned} aligns to: the cache line of x86-64 and of most aarch64 processors. */
    public static final long CACHE_LINE_BYTES = 64;

    private ZMalloc() {}

    /** Takes a block of {@code bytes}; its content is undefined. The caller owns it. */
    public static MemorySegment zmalloc(long bytes) {
        return segment(RawZMalloc.zmalloc(bytes), bytes);
    }

    /** Like {@link #zmalloc}, but answers {@code NULL} instead of calling the handler. */
    public static MemorySegment ztrymalloc(long bytes) {
        return segment(RawZMalloc.ztrymalloc(bytes), bytes);
    }

    /** Like {@link #zmalloc}, with a segment as long as what was really given. */
    public static MemorySegment zmallocUsable(long bytes) {
        UsableBytes usable = new UsableBytes();
        return segment(RawZMalloc.zmallocUsable(bytes, usable), usable.usable());
    }

    /** Like {@link #ztrymalloc}, with a segment as long as what was really given. */
    public static MemorySegment ztrymallocUsable(long bytes) {
        UsableBytes usable = new UsableBytes();
        return segment(RawZMalloc.ztrymallocUsable(bytes, usable), usable.usable());
    }

    /** Takes a block of {@code bytes}, zeroed. The caller owns it. */
    public static MemorySegment zcalloc(long bytes) {
        return segment(RawZMalloc.zcalloc(bytes), bytes);
    }

    /** Like {@link #zcalloc(long)}, but answers {@code NULL} instead of calling the handler. */
    public static MemorySegment ztrycalloc(long bytes) {
        return segment(RawZMalloc.ztrycalloc(bytes), bytes);
    }

    /** Like {@link #zcalloc(long)}, with a segment as long as what was really given, its first {@code bytes} zero. */
    public static MemorySegment zcallocUsable(long bytes) {
        UsableBytes usable = new UsableBytes();
        return segment(RawZMalloc.zcallocUsable(bytes, usable), usable.usable());
    }

    /** Like {@link #zcallocUsable(long)}, but answers {@code NULL} instead of calling the handler. */
    public static MemorySegment ztrycallocUsable(long bytes) {
        UsableBytes usable = new UsableBytes();
        return segment(RawZMalloc.ztrycallocUsable(bytes, usable), usable.usable());
    }

    /**
     * Takes a block for {@code count} elements of {@code bytes} each, zeroed. The caller owns it. An element size of 0
     * and a product that overflows are out of memory.
     */
    public static MemorySegment zcalloc(long count, long bytes) {
        return segment(RawZMalloc.zcalloc(count, bytes), count * bytes);
    }

    /** Like {@link #zcalloc(long, long)}, but answers {@code NULL} instead of calling the handler. */
    public static MemorySegment ztrycalloc(long count, long bytes) {
        return segment(RawZMalloc.ztrycalloc(count, bytes), count * bytes);
    }

    /** Like {@link #zcalloc(long, long)}, with a segment as long as what was really given. */
    public static MemorySegment zcallocUsable(long count, long bytes) {
        UsableBytes usable = new UsableBytes();
        return segment(RawZMalloc.zcallocUsable(count, bytes, usable), usable.usable());
    }

    /** Like {@link #zcallocUsable(long, long)}, but answers {@code NULL} instead of calling the handler. */
    public static MemorySegment ztrycallocUsable(long count, long bytes) {
        UsableBytes usable = new UsableBytes();
        return segment(RawZMalloc.ztrycallocUsable(count, bytes, usable), usable.usable());
    }

    /**
     * Changes the size of a block and may move it; the content up to the smaller of both sizes stays, an alignment
     * asked for does not. The caller owns the block returned and must not use {@code block} again, unless the call
     * failed, which leaves {@code block} as it was.
     *
     * @param block a whole block from this class, or {@code NULL}, which makes this {@link #zmalloc}
     * @param bytes the new size; 0 frees the block and answers {@code NULL}, if there was one
     * @throws IllegalArgumentException if {@code block} is none, as for {@link #zfree(MemorySegment)}; nothing changed
     */
    public static MemorySegment zrealloc(MemorySegment block, long bytes) {
        MemorySegment moved = ztryrealloc(block, bytes);
        return isDone(moved, block, bytes) ? moved : outOfMemory(bytes);
    }

    /** Like {@link #zrealloc}, but answers {@code NULL} instead of calling the handler; {@code block} is kept. */
    public static MemorySegment ztryrealloc(MemorySegment block, long bytes) {
        long address = WholeBlock.address(block);
        return address == 0
                ? ztrymalloc(bytes)
                : segment(RawZMalloc.resize(address, bytes, WholeBlock.usableBytes(block, address), null), bytes);
    }

    /** Like {@link #zrealloc}, with a segment as long as what was really given. */
    public static MemorySegment zreallocUsable(MemorySegment block, long bytes) {
        return zreallocUsable(block, bytes, new UsableBytes());
    }

    /** Like {@link #ztryrealloc}, with a segment as long as what was really given. */
    public static MemorySegment ztryreallocUsable(MemorySegment block, long bytes) {
        return ztryreallocUsable(block, bytes, new UsableBytes());
    }

    /**
     * Like {@link #zreallocUsable(MemorySegment, long)}, and puts into {@code usable} the length of the segment
     * returned and what the old block had. Both are 0 if the call failed and the old block is kept.
     */
    public static MemorySegment zreallocUsable(MemorySegment block, long bytes, UsableBytes usable) {
        MemorySegment moved = ztryreallocUsable(block, bytes, usable);
        return isDone(moved, block, bytes) ? moved : outOfMemory(bytes);
    }

    /** Like {@link #zreallocUsable(MemorySegment, long, UsableBytes)}, but answers {@code NULL} instead of failing. */
    public static MemorySegment ztryreallocUsable(MemorySegment block, long bytes, UsableBytes usable) {
        usable.clear();
        long address = WholeBlock.address(block);
        long moved = address == 0
                ? RawZMalloc.ztrymallocUsable(bytes, usable)
                : RawZMalloc.resize(address, bytes, WholeBlock.usableBytes(block, address), usable);
        return segment(moved, usable.usable());
    }

    /**
     * Takes a block of {@code bytes} whose address is a multiple of {@code alignmentBytes}; its content is undefined.
     * The caller owns it, and frees it with {@link #zfree(MemorySegment)} or, told both numbers, with
     * {@link #zfreeAligned}.
     *
     * @param alignmentBytes a power of two
     * @throws IllegalArgumentException if {@code alignmentBytes} is no power of two
     */
    public static MemorySegment zmallocAligned(long bytes, long alignmentBytes) {
        return segment(RawZMalloc.zmallocAligned(bytes, alignmentBytes), bytes);
    }

    /** Like {@link #zmallocAligned}, but answers {@code NULL} instead of calling the handler. */
    public static MemorySegment ztrymallocAligned(long bytes, long alignmentBytes) {
        return segment(RawZMalloc.ztrymallocAligned(bytes, alignmentBytes), bytes);
    }

    /** Like {@link #zmallocAligned}, with a segment as long as what was really given. */
    public static MemorySegment zmallocAlignedUsable(long bytes, long alignmentBytes) {
        UsableBytes usable = new UsableBytes();
        return segment(RawZMalloc.zmallocAlignedUsable(bytes, alignmentBytes, usable), usable.usable());
    }

    /** Like {@link #ztrymallocAligned}, with a segment as long as what was really given. */
    public static MemorySegment ztrymallocAlignedUsable(long bytes, long alignmentBytes) {
        UsableBytes usable = new UsableBytes();
        return segment(RawZMalloc.ztrymallocAlignedUsable(bytes, alignmentBytes, usable), usable.usable());
    }

    /** Like {@link #zmallocAligned}, on a cache line of its own: {@value #CACHE_LINE_BYTES} bytes. */
    public static MemorySegment zmallocCacheAligned(long bytes) {
        return zmallocAligned(bytes, CACHE_LINE_BYTES);
    }

    /** Like {@link #zmallocCacheAligned}, but answers {@code NULL} when there is no memory. */
    public static MemorySegment ztrymallocCacheAligned(long bytes) {
        return ztrymallocAligned(bytes, CACHE_LINE_BYTES);
    }

    /**
     * Gives a block back to the allocator. {@code NULL} is ignored.
     *
     * <p>What cannot be a whole block from this class is refused, as far as that shows without a record of all blocks:
     *
     * <ul>
     *   <li>a segment on the heap, one that an arena other than the global one frees, one mapped from a file, and a
     *       read-only view, always;
     *   <li>an address where no block of that length begins (one that is no multiple of 16, or of 8 if the segment is
     *       shorter than 16 bytes), always;
     *   <li>a segment longer than the block that the allocator has at its address, always;
     *   <li>one so much shorter that a block of its length would be of another size class, where the allocator's sizes
     *       are exact (jemalloc, tcmalloc). A slice that begins elsewhere in a block and is long enough to be of the
     *       same class passes; so does one whose length and address an aligned block of the class could have, and with
     *       tcmalloc perhaps one from deep within a block of more than its page.
     * </ul>
     *
     * What passes and is no whole block corrupts the process, and so does a block that was freed before or that another
     * allocator gave. So may the question about an address that the allocator knows nothing of.
     *
     * @param block a whole block from this class, not freed before
     * @throws IllegalArgumentException if {@code block} is refused; nothing was freed
     */
    public static void zfree(MemorySegment block) {
        long address = WholeBlock.address(block);
        if (address != 0) {
            RawZMalloc.free(address, WholeBlock.usableBytes(block, address));
        }
    }

    /**
     * Like {@link #zfree(MemorySegment)}, and answers the usable bytes that were freed; 0 for {@code NULL}.
     *
     * @throws IllegalArgumentException if {@code block} is refused; nothing was freed
     */
    public static long zfreeUsable(MemorySegment block) {
        long address = WholeBlock.address(block);
        if (address == 0) {
            return 0;
        }
        long usableBytes = WholeBlock.usableBytes(block, address);
        RawZMalloc.free(address, usableBytes);
        return usableBytes;
    }

    /**
     * Gives a block back, told its size: no look-up, where the allocator says sizes beforehand. {@code NULL} is
     * ignored. {@code block.byteSize()} is a right size for every segment that this class returned, but for those of
     * {@link #zmallocAligned} and its like, which only {@link #zfree(MemorySegment)} and {@link #zfreeAligned} take.
     *
     * <p>Refused is what {@link #zfree(MemorySegment)} refuses without asking the allocator, and a size less than the
     * segment's. A size of another class than the segment's length leads to is held against what the allocator has.
     *
     * @param bytes anything from the size requested to the usable size
     * @throws IllegalArgumentException if {@code block} or {@code bytes} is refused; nothing was freed
     */
    public static void zfree(MemorySegment block, long bytes) {
        long address = WholeBlock.address(block);
        if (address != 0) {
            WholeBlock.checkBytes(block, address, bytes);
            RawZMalloc.zfree(address, bytes);
        }
    }

    /**
     * Gives an aligned block back, told its size and alignment: no look-up, where the allocator says sizes beforehand.
     * {@code NULL} is ignored.
     *
     * @param block a segment that {@link #zmallocAligned} or its like returned, as long as it was
     * @param alignmentBytes what was asked for; another number corrupts the count and the allocator
     * @throws IllegalArgumentException if {@code alignmentBytes} is no power of two, or {@code block} is on the heap,
     *     of an arena, mapped, read-only or not so aligned; nothing was freed
     */
    public static void zfreeAligned(MemorySegment block, long alignmentBytes) {
        long address = WholeBlock.address(block);
        if (address % Sizes.alignment(alignmentBytes) != 0) {
            throw new IllegalArgumentException("no block aligned to " + alignmentBytes + ": " + block);
        }
        RawZMalloc.zfreeAligned(address, block.byteSize(), alignmentBytes);
    }

    /** Whether the backend has calls past its thread caches, for {@link #zmallocNoTcache} and its like. */
    public static boolean zmallocHasNoTcache() {
        return RawZMalloc.zmallocHasNoTcache();
    }

    /**
     * Like {@link #zmalloc}, but past the cache that the allocator keeps for the calling thread.
     *
     * @throws UnsupportedOperationException if the backend has no such call; see {@link #zmallocHasNoTcache}
     */
    public static MemorySegment zmallocNoTcache(long bytes) {
        return segment(RawZMalloc.zmallocNoTcache(bytes), bytes);
    }

    /** Like {@link #zmallocNoTcache}, but answers {@code NULL} instead of calling the handler. */
    public static MemorySegment ztrymallocNoTcache(long bytes) {
        return segment(RawZMalloc.ztrymallocNoTcache(bytes), bytes);
    }

    /**
     * Like {@link #zfree(MemorySegment)}, but past the cache that the allocator keeps for the calling thread, so that
     * this thread's next block is not this one.
     *
     * @throws IllegalArgumentException if {@code block} is refused; nothing was freed
     * @throws UnsupportedOperationException if the backend has no such call; nothing was freed
     */
    public static void zfreeNoTcache(MemorySegment block) {
        long address = WholeBlock.address(block);
        RawZMalloc.zfreeNoTcache(address, address == 0 ? 0 : WholeBlock.usableBytes(block, address));
    }

    /**
     * Takes a block that holds {@code string} in UTF-8 with a zero byte behind it, as C wants it. The caller owns it.
     * An unpaired surrogate becomes a question mark, as in {@link String#getBytes}.
     *
     * @throws IllegalArgumentException if {@code string} has a character 0, where C would end it
     */
    public static MemorySegment zstrdup(String string) {
        byte[] text = NativeStrings.encode(string);
        long bytes = text.length + 1L;
        return segment(NativeStrings.put(text, RawZMalloc.zmalloc(bytes)), bytes);
    }

    /** Like {@link #zstrdup}, but answers {@code NULL} instead of calling the handler. */
    public static MemorySegment ztrystrdup(String string) {
        byte[] text = NativeStrings.encode(string);
        long bytes = text.length + 1L;
        return segment(NativeStrings.put(text, RawZMalloc.ztrymalloc(bytes)), bytes);
    }

    /** Like {@link #zstrdup}, with a segment as long as what was really given. */
    public static MemorySegment zstrdupUsable(String string) {
        UsableBytes usable = new UsableBytes();
        return segment(RawZMalloc.zstrdupUsable(string, usable), usable.usable());
    }

    /** Like {@link #ztrystrdup}, with a segment as long as what was really given. */
    public static MemorySegment ztrystrdupUsable(String string) {
        UsableBytes usable = new UsableBytes();
        return segment(RawZMalloc.ztrystrdupUsable(string, usable), usable.usable());
    }

    /**
     * The bytes of the string that a segment of any kind begins with, up to but without its zero byte.
     *
     * @throws IllegalArgumentException if there is no zero byte in it
     */
    public static long zstrlen(MemorySegment string) {
        return NativeStrings.length(string);
    }

    /**
     * The UTF-8 string that a segment of any kind begins with, up to its zero byte. Bytes that are not UTF-8 become
     * U+FFFD.
     *
     * @throws IllegalArgumentException if there is no zero byte in it
     */
    public static String zstring(MemorySegment string) {
        return NativeStrings.decode(string);
    }

    /**
     * The usable bytes of a live block: what the allocator really gave and what was counted, at least what was asked
     * for. 0 for {@code NULL}.
     *
     * @throws IllegalArgumentException if {@code block} is refused, as for {@link #zfree(MemorySegment)}
     */
    public static long zmallocSize(MemorySegment block) {
        long address = WholeBlock.address(block);
        return address == 0 ? 0 : WholeBlock.usableBytes(block, address);
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
     * The highest that {@link #zmallocUsedMemory()} has been, since the process began or the last
     * {@link #zmallocResetPeak()}; never less than it is now.
     *
     * <p>The count is kept in 48 stripes, a thread's own or shared by many, and a stripe looks at the sum of all when
     * it has risen enough. The peak told may therefore be less than the true one by up to 20 KiB for each stripe in
     * use: 20 KiB where one thread allocates, 960 KiB where many do. It may pass the true one only as
     * {@code zmallocUsedMemory()} itself may, by what other threads take and free while the stripes are summed up.
     */
    public static long zmallocPeakMemory() {
        return UsedMemory.peak();
    }

    /** When the peak was seen first, to the millisecond; the start or the last reset, if nothing rose since. */
    public static Instant zmallocPeakTime() {
        return Instant.ofEpochMilli(UsedMemory.peakMillis());
    }

    /** Makes what is in use now the peak, and now its time. */
    public static void zmallocResetPeak() {
        UsedMemory.resetPeak();
    }

    /**
     * How many blocks were taken so far. A resize counts only if it takes its first block. Less
     * {@link #zmallocFrees()}, it is the number of live blocks. Exact when no other thread allocates meanwhile.
     */
    public static long zmallocAllocations() {
        return UsedMemory.allocations();
    }

    /** How many blocks were freed so far, those resized to 0 included. Exact when no other thread frees meanwhile. */
    public static long zmallocFrees() {
        return UsedMemory.frees();
    }

    /**
     * Sets what happens when a form that may not fail has no memory to give, for the whole process, from now on.
     *
     * @param handler called on the thread that asked; {@link OutOfMemoryHandler#THROW} is the one at start
     */
    public static void zmallocSetOomHandler(OutOfMemoryHandler handler) {
        RawZMalloc.setOutOfMemoryHandler(handler);
    }

    /**
     * The account of this process that is called {@code name}: a counted view with its own used memory and peak. Made,
     * without a limit, when it is first asked for.
     */
    public static MemoryAccount account(String name) {
        return MemoryAccount.named(name);
    }

    /** The backend that serves this process: its name, version, origin and figures. */
    public static Allocator allocator() {
        return RawZMalloc.ALLOCATOR;
    }

    private static MemorySegment segment(long address, long bytes) {
        return address == 0 ? MemorySegment.NULL : Memory.segment(address, bytes);
    }

    private static boolean isDone(MemorySegment moved, MemorySegment block, long bytes) {
        return moved.address() != 0 || RawZMalloc.isFree(block.address(), bytes);
    }

    private static MemorySegment outOfMemory(long bytes) {
        RawZMalloc.outOfMemory(bytes);
        return MemorySegment.NULL;
    }
}
