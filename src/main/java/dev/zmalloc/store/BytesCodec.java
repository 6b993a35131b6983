package dev.zmalloc.store;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import java.util.function.Function;

/**
 * A codec whose encoding is there as a whole before it is stored: a {@code byte[]} or a {@link MemorySegment}, which
 * the store copies, and of whose copy on the heap it makes the value again.
 */
final class BytesCodec<T> implements Codec<T> {
    private final String name;
    private final Function<? super T, ?> encoder;
    private final Function<byte[], ? extends T> decoder;

    /**
     * @param name for messages
     * @param encoder answers a {@code byte[]} or a {@link MemorySegment}, which stays as it is for the length of an
     *     operation
     * @param decoder may keep the array
     */
    BytesCodec(String name, Function<? super T, ?> encoder, Function<byte[], ? extends T> decoder) {
        this.name = name;
        this.encoder = Objects.requireNonNull(encoder, "encoder");
        this.decoder = Objects.requireNonNull(decoder, "decoder");
    }

    /** The encoding: a {@code byte[]} or a {@link MemorySegment}, not to be written to. */
    Object bytesOf(T value) {
        Object bytes = encoder.apply(value);
        if (bytes == null) {
            throw new IllegalStateException("the codec " + name + " encoded to null");
        }
        return bytes;
    }

    /** The encoding in an array, which may be the value itself. */
    byte[] arrayOf(T value) {
        Object bytes = bytesOf(value);
        return bytes instanceof byte[] array ? array : ((MemorySegment) bytes).toArray(ValueLayout.JAVA_BYTE);
    }

    /** The value of an encoding, whose array is the codec's from now on. */
    T fromArray(byte[] encoded) {
        T value = decoder.apply(encoded);
        if (value == null) {
            throw new IllegalStateException("the codec " + name + " decoded to null");
        }
        return value;
    }

    @Override
    public long encodedBytes(T value) {
        return length(bytesOf(value));
    }

    @Override
    public long encode(T value, MemorySegment target) {
        Object bytes = bytesOf(value);
        MemorySegment source = bytes instanceof byte[] array ? MemorySegment.ofArray(array) : (MemorySegment) bytes;
        MemorySegment.copy(source, 0, target, 0, source.byteSize());
        return source.byteSize();
    }

    @Override
    public T decode(MemorySegment encoded) {
        return fromArray(encoded.toArray(ValueLayout.JAVA_BYTE));
    }

    /** The length of what {@link #bytesOf} answered. */
    static long length(Object bytes) {
        return bytes instanceof byte[] array ? array.length : ((MemorySegment) bytes).byteSize();
    }

    @Override
    public String toString() {
        return name;
    }
}
