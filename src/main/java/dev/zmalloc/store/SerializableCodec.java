package dev.zmalloc.store;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InvalidClassException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Java's serialization behind a filter. The filter is asked for each class both ways: what it would refuse to read is
 * not written in the first place.
 */
final class SerializableCodec {
    /** What arrays the JDK's collections ask the filter for when they are read, though none was written. */
    private static final Map<String, Class<?>> ARRAYS_OF_COLLECTIONS = Map.ofEntries(
            Map.entry("java.util.HashMap", Map.Entry[].class),
            Map.entry("java.util.HashSet", Map.Entry[].class),
            Map.entry("java.util.Hashtable", Map.Entry[].class),
            Map.entry("java.util.Properties", Map.Entry[].class),
            Map.entry("java.util.ArrayList", Object[].class),
            Map.entry("java.util.ArrayDeque", Object[].class),
            Map.entry("java.util.PriorityQueue", Object[].class),
            Map.entry("java.util.IdentityHashMap", Object[].class),
            Map.entry("java.util.CollSer", Object[].class),
            Map.entry("java.util.Collections$CopiesList", Object[].class),
            Map.entry("java.util.concurrent.CopyOnWriteArrayList", Object[].class),
            Map.entry("java.util.concurrent.PriorityBlockingQueue", Object[].class));

    private SerializableCodec() {}

    static <T> Codec<T> of(Class<T> type, ObjectInputFilter filter) {
        Objects.requireNonNull(filter, "filter");
        return new BytesCodec<>(
                "Serializable " + type.getSimpleName(),
                value -> encode(value, filter, false),
                bytes -> type.cast(decode(bytes, type.getClassLoader(), filter)));
    }

    /** Refuses all classes but some, what they extend, and arrays of them. */
    static ObjectInputFilter allowing(Class<?> type, Class<?>... others) {
        Set<Class<?>> allowed = new HashSet<>();
        allowed.add(String.class);
        // No object is of an interface: this is for the arrays that hash tables ask for.
        allowed.add(Map.Entry.class);
        addWithSuperclasses(type, allowed);
        for (Class<?> other : others) {
            addWithSuperclasses(other, allowed);
        }
        return info -> {
            Class<?> asked = info.serialClass();
            if (asked == null) {
                return ObjectInputFilter.Status.UNDECIDED;
            }
            while (asked.isArray()) {
                asked = asked.getComponentType();
            }
            return asked.isPrimitive() || allowed.contains(asked)
                    ? ObjectInputFilter.Status.ALLOWED
                    : ObjectInputFilter.Status.REJECTED;
        };
    }

    private static void addWithSuperclasses(Class<?> type, Set<Class<?>> allowed) {
        for (Class<?> each = type; each != null; each = each.getSuperclass()) {
            allowed.add(each);
        }
    }

    /**
     * @param isKey whether objects within the value that are equal are written once, so that equal keys are the same
     */
    static byte[] encode(Object value, ObjectInputFilter filter, boolean isKey) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream stream = new FilteredOutput(bytes, filter, isKey)) {
            stream.writeObject(value);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "not serializable: " + value.getClass().getName(), e);
        }
        return bytes.toByteArray();
    }

    /** @param loader finds classes, before the usual ones do; {@code null} for that of the JDK */
    static Object decode(byte[] bytes, @Nullable ClassLoader loader, ObjectInputFilter filter) {
        try (ObjectInputStream stream = new TypedInput(bytes, loader)) {
            stream.setObjectInputFilter(filter);
            return stream.readObject();
        } catch (IOException e) {
            throw new UncheckedIOException("a value cannot be read", e);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("a class of a value has gone", e);
        }
    }

    /** Asks the filter for each class that it writes. */
    private static final class FilteredOutput extends ObjectOutputStream {
        private final ObjectInputFilter filter;
        private boolean isRefused;
        private final Map<Map.Entry<Class<?>, Object>, Object> written = new HashMap<>();

        FilteredOutput(OutputStream target, ObjectInputFilter filter, boolean writesEqualOnce) throws IOException {
            super(target);
            this.filter = filter;
            enableReplaceObject(writesEqualOnce);
        }

        @Override
        protected Object replaceObject(Object object) {
            Object equal = written.putIfAbsent(Map.entry(object.getClass(), object), object);
            return equal == null ? object : equal;
        }

        @Override
        protected void annotateClass(Class<?> type) throws IOException {
            check(type);
            Class<?> array = ARRAYS_OF_COLLECTIONS.get(type.getName());
            if (array != null) {
                check(array);
            }
        }

        @Override
        protected void annotateProxyClass(Class<?> type) throws IOException {
            check(type);
        }

        private void check(Class<?> type) throws IOException {
            // The stream writes what was thrown before it throws it: that is not to be refused in turn.
            if (!isRefused && filter.checkInput(new Asked(type)) == ObjectInputFilter.Status.REJECTED) {
                isRefused = true;
                throw new InvalidClassException(type.getName(), "the codec does not allow this class");
            }
        }
    }

    /** A class that is asked about alone, whatever its place in the stream. */
    private record Asked(Class<?> serialClass) implements ObjectInputFilter.FilterInfo {
        @Override
        public long arrayLength() {
            return -1;
        }

        @Override
        public long depth() {
            return 1;
        }

        @Override
        public long references() {
            return 1;
        }

        @Override
        public long streamBytes() {
            return 0;
        }
    }

    /** Finds classes by a loader, or else as usual. */
    private static final class TypedInput extends ObjectInputStream {
        private final @Nullable ClassLoader loader;

        TypedInput(byte[] bytes, @Nullable ClassLoader loader) throws IOException {
            super(new ByteArrayInputStream(bytes));
            this.loader = loader;
        }

        @Override
        protected Class<?> resolveClass(ObjectStreamClass described) throws IOException, ClassNotFoundException {
            try {
                return Class.forName(described.getName(), false, loader);
            } catch (ClassNotFoundException e) {
                return super.resolveClass(described);
            }
        }
    }
}
