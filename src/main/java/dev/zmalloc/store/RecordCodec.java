package dev.zmalloc.store;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.RecordComponent;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * A record as its components, one after another.
 *
 * <pre>
 *   of a primitive type                of another type
 *   +---------------------+            +----------------+-----------------+
 *   | its bytes           |            | length 4,      | its bytes       |
 *   |                     |            | -1 for null    |                 |
 *   +---------------------+            +----------------+-----------------+
 * </pre>
 */
final class RecordCodec {
    private static final int NULL = -1;

    private final Class<?> type;
    private final MethodHandle constructor;
    private final Component[] components;

    /**
     * One component.
     *
     * @param getter from {@code Object} to {@code Object}
     * @param fixedBytes what a primitive takes; 0 for other types, which have a length
     */
    private record Component(MethodHandle getter, BytesCodec<Object> codec, int fixedBytes) {}

    private RecordCodec(Class<?> type, MethodHandle constructor, Component[] components) {
        this.type = type;
        this.constructor = constructor;
        this.components = components;
    }

    static <R extends Record> Codec<R> of(MethodHandles.Lookup lookup, Class<R> type) {
        return derive(lookup, type, new ArrayDeque<>());
    }

    /** @param around the records that this one is a component of */
    private static <R> BytesCodec<R> derive(MethodHandles.Lookup lookup, Class<R> type, Deque<Class<?>> around) {
        if (around.contains(type)) {
            throw new IllegalArgumentException("a record that contains itself: " + type.getName());
        }
        around.push(type);
        RecordComponent[] parts = type.getRecordComponents();
        Class<?>[] types = Arrays.stream(parts).map(RecordComponent::getType).toArray(Class<?>[]::new);
        RecordCodec codec;
        try {
            Component[] components = new Component[parts.length];
            for (int index = 0; index < parts.length; index++) {
                MethodHandle getter = lookup.unreflect(parts[index].getAccessor());
                components[index] = component(lookup, parts[index], getter, around);
            }
            MethodHandle constructor = lookup.findConstructor(type, MethodType.methodType(void.class, types));
            codec = new RecordCodec(
                    type,
                    constructor
                            .asSpreader(Object[].class, types.length)
                            .asType(MethodType.methodType(Object.class, Object[].class)),
                    components);
        } catch (IllegalAccessException | NoSuchMethodException e) {
            throw new IllegalArgumentException("the lookup may not use the record " + type.getName(), e);
        }
        around.pop();
        return new BytesCodec<>(
                "record " + type.getSimpleName(), codec::encode, bytes -> type.cast(codec.decode(bytes)));
    }

    @SuppressWarnings("unchecked") // a component's codec is that of its type
    private static Component component(
            MethodHandles.Lookup lookup, RecordComponent part, MethodHandle getter, Deque<Class<?>> around) {
        Class<?> boxed = MethodType.methodType(part.getType()).wrap().returnType();
        BytesCodec<?> codec;
        try {
            codec = boxed.isRecord() ? derive(lookup, boxed, around) : (BytesCodec<?>) Codecs.of(boxed);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "component " + part.getName() + " of "
                            + part.getDeclaringRecord().getName(),
                    e);
        }
        int fixedBytes = part.getType().isPrimitive() ? primitiveBytes(part.getType()) : 0;
        return new Component(
                getter.asType(MethodType.methodType(Object.class, Object.class)),
                (BytesCodec<Object>) codec,
                fixedBytes);
    }

    private static int primitiveBytes(Class<?> type) {
        return type == boolean.class || type == byte.class
                ? Byte.BYTES
                : type == short.class || type == char.class
                        ? Short.BYTES
                        : type == int.class || type == float.class ? Integer.BYTES : Long.BYTES;
    }

    private byte[] encode(Object value) {
        byte[][] parts = new byte[components.length][];
        long length = 0;
        for (int index = 0; index < parts.length; index++) {
            Component component = components[index];
            Object part = get(component.getter, value);
            parts[index] = part == null ? null : component.codec.arrayOf(part);
            length += (component.fixedBytes == 0 ? Integer.BYTES : 0) + (part == null ? 0 : parts[index].length);
        }
        if (length > OffHeapStore.MAX_VALUE_BYTES) {
            throw new IllegalArgumentException("a record " + type.getName() + " of " + length + " bytes");
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) length);
        for (int index = 0; index < parts.length; index++) {
            if (components[index].fixedBytes == 0) {
                bytes.putInt(parts[index] == null ? NULL : parts[index].length);
            }
            if (parts[index] != null) {
                bytes.put(parts[index]);
            }
        }
        return bytes.array();
    }

    private Object decode(byte[] encoded) {
        ByteBuffer bytes = ByteBuffer.wrap(encoded);
        @Nullable Object[] values = new @Nullable Object[components.length];
        for (int index = 0; index < values.length; index++) {
            Component component = components[index];
            int length = component.fixedBytes == 0 ? bytes.getInt() : component.fixedBytes;
            if (length != NULL) {
                byte[] part = new byte[length];
                bytes.get(part);
                values[index] = component.codec.fromArray(part);
            }
        }
        return construct(values);
    }

    private static @Nullable Object get(MethodHandle getter, Object value) {
        try {
            return (Object) getter.invokeExact(value);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("an accessor of a record has thrown", e);
        }
    }

    private Object construct(@Nullable Object[] values) {
        try {
            return (Object) constructor.invokeExact(values);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("the constructor of record " + type.getName() + " has thrown", e);
        }
    }
}
