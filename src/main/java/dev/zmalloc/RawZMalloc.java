package dev.zmalloc;

import dev.zmalloc.allocator.Allocator;
import dev.zmalloc.allocator.AllocatorUnavailableException;
import dev.zmalloc.allocator.Allocators;
import java.util.Objects;

/**
 * {@link ZMalloc} on addresses: the same functions, counted in the same place, for code that keeps blocks as
 * {@code long}.
 *
 * <p>An address of 0 is C's {@code NULL}. Whoever gets an address owns the block and frees it once, with
 * {@link #zfree(long)} or {@link #zfree(long, long)}. Addresses are not checked: freeing one twice, or one that is not
 * from here, corrupts the process.
 *
 * <p>Every method may be called from any thread, virtual ones included, and a block may be freed by another thread than
 * the one that took it. Sizes are in bytes. A size of 0 is served as {@value #MIN_BYTES}; a negative size, or
 * {@link Long#MAX_VALUE}, is refused before the allocator sees it, like a C size of half the address space and above.
 * Credit for the set of functions and their edge cases: Redis, {@code zmalloc.c}.
 */
public final class RawZMalloc {
    /** What a request for 0 bytes gets: a block that can be told from others and freed. */
    static final long MIN_BYTES = 8;

    /** The backend of this process. A constant of the JIT, so that its record's handles are constants too. */
    static final Allocator ALLOCATOR = select();

    private static final boolean EXACT = ALLOCATOR.usableBytesExact();

    private static volatile OutOfMemoryHandler outOfMemoryHandler = OutOfMemoryHandler.THROW;

    private RawZMalloc() {}

    private static Allocator select() {
        try {
            return Allocators.select();
        } catch (AllocatorUnavailableException e) {
            // A failing static initialiser would show as NoClassDefFoundError from the second call on, without the
            // cure.
            return new UnavailableAllocator(e);
        }
    }

    /**
     * Takes a block of at least {@code bytes}; its content is undefined. The caller owns it.
     *
     * @return its address; 0 only if the out-of-memory handler returned
     * @throws NativeOutOfMemoryError from the handler at start, if there is no memory or {@code bytes} is no size
     */
    public static long zmalloc(long bytes) {
        long address = ztrymalloc(bytes);
        return address != 0 ? address : outOfMemory(bytes);
    }

    /** Like {@link #zmalloc}, but answers 0 when there is no memory, without calling the handler. */
    public static long ztrymalloc(long bytes) {
        if (isNoSize(bytes)) {
            return 0;
        }
        long size = Math.max(bytes, MIN_BYTES);
        return counted(ALLOCATOR.allocate(size), size);
    }

    /**
     * Takes a block whose first {@code bytes} are zero. The caller owns it.
     *
     * @return its address; 0 only if the out-of-memory handler returned
     * @throws NativeOutOfMemoryError from the handler at start, if there is no memory or {@code bytes} is no size
     */
    public static long zcalloc(long bytes) {
        long address = ztrycalloc(bytes);
        return address != 0 ? address : outOfMemory(bytes);
    }

    /** Like {@link #zcalloc(long)}, but answers 0 when there is no memory, without calling the handler. */
    public static long ztrycalloc(long bytes) {
        if (isNoSize(bytes)) {
            return 0;
        }
        long size = Math.max(bytes, MIN_BYTES);
        return counted(ALLOCATOR.allocateZeroed(size), size);
    }

    /**
     * Takes a block for {@code count} elements of {@code bytes} each, zeroed. The caller owns it. A {@code count} of 0
     * is served; an element size of 0 and a product that overflows are out of memory, with {@code -1} (the largest C
     * size) as the bytes requested.
     *
     * @return its address; 0 only if the out-of-memory handler returned
     * @throws NativeOutOfMemoryError from the handler at start, if there is no memory or the product is no size
     */
    public static long zcalloc(long count, long bytes) {
        if (productOverflows(count, bytes)) {
            return outOfMemory(-1);
        }
        return zcalloc(count * bytes);
    }

    /** Like {@link #zcalloc(long, long)}, but answers 0 instead of calling the handler. */
    public static long ztrycalloc(long count, long bytes) {
        return productOverflows(count, bytes) ? 0 : ztrycalloc(count * bytes);
    }

    /**
     * Changes the size of the block at {@code address} and may move it; the content up to the smaller of both sizes
     * stays. The caller owns the block at the address returned and no longer the old one, unless the call failed, which
     * leaves the old block as it was.
     *
     * @param address a block of this class, or 0, which makes this {@link #zmalloc}
     * @param bytes the new size; 0 frees the block and answers 0, if there was one
     * @return the new address; 0 if the block was freed or the out-of-memory handler returned
     * @throws NativeOutOfMemoryError from the handler at start, if there is no memory or {@code bytes} is no size
     */
    public static long zrealloc(long address, long bytes) {
        long moved = ztryrealloc(address, bytes);
        return moved != 0 || (bytes == 0 && address != 0) ? moved : outOfMemory(bytes);
    }

    /**
     * Like {@link #zrealloc}, but answers 0 when there is no memory, without calling the handler; the old block is kept
     * then.
     */
    public static long ztryrealloc(long address, long bytes) {
        if (address == 0) {
            return ztrymalloc(bytes);
        }
        if (bytes == 0) {
            zfree(address);
            return 0;
        }
        if (isNoSize(bytes)) {
            return 0;
        }
        long size = Math.max(bytes, MIN_BYTES);
        long oldUsableBytes = ALLOCATOR.usableBytes(address);
        long moved = ALLOCATOR.reallocate(address, size);
        if (moved != 0) {
            UsedMemory.add(usableBytes(moved, size) - oldUsableBytes);
        }
        return moved;
    }

    /**
     * Gives the block at {@code address} back to the allocator; 0 is ignored. The allocator is asked for the block's
     * size.
     */
    public static void zfree(long address) {
        if (address != 0) {
            long usableBytes = ALLOCATOR.usableBytes(address);
            // Freed first: a backend that refuses what is no live block leaves the count as it was.
            ALLOCATOR.free(address, usableBytes);
            UsedMemory.add(-usableBytes);
        }
    }

    /**
     * Gives the block at {@code address} back, told its size: no look-up, where the allocator says sizes beforehand. 0
     * is ignored.
     *
     * @param bytes anything from the size requested to the usable size; another number corrupts the count and the
     *     allocator
     */
    public static void zfree(long address, long bytes) {
        if (address != 0) {
            long size = Math.max(bytes, MIN_BYTES);
            long usableBytes = usableBytes(address, size);
            ALLOCATOR.free(address, size);
            UsedMemory.add(-usableBytes);
        }
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
     * promises it.
     *
     * @return the bound; {@link Long#MAX_VALUE} if {@code bytes} is no size that can be had
     */
    public static long usableBytesBound(long bytes) {
        if (isNoSize(bytes)) {
            return Long.MAX_VALUE;
        }
        long bound = ALLOCATOR.usableBytesBound(Math.max(bytes, MIN_BYTES));
        return bound == 0 ? Long.MAX_VALUE : bound;
    }

    /**
     * The usable bytes of a live block that was requested with {@code requestedBytes}, by the cheapest way there is.
     */
    static long usableBytes(long address, long requestedBytes) {
        return EXACT ? ALLOCATOR.usableBytesBound(requestedBytes) : ALLOCATOR.usableBytes(address);
    }

    static void setOutOfMemoryHandler(OutOfMemoryHandler handler) {
        outOfMemoryHandler = Objects.requireNonNull(handler, "handler");
    }

    /** Calls the handler, and answers the null address if it returns. */
    static long outOfMemory(long requestedBytes) {
        outOfMemoryHandler.outOfMemory(requestedBytes);
        return 0;
    }

    private static long counted(long address, long size) {
        if (address != 0) {
            UsedMemory.add(usableBytes(address, size));
        }
        return address;
    }

    private static boolean isNoSize(long bytes) {
        return bytes < 0 || bytes == Long.MAX_VALUE;
    }

    private static boolean productOverflows(long count, long bytes) {
        return count < 0 || bytes <= 0 || count > Long.MAX_VALUE / bytes;
    }
}
