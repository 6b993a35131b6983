package dev.zmalloc.cli;

import dev.zmalloc.allocator.Allocator;
import dev.zmalloc.allocator.Allocators;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The option {@code --allocator}: the name of a backend, or of a class. */
final class AllocatorName {
    @Option(
            names = "--allocator",
            paramLabel = "NAME",
            converter = Converter.class,
            description = "Backing allocator: jemalloc, libc, tcmalloc, mimalloc, or a class that implements Allocator"
                    + " (default: the setting " + Allocators.ALLOCATOR_PROPERTY + ", or jemalloc).")
    @Nullable
    String value;

    /** Makes this the process' allocator, if it is given. Has no effect once {@code ZMalloc} has been used. */
    void select() {
        if (value != null) {
            System.setProperty(Allocators.ALLOCATOR_PROPERTY, value);
        }
    }

    /** Refuses what cannot be an allocator before anything is loaded. */
    static final class Converter implements ITypeConverter<String> {
        @Override
        public String convert(String text) {
            List<String> names = Allocators.names();
            if (!names.contains(text) && !isAllocatorClass(text)) {
                throw new TypeConversionException("unknown allocator '" + text + "'; accepted are "
                        + String.join(", ", names) + ", or the full name of a class that implements "
                        + Allocator.class.getName());
            }
            return text;
        }

        private static boolean isAllocatorClass(String name) {
            try {
                Class<?> type =
                        Class.forName(name, false, Thread.currentThread().getContextClassLoader());
                return Allocator.class.isAssignableFrom(type);
            } catch (ClassNotFoundException | LinkageError e) {
                return false;
            }
        }
    }
}
