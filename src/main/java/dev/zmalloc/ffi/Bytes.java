package dev.zmalloc.ffi;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Integers in heap arrays in native byte order, so that they compare with what {@link Memory} reads and writes. */
public final class Bytes {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private Bytes() {}

    /** The eight bytes of {@code array} from {@code index}, which needs no alignment. */
    public static long getLong(byte[] array, int index) {
        return (long) LONG.get(array, index);
    }

    /** Sets the eight bytes of {@code array} from {@code index}, which needs no alignment. */
    static void putLong(byte[] array, int index, long value) {
        LONG.set(array, index, value);
    }
}
