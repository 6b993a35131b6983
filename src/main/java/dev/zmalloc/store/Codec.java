package dev.zmalloc.store;

import java.lang.foreign.MemorySegment;
import java.util.function.Function;

/**
 * How the keys or values of an {@link OffHeapCache} are written as bytes, and made of them again. {@link Codecs} has
 * those of common types, and {@link #ofArrays} makes one of two functions on arrays.
 *
 * <p>Any thread may call any method, several at a time. They run without a lock of the cache's. What one throws comes
 * out of the operation on the cache, which has changed nothing then.
 *
 * <p>A codec of keys gives equal keys equal bytes, and others different ones: the cache knows keys by their bytes
 * alone.
 *
 * @param <T> the type; {@code null} is never passed and must not be returned
 */
public interface Codec<T> {
    /** How many bytes {@link #encode} writes for {@code value}: exactly, and not more than an array can have. */
    long encodedBytes(T value);

    /**
     * Writes {@code value} where it is to lie, in native memory or on the heap.
     *
     * @param target of exactly {@link #encodedBytes} bytes, all zero; for this thread and this call alone: later uses
     *     throw
     * @return how many bytes were written, from the first on; if these are not all, the value is refused
     */
    long encode(T value, MemorySegment target);

    /**
     * Makes a value of what {@link #encode} wrote.
     *
     * @param encoded read-only, not aligned; for this thread and this call alone: later uses throw, or, if the bytes
     *     are on the heap, read what they were
     */
    T decode(MemorySegment encoded);

    /**
     * A codec that goes by arrays, for what knows its length only once it is encoded. Both functions let go of their
     * array: it is the other side's then.
     */
    static <T> Codec<T> ofArrays(Function<? super T, byte[]> encoder, Function<byte[], ? extends T> decoder) {
        return new BytesCodec<>("of arrays", encoder, decoder);
    }
}
