package dev.zmalloc.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.zmalloc.ffi.Bytes;
import java.nio.ByteBuffer;

/**
 * Strings as UTF-8, and those that UTF-8 cannot say, for they have a half of a surrogate pair alone, as their chars
 * behind a byte that no UTF-8 begins with. So each string has one encoding, and comes back as it was.
 *
 * <pre>
 *   0                      0      1        3        5
 *   +-----------------+    +------+--------+--------+- -
 *   | UTF-8           |    | 0xFF | char 0 | char 1 |        big-endian
 *   +-----------------+    +------+--------+--------+- -
 * </pre>
 */
final class StringCodec {
    private static final byte CHARS = (byte) 0xFF;
    private static final byte REPLACEMENT = '?';
    private static final long EACH_BYTE = 0x0101010101010101L;
    private static final long HIGH_BITS = 0x8080808080808080L;

    private StringCodec() {}

    static byte[] encode(String text) {
        byte[] bytes = text.getBytes(UTF_8);
        // The JDK puts this in place of half a pair; whether it did, only text with it need be looked through for.
        return hasReplacement(bytes) && hasHalfAPair(text) ? chars(text) : bytes;
    }

    static String decode(byte[] bytes) {
        if (bytes.length == 0 || bytes[0] != CHARS) {
            return new String(bytes, UTF_8);
        }
        char[] chars = new char[bytes.length / Character.BYTES];
        ByteBuffer.wrap(bytes, 1, bytes.length - 1).asCharBuffer().get(chars);
        return new String(chars);
    }

    private static byte[] chars(String text) {
        long length = 1 + (long) Character.BYTES * text.length();
        if (length > OffHeapStore.MAX_VALUE_BYTES) {
            throw new IllegalArgumentException("a string of " + text.length() + " chars with half a surrogate pair");
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) length).put(CHARS);
        bytes.asCharBuffer().put(text);
        return bytes.array();
    }

    private static boolean hasReplacement(byte[] bytes) {
        int index = 0;
        for (; index <= bytes.length - Long.BYTES; index += Long.BYTES) {
            // A byte is zero where it was the one looked for, and then borrows from its highest bit.
            long differences = Bytes.getLong(bytes, index) ^ EACH_BYTE * REPLACEMENT;
            if ((differences - EACH_BYTE & ~differences & HIGH_BITS) != 0) {
                return true;
            }
        }
        for (; index < bytes.length; index++) {
            if (bytes[index] == REPLACEMENT) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasHalfAPair(String text) {
        for (int index = 0; index < text.length(); index++) {
            if (Character.isSurrogate(text.charAt(index))) {
                boolean isPair = index + 1 < text.length()
                        && Character.isSurrogatePair(text.charAt(index), text.charAt(index + 1));
                if (!isPair) {
                    return true;
                }
                index++;
            }
        }
        return false;
    }
}
