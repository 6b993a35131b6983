package dev.zmalloc.ffi;

import java.lang.foreign.MemorySegment;

/**
 * Bytes of a caller's, wherever they are: a {@code byte[]} or a {@link MemorySegment}.
 *
 * <p>The value itself, so that a call makes no object for it; ranges of either are slices of a segment. A segment is
 * read through its own checks, never by its address: another thread may close its arena at any time, and the reader
 * then gets an exception and not a crash. The bytes may change while they are read; who needs them twice reads a copy.
 */
public final class ByteRange {
    private ByteRange() {}

    /** Copies {@code bytes} of {@code source} to {@code target}. */
    public static void copyIn(Object source, long target, int bytes) {
        if (source instanceof byte[] array) {
            Memory.copyIn(array, 0, target, bytes);
        } else {
            Memory.copyIn((MemorySegment) source, target, bytes);
        }
    }

    /** Copies {@code bytes} at {@code source} to {@code offset} of {@code target}. */
    public static void copyOut(long source, Object target, long offset, int bytes) {
        if (target instanceof byte[] array) {
            Memory.copyOut(source, array, (int) offset, bytes);
        } else {
            Memory.copyOut(source, (MemorySegment) target, offset, bytes);
        }
    }

    /** Tells whether {@code bytes} at {@code address} equal those of {@code source}. */
    public static boolean equal(long address, Object source, int bytes) {
        return source instanceof byte[] array
                ? Memory.equal(address, array, 0, bytes)
                : Memory.equal(address, (MemorySegment) source, bytes);
    }
}
