package dev.zmalloc.store;

import java.io.ObjectInputFilter;
import java.io.Serializable;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.function.Function;

/**
 * Codecs of common types. All but {@link #serializable} can be those of keys.
 *
 * <p>What comes out of a cache is a copy and the caller's. Numbers and chars are written big-endian; floating-point
 * numbers are the same where their boxes are equal, so that all NaN are one, and 0.0 and -0.0 are two.
 */
@SuppressWarnings("exports") // the annotations of jspecify, which need not be there for who compiles against this
public final class Codecs {
    /** Strings as UTF-8; also those that have half a surrogate pair, in another form. */
    public static final Codec<String> STRING = codec("string", StringCodec::encode, StringCodec::decode);

    /** Arrays, known by their content. */
    public static final Codec<byte[]> BYTES = codec("byte[]", Function.identity(), Function.identity());

    /**
     * The bytes from a buffer's position to its limit, which stay where they are; a buffer on the heap comes out, whose
     * order is big-endian as that of any new one.
     */
    public static final Codec<ByteBuffer> BYTE_BUFFER = codec("ByteBuffer", MemorySegment::ofBuffer, ByteBuffer::wrap);

    /** The bytes of a segment, on the heap or native; one on the heap comes out, which is not aligned. */
    public static final Codec<MemorySegment> MEMORY_SEGMENT =
            codec("MemorySegment", Function.identity(), MemorySegment::ofArray);

    /** A byte: 0 or 1. */
    public static final Codec<Boolean> BOOLEAN =
            codec("boolean", value -> new byte[] {(byte) (value ? 1 : 0)}, bytes -> bytes[0] != 0);

    /** A byte. */
    public static final Codec<Byte> BYTE = codec("byte", value -> new byte[] {value}, bytes -> bytes[0]);

    /** Two bytes. */
    public static final Codec<Short> SHORT = codec(
            "short",
            value -> space(Short.BYTES).putShort(value).array(),
            bytes -> wrap(bytes).getShort());

    /** Two bytes: any char, half a surrogate pair included. */
    public static final Codec<Character> CHARACTER = codec(
            "char",
            value -> space(Character.BYTES).putChar(value).array(),
            bytes -> wrap(bytes).getChar());

    /** Four bytes. */
    public static final Codec<Integer> INTEGER = codec(
            "int",
            value -> space(Integer.BYTES).putInt(value).array(),
            bytes -> wrap(bytes).getInt());

    /** Eight bytes. */
    public static final Codec<Long> LONG = codec(
            "long",
            value -> space(Long.BYTES).putLong(value).array(),
            bytes -> wrap(bytes).getLong());

    /** Four bytes. */
    public static final Codec<Float> FLOAT = codec(
            "float",
            value -> space(Float.BYTES).putInt(Float.floatToIntBits(value)).array(),
            bytes -> wrap(bytes).getFloat());

    /** Eight bytes. */
    public static final Codec<Double> DOUBLE = codec(
            "double",
            value -> space(Double.BYTES).putLong(Double.doubleToLongBits(value)).array(),
            bytes -> wrap(bytes).getDouble());

    private static final Map<Class<?>, Codec<?>> BY_TYPE = Map.ofEntries(
            Map.entry(String.class, STRING),
            Map.entry(byte[].class, BYTES),
            Map.entry(ByteBuffer.class, BYTE_BUFFER),
            Map.entry(MemorySegment.class, MEMORY_SEGMENT),
            Map.entry(Boolean.class, BOOLEAN),
            Map.entry(Byte.class, BYTE),
            Map.entry(Short.class, SHORT),
            Map.entry(Character.class, CHARACTER),
            Map.entry(Integer.class, INTEGER),
            Map.entry(Long.class, LONG),
            Map.entry(Float.class, FLOAT),
            Map.entry(Double.class, DOUBLE));

    private Codecs() {}

    /**
     * The codec of this class for a type.
     *
     * @throws IllegalArgumentException if there is none
     */
    @SuppressWarnings("unchecked") // each is under its own type
    public static <T> Codec<T> of(Class<T> type) {
        Codec<?> codec = BY_TYPE.get(type);
        if (codec == null) {
            throw new IllegalArgumentException("no codec for " + type.getName()
                    + ": a record has Codecs.record, a Serializable Codecs.serializable, and for others write a Codec");
        }
        return (Codec<T>) codec;
    }

    /** Whether {@link #of} has a codec for a type. */
    public static boolean isKnown(Class<?> type) {
        return BY_TYPE.containsKey(type);
    }

    /**
     * A codec of a record whose components are of primitive types, of types that {@link #of} knows, or such records.
     * Components may be {@code null}.
     *
     * @param lookup {@link MethodHandles#lookup()} of a class that may use the records
     * @throws IllegalArgumentException if a component has another type, or a record contains itself, or {@code lookup}
     *     may not use it
     */
    public static <R extends Record> Codec<R> record(MethodHandles.Lookup lookup, Class<R> type) {
        return RecordCodec.of(lookup, type);
    }

    /**
     * A codec by Java's serialization, for values only: equal objects may have different bytes. Objects of other
     * classes than those named here are refused when they are put, and would be when they are read.
     *
     * @param type of the values; subclasses of it must be among {@code allowed} if there are any
     * @param allowed what else values may be made of: these classes, their superclasses, arrays of these and of
     *     primitive types; strings, and nothing else, are allowed anyway
     */
    public static <T extends Serializable> Codec<T> serializable(Class<T> type, Class<?>... allowed) {
        return SerializableCodec.of(type, SerializableCodec.allowing(type, allowed));
    }

    /**
     * Like {@link #serializable(Class, Class...)}, with a filter, which is asked for each class of what values have and
     * must not reject it.
     */
    public static <T extends Serializable> Codec<T> serializable(Class<T> type, ObjectInputFilter filter) {
        return SerializableCodec.of(type, filter);
    }

    /**
     * A codec of objects of any {@link Serializable} class: strings as {@link #STRING} has them, some other common
     * types briefly, and the rest by Java's serialization.
     *
     * @param loader finds the classes; where it does not, they are looked for as usual
     * @param filter as for {@link #serializable(Class, ObjectInputFilter)}; not asked about strings, {@code Integer},
     *     {@code Long} and {@code byte[]} that are the object itself
     * @param isKey whether it is for keys. Of a key, objects that are equal are written once, so that equal keys have
     *     equal bytes whether they share them or not. What they are made of must have been written in the same order,
     *     too: not so of a {@link java.util.HashSet}
     */
    public static Codec<Object> objects(ClassLoader loader, ObjectInputFilter filter, boolean isKey) {
        return ObjectCodec.of(loader, filter, isKey);
    }

    private static <T> Codec<T> codec(
            String name, Function<? super T, ?> encoder, Function<byte[], ? extends T> decoder) {
        return new BytesCodec<>(name, encoder, decoder);
    }

    private static ByteBuffer space(int bytes) {
        return ByteBuffer.allocate(bytes);
    }

    private static ByteBuffer wrap(byte[] bytes) {
        return ByteBuffer.wrap(bytes);
    }
}
