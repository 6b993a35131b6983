package dev.zmalloc;

import dev.zmalloc.ffi.Memory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** Strings as C keeps them: UTF-8 with a zero byte behind it. */
final class NativeStrings {
    private NativeStrings() {}

    /** The bytes of {@code string}, without the zero byte, an unpaired surrogate as a question mark. */
    static byte[] encode(String string) {
        int zero = string.indexOf('\0');
        if (zero >= 0) {
            throw new IllegalArgumentException("a C string ends at its first zero, and this one has one at index "
                    + zero + " of " + string.length());
        }
        return string.getBytes(StandardCharsets.UTF_8);
    }

    /** Writes {@code text} and the zero byte to a block, unless {@code address} is 0, and answers {@code address}. */
    static long put(byte[] text, long address) {
        if (address != 0) {
            Memory.copyIn(text, 0, address, text.length);
            Memory.putByte(address + text.length, (byte) 0);
        }
        return address;
    }

    /** The bytes in {@code string} before its first zero. */
    static long length(MemorySegment string) {
        for (long bytes = 0; bytes < string.byteSize(); bytes++) {
            if (string.get(ValueLayout.JAVA_BYTE, bytes) == 0) {
                return bytes;
            }
        }
        throw new IllegalArgumentException("no C string: no zero in " + string.byteSize() + " bytes");
    }

    /** The text in {@code string} before its first zero. */
    static String decode(MemorySegment string) {
        return new String(string.asSlice(0, length(string)).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }
}
