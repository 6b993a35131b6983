package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.Memory;
import dev.zmalloc.ffi.NativeLibrary;
import dev.zmalloc.ffi.abi.mallctl_fn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * jemalloc's control interface: values read, set and triggered by dotted name, such as {@code stats.allocated}.
 *
 * <p>jemalloc checks the size of what is read and written against the value's type, so a method for another type is
 * refused and not misread. A name that this build of the library lacks, or any other refusal, is an
 * {@link IllegalArgumentException} with jemalloc's error; {@link #tryReadLong} and {@link #tryReadBoolean} are for
 * names that may be missing.
 *
 * <p>Any thread may call. Names under {@code thread.} speak of the calling platform thread.
 *
 * @param function {@code mallctl}, called with five longs; never as a critical call, since it locks
 */
record Mallctl(MethodHandle function) {
    private static final int NO_SUCH_NAME = 2; // ENOENT
    private static final int ANOTHER_SIZE = 22; // EINVAL

    /** The control interface of {@code library}. It must have been found by {@code mallctl}. */
    static Mallctl of(NativeLibrary library) {
        return new Mallctl(Downcalls.ordinary(library.find("mallctl"), mallctl_fn.descriptor()));
    }

    /** Reads a {@code size_t}, {@code ssize_t} or {@code uint64_t}. */
    long readLong(String name) {
        try (Arena arena = Arena.ofConfined()) {
            return read(arena, name, ValueLayout.JAVA_LONG).get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /** Like {@link #readLong}, but empty where this build of jemalloc has no such name. */
    OptionalLong tryReadLong(String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_LONG);
            return tryRead(arena, name, value)
                    ? OptionalLong.of(value.get(ValueLayout.JAVA_LONG, 0))
                    : OptionalLong.empty();
        }
    }

    /**
     * The value that the option {@code opt.NAME} has, as text, whatever its type; empty where this build has no such
     * option.
     *
     * @param isText whether the option is a {@code const char *}, which has the size of a number
     */
    Optional<String> tryReadOption(String option, boolean isText) {
        String name = "opt." + option;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_LONG);
            for (long bytes : new long[] {Long.BYTES, Integer.BYTES, 1}) {
                int error = read(arena, name, value.asSlice(0, bytes));
                if (error == NO_SUCH_NAME) {
                    return Optional.empty();
                }
                if (error != ANOTHER_SIZE || bytes == 1) {
                    check(name, error);
                    return Optional.of(text(value, bytes, isText));
                }
            }
        }
        throw new AssertionError("no size fits " + name);
    }

    private static String text(MemorySegment value, long bytes, boolean isText) {
        if (bytes == 1) {
            return Boolean.toString(value.get(ValueLayout.JAVA_BYTE, 0) != 0);
        }
        if (bytes == Integer.BYTES) {
            return Integer.toUnsignedString(value.get(ValueLayout.JAVA_INT, 0));
        }
        long number = value.get(ValueLayout.JAVA_LONG, 0);
        if (!isText) {
            return Long.toString(number);
        }
        return number == 0 ? "" : Memory.cString(number);
    }

    /** Reads an {@code unsigned} or {@code uint32_t}. */
    int readInt(String name) {
        try (Arena arena = Arena.ofConfined()) {
            return read(arena, name, ValueLayout.JAVA_INT).get(ValueLayout.JAVA_INT, 0);
        }
    }

    /** Reads a {@code bool}. */
    boolean readBoolean(String name) {
        try (Arena arena = Arena.ofConfined()) {
            return read(arena, name, ValueLayout.JAVA_BYTE).get(ValueLayout.JAVA_BYTE, 0) != 0;
        }
    }

    /** Like {@link #readBoolean}, but empty where this build of jemalloc has no such name. */
    Optional<Boolean> tryReadBoolean(String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_BYTE);
            return tryRead(arena, name, value)
                    ? Optional.of(value.get(ValueLayout.JAVA_BYTE, 0) != 0)
                    : Optional.empty();
        }
    }

    /** Reads a {@code const char *}. A null pointer is an empty string. */
    String readString(String name) {
        long address = readLong(name);
        return address == 0 ? "" : Memory.cString(address);
    }

    /** Sets a {@code size_t}, {@code ssize_t} or {@code uint64_t}. */
    void writeLong(String name, long value) {
        try (Arena arena = Arena.ofConfined()) {
            write(arena, name, arena.allocateFrom(ValueLayout.JAVA_LONG, value));
        }
    }

    /** Sets a {@code bool}. */
    void writeBoolean(String name, boolean value) {
        try (Arena arena = Arena.ofConfined()) {
            write(arena, name, arena.allocateFrom(ValueLayout.JAVA_BYTE, (byte) (value ? 1 : 0)));
        }
    }

    /** Triggers a name that has no value, such as {@code thread.tcache.flush}. */
    void trigger(String name) {
        try (Arena arena = Arena.ofConfined()) {
            check(name, call(arena, name, 0, 0, 0, 0));
        }
    }

    /** Makes the names under {@code stats.} show the present: jemalloc answers from a copy that it takes now. */
    void refreshStatistics() {
        writeLong("epoch", 1);
    }

    /** The usable sizes that jemalloc gives, ascending. What is larger than the last takes whole pages. */
    List<Long> sizeClassBytes() {
        List<Long> classes = new ArrayList<>();
        int smallCount = readInt("arenas.nbins");
        for (int index = 0; index < smallCount; index++) {
            classes.add(readLong("arenas.bin." + index + ".size"));
        }
        if (roundsLargeBlocksToPages()) {
            return classes;
        }
        int largeCount = readInt("arenas.nlextents");
        for (int index = 0; index < largeCount; index++) {
            classes.add(readLong("arenas.lextent." + index + ".size"));
        }
        return classes;
    }

    /**
     * Whether the large classes only group blocks whose sizes are whole pages: so from 5.3.1 on, unless set otherwise.
     */
    private boolean roundsLargeBlocksToPages() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_BYTE);
            // Earlier versions do not know the name.
            return read(arena, "opt.disable_large_size_classes", value) == 0
                    && value.get(ValueLayout.JAVA_BYTE, 0) != 0;
        }
    }

    private MemorySegment read(Arena arena, String name, MemoryLayout type) {
        MemorySegment value = arena.allocate(type);
        check(name, read(arena, name, value));
        return value;
    }

    /** Tells whether there is such a name, whose value is then in {@code value}. */
    private boolean tryRead(Arena arena, String name, MemorySegment value) {
        int error = read(arena, name, value);
        if (error == NO_SUCH_NAME) {
            return false;
        }
        check(name, error);
        return true;
    }

    private int read(Arena arena, String name, MemorySegment value) {
        MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_LONG, value.byteSize());
        return call(arena, name, value.address(), length.address(), 0, 0);
    }

    private void write(Arena arena, String name, MemorySegment value) {
        check(name, call(arena, name, 0, 0, value.address(), value.byteSize()));
    }

    private int call(Arena arena, String name, long oldValue, long oldLength, long newValue, long newLength) {
        long nameAddress = arena.allocateFrom(name).address();
        return Downcalls.call(() -> (int) function.invokeExact(nameAddress, oldValue, oldLength, newValue, newLength));
    }

    private static void check(String name, int error) {
        if (error != 0) {
            throw new IllegalArgumentException("mallctl refuses " + name + ": " + words(error));
        }
    }

    /** The errors that jemalloc documents, by their numbers on Linux. */
    private static String words(int error) {
        return switch (error) {
            case 1 -> "EPERM: it can be read or written only, not both";
            case NO_SUCH_NAME -> "ENOENT: this build has no such name";
            case 11 -> "EAGAIN: memory could not be had";
            case 14 -> "EFAULT: failed for a reason that is not told";
            case ANOTHER_SIZE -> "EINVAL: the value has another size, or is out of range";
            default -> "error " + error;
        };
    }
}
