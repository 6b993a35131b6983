package dev.zmalloc.cli;

import dev.zmalloc.allocator.Allocator;
import dev.zmalloc.allocator.Allocators;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * The value of {@code --allocator}: the name of a backend, or of a class.
 *
 * @param value as the setting {@value Allocators#ALLOCATOR_PROPERTY} takes it
 */
record AllocatorName(String value) {
    /** What the option's help says. */
    static final String HELP = "Backing allocator: jemalloc, libc, tcmalloc, mimalloc, or a class that implements"
            + " Allocator"
            + " (default: the setting " + Allocators.ALLOCATOR_PROPERTY + ", or jemalloc).";

    /** Makes this the process' allocator. Has no effect once {@code ZMalloc} has been used. */
    void select() {
        System.setProperty(Allocators.ALLOCATOR_PROPERTY, value);
    }

    /** Refuses what cannot be an allocator before anything is loaded. */
    static final class Converter implements ITypeConverter<AllocatorName> {
        @Override
        public AllocatorName convert(String text) {
            List<String> names = Allocators.names();
            if (!names.contains(text) && !isAllocatorClass(text)) {
                throw new TypeConversionException("unknown allocator '" + text + "'; accepted are "
                        + String.join(", ", names) + ", or the full name of a class that implements "
                        + Allocator.class.getName());
            }
            return new AllocatorName(text);
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
