package dev.zmalloc.store;

import java.io.ObjectInputFilter;
import java.io.ObjectStreamConstants;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;

/**
 * Objects of any class. Strings are as {@link StringCodec} writes them, whose first byte is never one that goes on a
 * character in UTF-8; those bytes tell the others.
 *
 * <pre>
 *   0                    0      1          0      1          0      1          0      1
 *   +---------------+    +------+------+   +------+------+   +------+------+   +------+--------------- -
 *   | string        |    | 0x80 | int  |   | 0x81 | long |   | 0x82 | bytes|   | 0xAC | a serial stream
 *   +---------------+    +------+------+   +------+------+   +------+------+   +------+--------------- -
 *   or nothing                  big-endian        big-endian        an array
 * </pre>
 */
final class ObjectCodec {
    private static final byte INTEGER = (byte) 0x80;
    private static final byte LONG = (byte) 0x81;
    private static final byte BYTES = (byte) 0x82;
    private static final byte STREAM = (byte) (ObjectStreamConstants.STREAM_MAGIC >>> Byte.SIZE);

    private ObjectCodec() {}

    static Codec<Object> of(ClassLoader loader, ObjectInputFilter filter, boolean isKey) {
        Objects.requireNonNull(loader, "loader");
        Objects.requireNonNull(filter, "filter");
        return new BytesCodec<>(
                "of objects", value -> encode(value, filter, isKey), bytes -> decode(bytes, loader, filter));
    }

    private static byte[] encode(Object value, ObjectInputFilter filter, boolean isKey) {
        return switch (value) {
            case String text -> StringCodec.encode(text);
            case Integer number -> tagged(INTEGER, Integer.BYTES).putInt(number).array();
            case Long number -> tagged(LONG, Long.BYTES).putLong(number).array();
            case byte[] bytes -> tagged(BYTES, bytes.length).put(bytes).array();
            default -> SerializableCodec.encode(value, filter, isKey);
        };
    }

    private static ByteBuffer tagged(byte tag, int bytes) {
        return ByteBuffer.allocate(1 + bytes).put(tag);
    }

    private static Object decode(byte[] bytes, ClassLoader loader, ObjectInputFilter filter) {
        return switch (bytes.length == 0 ? 0 : bytes[0]) {
            case INTEGER -> ByteBuffer.wrap(bytes).getInt(1);
            case LONG -> ByteBuffer.wrap(bytes).getLong(1);
            case BYTES -> Arrays.copyOfRange(bytes, 1, bytes.length);
            case STREAM -> SerializableCodec.decode(bytes, loader, filter);
            default -> StringCodec.decode(bytes);
        };
    }
}
