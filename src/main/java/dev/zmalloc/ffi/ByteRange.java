package dev.zmalloc.ffi;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Bytes of a caller's, wherever they are: a {@code byte[]} or a {@link MemorySegment}, and an offset into it.
 *
 * <p>Two values in place of an object, so that a call costs none. A segment is read through its own checks, never by
 * its address: another thread may close its arena at any time, and the reader then gets an exception and not a crash.
 * The bytes may change while they are read; who needs them twice reads a copy.
 */
public final class ByteRange {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    private ByteRange() {}

    /** The eight bytes at {@code offset}, in native order. */
    public static long getLong(Object source, long offset) {
        return source instanceof byte[] array
                ? Bytes.getLong(array, (int) offset)
                : ((MemorySegment) source).get(LONG, offset);
    }

    /** The byte at {@code offset}. */
    public static byte getByte(Object source, long offset) {
        return source instanceof byte[] array
                ? array[(int) offset]
                : ((MemorySegment) source).get(ValueLayout.JAVA_BYTE, offset);
    }

    /** Copies {@code bytes} from {@code offset} of {@code source} to {@code target}. */
    public static void copyIn(Object source, long offset, long target, int bytes) {
        if (source instanceof byte[] array) {
            Memory.copyIn(array, (int) offset, target, bytes);
        } else {
            Memory.copyIn((MemorySegment) source, offset, target, bytes);
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

    /** Tells whether {@code bytes} at {@code address} equal those at {@code offset} of {@code source}. */
    public static boolean equal(long address, Object source, long offset, int bytes) {
        return source instanceof byte[] array
                ? Memory.equal(address, array, (int) offset, bytes)
                : Memory.equal(address, (MemorySegment) source, offset, bytes);
    }
}
