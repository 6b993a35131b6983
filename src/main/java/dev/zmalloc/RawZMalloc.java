package dev.zmalloc;

import dev.zmalloc.allocator.Allocator;
import dev.zmalloc.allocator.AllocatorUnavailableException;
import dev.zmalloc.allocator.Allocators;
import dev.zmalloc.allocator.DebugLevel;
import dev.zmalloc.allocator.NativeMemoryDebug;
import dev.zmalloc.ffi.Memory;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * {@link ZMalloc} on addresses: the same functions, counted in the same place, for code that keeps blocks as
 * {@code long}.
 *
 * <p>An address of 0 is C's {@code NULL}. Whoever gets an address owns the block and frees it once. Addresses are not
 * checked: freeing one twice, or one that is not from here, corrupts the process.
 *
 * <table>
 * <caption>Which form frees which block</caption>
 * <tr><th>block from</th><th>{@code zfree(address)}</th><th>{@code zfree(address, bytes)}</th>
 * <th>{@code zfreeAligned(address, bytes, alignmentBytes)}</th></tr>
 * <tr><td>{@code zmalloc}, {@code zcalloc}, {@code zrealloc}, {@code zstrdup}</td><td>yes</td>
 * <td>requested to usable bytes</td><td>no</td></tr>
 * <tr><td>{@code zmallocAligned}, {@code zmallocCacheAligned}</td><td>yes</td><td>no</td>
 * <td>requested to usable bytes</td></tr>
 * <tr><td>{@code zmallocNoTcache}</td><td>yes</td><td>requested to usable bytes</td><td>no</td></tr>
 * </table>
 *
 * <p>A form that takes or resizes a block and has no memory to give, or is asked for what is no size, calls the
 * out-of-memory handler: the one at start throws {@link NativeOutOfMemoryError}, and if another one returns, the call
 * answers 0. The {@code ztry} forms answer 0 without calling the handler, and are otherwise what they are named after.
 * The {@code Usable} forms also tell what the allocator really gave; all of it may be read and written, but is content
 * only as far as it was requested: {@code zrealloc} need not keep the rest, nor {@code zcalloc} zero it.
 *
 * <p>Every method may be called from any thread, virtual ones included, and a block may be freed by another thread than
 * the one that took it. Sizes are in bytes. A size of 0 is served as {@value #MIN_BYTES}; a negative size, or
 * {@link Long#MAX_VALUE}, is refused before the allocator sees it, like a C size of half the address space and above.
 * Nothing here makes garbage, but for the strings. Credit for the set of functions and their edge cases: Redis,
 * {@code zmalloc.c}.
 */
public final class RawZMalloc {
    /** What a request for 0 bytes gets: a block that can be told from others and freed. */
    static final long MIN_BYTES = Sizes.MIN_BYTES;

    /** The backend of this process. A constant of the JIT, so that its record's handles are constants too. */
    static final Allocator ALLOCATOR = select();

    private static final boolean EXACT = ALLOCATOR.usableBytesExact();
    private static final boolean ALIKE = EXACT && NativeMemoryDebug.level() == DebugLevel.OFF;
    private static final boolean NO_TCACHE = ALLOCATOR.hasUncachedCalls();

    private static volatile OutOfMemoryHandler outOfMemoryHandler = OutOfMemoryHandler.THROW;

    private RawZMalloc() {}

    private static Allocator select() {
        try {
            return Allocators.select();
        } catch (AllocatorUnavailableException e) {
            // A failing static initialiser would show as NoClassDefFoundError from the second call on, without the
            // cure.
            return UnavailableAllocator.because(e);
        }
    }

    /** Takes a block of at least {@code bytes}; its content is undefined. The caller owns it. */
    public static long zmalloc(long bytes) {
        return orOutOfMemory(ztrymalloc(bytes), bytes);
    }

    /** Like {@link #zmalloc}, but answers 0 instead of calling the handler. */
    public static long ztrymalloc(long bytes) {
        if (Sizes.isNoSize(bytes)) {
            return 0;
        }
        long size = Sizes.atLeastMin(bytes);
        return counted(ALLOCATOR.allocate(size), size);
    }

    /** Like {@link #zmalloc}, and puts into {@code usable} what was really given. */
    public static long zmallocUsable(long bytes, UsableBytes usable) {
        return orOutOfMemory(ztrymallocUsable(bytes, usable), bytes);
    }

    /** Like {@link #ztrymalloc}, and puts into {@code usable} what was really given. */
    public static long ztrymallocUsable(long bytes, UsableBytes usable) {
        usable.clear();
        if (Sizes.isNoSize(bytes)) {
            return 0;
        }
        long size = Sizes.atLeastMin(bytes);
        return counted(ALLOCATOR.allocate(size), size, usable);
    }

    /** Takes a block whose first {@code bytes} are zero. The caller owns it. */
    public static long zcalloc(long bytes) {
        return orOutOfMemory(ztrycalloc(bytes), bytes);
    }

    /** Like {@link #zcalloc(long)}, but answers 0 instead of calling the handler. */
    public static long ztrycalloc(long bytes) {
        if (Sizes.isNoSize(bytes)) {
            return 0;
        }
        long size = Sizes.atLeastMin(bytes);
        return counted(ALLOCATOR.allocateZeroed(size), size);
    }

    /** Like {@link #zcalloc(long)}, and puts into {@code usable} what was really given. */
    public static long zcallocUsable(long bytes, UsableBytes usable) {
        return orOutOfMemory(ztrycallocUsable(bytes, usable), bytes);
    }

    /** Like {@link #ztrycalloc(long)}, and puts into {@code usable} what was really given. */
    public static long ztrycallocUsable(long bytes, UsableBytes usable) {
        usable.clear();
        if (Sizes.isNoSize(bytes)) {
            return 0;
        }
        long size = Sizes.atLeastMin(bytes);
        return counted(ALLOCATOR.allocateZeroed(size), size, usable);
    }

    /**
     * Takes a block for {@code count} elements of {@code bytes} each, zeroed. The caller owns it. A {@code count} of 0
     * is served; an element size of 0 and a product that overflows are out of memory, with {@code -1} (the largest C
     * size) as the bytes requested.
     */
    public static long zcalloc(long count, long bytes) {
        return Sizes.productOverflows(count, bytes) ? outOfMemory(-1) : zcalloc(count * bytes);
    }

    /** Like {@link #zcalloc(long, long)}, but answers 0 instead of calling the handler. */
    public static long ztrycalloc(long count, long bytes) {
        return Sizes.productOverflows(count, bytes) ? 0 : ztrycalloc(count * bytes);
    }

    /** Like {@link #zcalloc(long, long)}, and puts into {@code usable} what was really given. */
    public static long zcallocUsable(long count, long bytes, UsableBytes usable) {
        usable.clear();
        return Sizes.productOverflows(count, bytes) ? outOfMemory(-1) : zcallocUsable(count * bytes, usable);
    }

    /** Like {@link #ztrycalloc(long, long)}, and puts into {@code usable} what was really given. */
    public static long ztrycallocUsable(long count, long bytes, UsableBytes usable) {
        usable.clear();
        return Sizes.productOverflows(count, bytes) ? 0 : ztrycallocUsable(count * bytes, usable);
    }

    /**
     * Changes the size of the block at {@code address} and may move it; the content up to the smaller of both sizes
     * stays, an alignment asked for does not. The caller owns the block at the address returned and no longer the old
     * one, unless the call failed, which leaves the old block as it was. It counts as neither an allocation nor a free.
     *
     * @param address a block of this class, or 0, which makes this {@link #zmalloc}
     * @param bytes the new size; 0 frees the block and answers 0, if there was one
     */
    public static long zrealloc(long address, long bytes) {
        long moved = ztryrealloc(address, bytes);
        return isFree(address, bytes) ? moved : orOutOfMemory(moved, bytes);
    }

    /** Like {@link #zrealloc}, but answers 0 instead of calling the handler; the old block is kept then. */
    public static long ztryrealloc(long address, long bytes) {
        return address == 0 ? ztrymalloc(bytes) : resize(address, bytes, ALLOCATOR.usableBytes(address), null);
    }

    /**
     * Like {@link #zrealloc}, and puts into {@code usable} what was really given, and what the old block had. Both are
     * 0 if the call failed and the old block is kept.
     */
    public static long zreallocUsable(long address, long bytes, UsableBytes usable) {
        long moved = ztryreallocUsable(address, bytes, usable);
        return isFree(address, bytes) ? moved : orOutOfMemory(moved, bytes);
    }

    /** Like {@link #zreallocUsable}, but answers 0 instead of calling the handler. */
    public static long ztryreallocUsable(long address, long bytes, UsableBytes usable) {
        return address == 0
                ? ztrymallocUsable(bytes, usable)
                : resize(address, bytes, ALLOCATOR.usableBytes(address), usable);
    }

    /**
     * Takes a block of at least {@code bytes} whose address is a multiple of {@code alignmentBytes}; its content is
     * undefined. The caller owns it.
     *
     * @param alignmentBytes a power of two
     * @throws IllegalArgumentException if {@code alignmentBytes} is no power of two
     */
    public static long zmallocAligned(long bytes, long alignmentBytes) {
        return orOutOfMemory(ztrymallocAligned(bytes, alignmentBytes), bytes);
    }

    /** Like {@link #zmallocAligned}, but answers 0 instead of calling the handler. */
    public static long ztrymallocAligned(long bytes, long alignmentBytes) {
        return tryAligned(bytes, alignmentBytes, null);
    }

    /** Like {@link #zmallocAligned}, and puts into {@code usable} what was really given. */
    public static long zmallocAlignedUsable(long bytes, long alignmentBytes, UsableBytes usable) {
        return orOutOfMemory(ztrymallocAlignedUsable(bytes, alignmentBytes, usable), bytes);
    }

    /** Like {@link #ztrymallocAligned}, and puts into {@code usable} what was really given. */
    public static long ztrymallocAlignedUsable(long bytes, long alignmentBytes, UsableBytes usable) {
        usable.clear();
        return tryAligned(bytes, alignmentBytes, usable);
    }

    private static long tryAligned(long bytes, long alignmentBytes, @Nullable UsableBytes usable) {
        long alignment = Sizes.alignment(alignmentBytes);
        if (Sizes.isNoSize(bytes)) {
            return 0;
        }
        long size = Sizes.atLeastMin(bytes);
        long address = ALLOCATOR.allocateAligned(size, alignment);
        if (address != 0) {
            long usableBytes = alignedUsableBytes(address, size, alignment);
            UsedMemory.allocated(usableBytes);
            if (usable != null) {
                usable.set(usableBytes, 0);
            }
        }
        return address;
    }

    /** Like {@link #zmallocAligned}, on a cache line of its own: {@value ZMalloc#CACHE_LINE_BYTES} bytes. */
    public static long zmallocCacheAligned(long bytes) {
        return zmallocAligned(bytes, ZMalloc.CACHE_LINE_BYTES);
    }

    /** Like {@link #zmallocCacheAligned}, but answers 0 instead of calling the handler. */
    public static long ztrymallocCacheAligned(long bytes) {
        return ztrymallocAligned(bytes, ZMalloc.CACHE_LINE_BYTES);
    }

    /**
     * Gives the block at {@code address} back to the allocator; 0 is ignored. The allocator is asked for the block's
     * size.
     */
    public static void zfree(long address) {
        if (address != 0) {
            free(address, ALLOCATOR.usableBytes(address));
        }
    }

    /** Like {@link #zfree(long)}, and answers the usable bytes that were freed; 0 for 0. */
    public static long zfreeUsable(long address) {
        long usableBytes = zmallocSize(address);
        if (address != 0) {
            free(address, usableBytes);
        }
        return usableBytes;
    }

    /**
     * Gives the block at {@code address} back, told its size: no look-up, where the allocator says sizes beforehand. 0
     * is ignored.
     *
     * @param address a block that was not asked to be aligned, or 0
     * @param bytes anything from the size requested to the usable size; another number corrupts the count and the
     *     allocator
     */
    public static void zfree(long address, long bytes) {
        if (address != 0) {
            freeSized(address, bytes);
        }
    }

    /**
     * Gives an aligned block back, told its size and alignment: no look-up, where the allocator says sizes beforehand.
     * 0 is ignored.
     *
     * @param bytes anything from the size requested to the usable size; another number corrupts the count and the
     *     allocator
     * @param alignmentBytes what was asked for; another number corrupts likewise
     * @throws IllegalArgumentException if {@code alignmentBytes} is no power of two; nothing was freed
     */
    public static void zfreeAligned(long address, long bytes, long alignmentBytes) {
        long alignment = Sizes.alignment(alignmentBytes);
        if (address != 0) {
            long usableBytes = alignedUsableBytes(address, Sizes.atLeastMin(bytes), alignment);
            ALLOCATOR.freeAligned(address, usableBytes, alignment);
            UsedMemory.freed(usableBytes);
        }
    }

    /** Whether the backend has calls past its thread caches, for {@link #zmallocNoTcache} and its like. */
    public static boolean zmallocHasNoTcache() {
        return NO_TCACHE;
    }

    /**
     * Like {@link #zmalloc}, but past the cache that the allocator keeps for the calling thread: the block comes from
     * where memory is tightest, and not the one that this thread freed last. Counted like any other.
     *
     * @throws UnsupportedOperationException if the backend has no such call; see {@link #zmallocHasNoTcache}
     */
    public static long zmallocNoTcache(long bytes) {
        return orOutOfMemory(ztrymallocNoTcache(bytes), bytes);
    }

    /** Like {@link #zmallocNoTcache}, but answers 0 instead of calling the handler. */
    public static long ztrymallocNoTcache(long bytes) {
        requireNoTcache();
        if (Sizes.isNoSize(bytes)) {
            return 0;
        }
        long size = Sizes.atLeastMin(bytes);
        return counted(ALLOCATOR.allocateUncached(size), size);
    }

    /**
     * Like {@link #zfree(long)}, but past the cache that the allocator keeps for the calling thread, so that this
     * thread's next block is not this one.
     *
     * @throws UnsupportedOperationException if the backend has no such call; nothing was freed
     */
    public static void zfreeNoTcache(long address) {
        requireNoTcache();
        zfreeNoTcache(address, zmallocSize(address));
    }

    /**
     * Like {@link #zfree(long, long)}, but past the cache that the allocator keeps for the calling thread.
     *
     * @throws UnsupportedOperationException if the backend has no such call; nothing was freed
     */
    public static void zfreeNoTcache(long address, long bytes) {
        requireNoTcache();
        if (address != 0) {
            long size = Sizes.atLeastMin(bytes);
            long usableBytes = usableBytes(address, size);
            ALLOCATOR.freeUncached(address, size);
            UsedMemory.freed(usableBytes);
        }
    }

    /**
     * Takes a block that holds {@code string} in UTF-8 with a zero byte behind it, as C wants it. The caller owns it.
     * An unpaired surrogate becomes a question mark, as in {@link String#getBytes}.
     *
     * @throws IllegalArgumentException if {@code string} has a character 0, where C would end it
     */
    public static long zstrdup(String string) {
        byte[] text = NativeStrings.encode(string);
        return NativeStrings.put(text, zmalloc(text.length + 1L));
    }

    /** Like {@link #zstrdup}, but answers 0 instead of calling the handler. */
    public static long ztrystrdup(String string) {
        byte[] text = NativeStrings.encode(string);
        return NativeStrings.put(text, ztrymalloc(text.length + 1L));
    }

    /** Like {@link #zstrdup}, and puts into {@code usable} what was really given. */
    public static long zstrdupUsable(String string, UsableBytes usable) {
        usable.clear();
        byte[] text = NativeStrings.encode(string);
        return NativeStrings.put(text, zmallocUsable(text.length + 1L, usable));
    }

    /** Like {@link #ztrystrdup}, and puts into {@code usable} what was really given. */
    public static long ztrystrdupUsable(String string, UsableBytes usable) {
        usable.clear();
        byte[] text = NativeStrings.encode(string);
        return NativeStrings.put(text, ztrymallocUsable(text.length + 1L, usable));
    }

    /** The bytes of the string at {@code address}, up to but without its zero byte. There must be one. */
    public static long zstrlen(long address) {
        return Memory.cStringBytes(address);
    }

    /** The UTF-8 string at {@code address}, up to its zero byte. There must be one. */
    public static String zstring(long address) {
        return Memory.cString(address);
    }

    /**
     * The usable bytes of the live block at {@code address}: what the allocator really gave, and what was counted. 0
     * for 0.
     */
    public static long zmallocSize(long address) {
        return address == 0 ? 0 : ALLOCATOR.usableBytes(address);
    }

    /**
     * The most usable bytes that a block of {@code bytes} can have, known before it is taken; exact where the allocator
     * promises it. Not for aligned blocks.
     *
     * @return the bound; {@link Long#MAX_VALUE} if {@code bytes} is no size that can be had
     */
    public static long usableBytesBound(long bytes) {
        if (Sizes.isNoSize(bytes)) {
            return Long.MAX_VALUE;
        }
        long bound = ALLOCATOR.usableBytesBound(Sizes.atLeastMin(bytes));
        return bound == 0 ? Long.MAX_VALUE : bound;
    }

    /**
     * Whether a block that is not needed any more may serve, unseen by the allocator, for any request of the same
     * {@link #usableBytesBound}. Not where that is no promise, nor where blocks are watched from taking to freeing.
     */
    public static boolean blocksAreAlike() {
        return ALIKE;
    }

    /** Whether usable sizes follow from requested ones: {@link #usableBytesBound} is what a block will have. */
    static boolean usableBytesExact() {
        return EXACT;
    }

    /**
     * The usable bytes of a live block that was requested with {@code requestedBytes}, by the cheapest way there is.
     */
    static long usableBytes(long address, long requestedBytes) {
        return EXACT ? ALLOCATOR.usableBytesBound(requestedBytes) : ALLOCATOR.usableBytes(address);
    }

    private static long alignedUsableBytes(long address, long requestedBytes, long alignmentBytes) {
        return EXACT
                ? ALLOCATOR.alignedUsableBytesBound(requestedBytes, alignmentBytes)
                : ALLOCATOR.usableBytes(address);
    }

    /** Frees a block of any kind, not 0, which the allocator says to have {@code usableBytes}. */
    static void free(long address, long usableBytes) {
        // Freed first: a backend that refuses what is no live block leaves the count as it was.
        ALLOCATOR.freeAny(address, usableBytes);
        UsedMemory.freed(usableBytes);
    }

    /** Frees a plain block, not 0, of {@code bytes} as for {@link #zfree(long, long)}. Answers its usable bytes. */
    static long freeSized(long address, long bytes) {
        long size = Sizes.atLeastMin(bytes);
        long usableBytes = usableBytes(address, size);
        ALLOCATOR.free(address, size);
        UsedMemory.freed(usableBytes);
        return usableBytes;
    }

    /**
     * Resizes a block, not 0, of {@code oldUsableBytes}; 0 for {@code bytes} frees it. Answers 0 if it failed.
     *
     * @param usable is told both sizes, or two zeros if it failed
     */
    static long resize(long address, long bytes, long oldUsableBytes, @Nullable UsableBytes usable) {
        if (usable != null) {
            usable.clear();
        }
        if (Sizes.isNoSize(bytes)) {
            return 0;
        }
        long moved = 0;
        long usableBytes = 0;
        if (bytes == 0) {
            free(address, oldUsableBytes);
        } else {
            long size = Sizes.atLeastMin(bytes);
            moved = ALLOCATOR.reallocate(address, size);
            if (moved == 0) {
                return 0;
            }
            usableBytes = usableBytes(moved, size);
            UsedMemory.resized(usableBytes - oldUsableBytes);
        }
        if (usable != null) {
            usable.set(usableBytes, oldUsableBytes);
        }
        return moved;
    }

    /** Tells whether a resize is a free, which answers 0 without having failed. */
    static boolean isFree(long address, long bytes) {
        return bytes == 0 && address != 0;
    }

    static void setOutOfMemoryHandler(OutOfMemoryHandler handler) {
        outOfMemoryHandler = Objects.requireNonNull(handler, "handler");
    }

    /** Calls the handler, and answers the null address if it returns. */
    static long outOfMemory(long requestedBytes) {
        outOfMemoryHandler.outOfMemory(requestedBytes);
        return 0;
    }

    private static long orOutOfMemory(long address, long bytes) {
        return address != 0 ? address : outOfMemory(bytes);
    }

    private static void requireNoTcache() {
        if (!NO_TCACHE) {
            // Where no backend could be had, asking for its version says why.
            String version = ALLOCATOR.description().version();
            throw new UnsupportedOperationException(
                    ALLOCATOR.name() + " (" + version + ") has no calls past a thread cache");
        }
    }

    private static long counted(long address, long size) {
        if (address != 0) {
            UsedMemory.allocated(usableBytes(address, size));
        }
        return address;
    }

    private static long counted(long address, long size, UsableBytes usable) {
        if (address != 0) {
            usable.set(usableBytes(address, size), 0);
            UsedMemory.allocated(usable.usable());
        }
        return address;
    }
}
