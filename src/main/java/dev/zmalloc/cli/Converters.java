package dev.zmalloc.cli;

import dev.zmalloc.MemorySize;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;
import dev.zmalloc.trace.TraceFormat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Turn the words of options into values, or refuse them with one line that says what is accepted. */
final class Converters {
    private static final int MAX_THREADS = 1024;
    private static final double MAX_SKEW = 10;

    private Converters() {}

    /** A size of memory. */
    static final class Size implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            return refusing(() -> MemorySize.parse(text));
        }
    }

    /** An eviction policy by the name that Redis has for it. */
    static final class Policy implements ITypeConverter<EvictionPolicy> {
        @Override
        public EvictionPolicy convert(String text) {
            return refusing(() -> EvictionPolicy.parse(text));
        }
    }

    /** Some policies by their names, or {@code all} that differ where nothing expires. */
    static final class Policies implements ITypeConverter<List<EvictionPolicy>> {
        @Override
        public List<EvictionPolicy> convert(String text) {
            if (text.equals("all")) {
                return Arrays.stream(EvictionPolicy.values())
                        .filter(policy -> !policy.isVolatile())
                        .toList();
            }
            return refusing(() -> Arrays.stream(text.split(",", -1))
                    .map(EvictionPolicy::parse)
                    .distinct()
                    .toList());
        }
    }

    /** A limit, as a size or as a share of something. */
    static final class Limit implements ITypeConverter<MemoryShare> {
        @Override
        public MemoryShare convert(String text) {
            return refusing(() -> MemoryShare.parse(text));
        }
    }

    /** A format of traces. */
    static final class OfTrace implements ITypeConverter<TraceFormat> {
        @Override
        public TraceFormat convert(String text) {
            return refusing(() -> TraceFormat.parse(text));
        }
    }

    /** The size of a value. */
    static final class ValueSize implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            long bytes = refusing(() -> MemorySize.parse(text));
            if (bytes > OffHeapStore.MAX_VALUE_BYTES) {
                throw new TypeConversionException(
                        "'" + text + "'; accepted are sizes of at most " + OffHeapStore.MAX_VALUE_BYTES + " bytes");
            }
            return (int) bytes;
        }
    }

    /** A file to write, in a folder that is there. */
    static class NewFile implements ITypeConverter<Path> {
        @Override
        public Path convert(String text) {
            Path file = Path.of(text).toAbsolutePath();
            Path folder = file.getParent();
            if (folder == null || !Files.isDirectory(folder) || !Files.isWritable(folder) || Files.isDirectory(file)) {
                throw new TypeConversionException("'" + text + "'; accepted are files in a folder that can be written");
            }
            return file;
        }
    }

    /** A picture to write. */
    static final class NewPicture extends NewFile {
        @Override
        public Path convert(String text) {
            if (!text.endsWith(".svg") && !text.endsWith(".png")) {
                throw new TypeConversionException("'" + text + "'; accepted are names that end in .svg or .png");
            }
            return super.convert(text);
        }
    }

    /** How many reads. */
    static final class Reads implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            return wholeNumber(text, 1, Long.MAX_VALUE, "from 1");
        }
    }

    /** How many threads. */
    static final class Threads implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) wholeNumber(text, 1, MAX_THREADS, "from 1 to " + MAX_THREADS);
        }
    }

    /** A seed. */
    static final class Seed implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            return wholeNumber(text, Long.MIN_VALUE, Long.MAX_VALUE, "of 64 bits");
        }
    }

    /** The exponent of a Zipf distribution. */
    static final class Skew implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            String accepted = "numbers from 0 to " + MAX_SKEW;
            return number(Double::parseDouble, text, value -> value >= 0 && value <= MAX_SKEW, accepted);
        }
    }

    private static long wholeNumber(String text, long least, long most, String range) {
        return number(Long::parseLong, text, value -> value >= least && value <= most, "whole numbers " + range);
    }

    private static <T> T number(Function<String, T> parser, String text, Predicate<T> range, String accepted) {
        try {
            T value = parser.apply(text);
            if (range.test(value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Refused below, like a number out of range.
        }
        throw new TypeConversionException("'" + text + "'; accepted are " + accepted);
    }

    private static <T> T refusing(Supplier<T> parser) {
        try {
            return parser.get();
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
