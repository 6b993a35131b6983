package dev.zmalloc.bench;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.LibraryLoadException;
import dev.zmalloc.ffi.LibraryLoader;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;

/**
 * The loops of {@code native/rival.c}, over the very library that {@link ZMalloc} runs on. The system property
 * {@value #LIBRARY_PROPERTY} names the compiled file.
 */
final class Rival {
    static final String LIBRARY_PROPERTY = "zmalloc.bench.rival";

    private static final long HANDLE = open();

    /** Each takes the generator's state and a number of operations, and returns the state after them. */
    static final MethodHandle REDIS_PAIR = loop("rival_redis_pair", 0);

    static final MethodHandle BEST_PAIR = loop("rival_best_pair", 0);

    /** Like them, on an array of pointers to blocks. */
    static final MethodHandle REDIS_CHURN = loop("rival_redis_churn", 1);

    /** Like that, with an array of 16-bit sizes. */
    static final MethodHandle BEST_CHURN = loop("rival_best_churn", 2);

    private static final MethodHandle FREE_ALL = Downcalls.ordinary(
            LibraryLoader.symbol(HANDLE, "rival_free_all"), FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));
    private static final MethodHandle USED_MEMORY = Downcalls.ordinary(
            LibraryLoader.symbol(HANDLE, "rival_used_memory"), FunctionDescriptor.of(ValueLayout.JAVA_LONG));

    private Rival() {}

    private static long open() {
        String file = System.getProperty(LIBRARY_PROPERTY);
        if (file == null) {
            throw new IllegalStateException("no " + LIBRARY_PROPERTY + ": start this with make bench-zmalloc");
        }
        try {
            long handle = LibraryLoader.open(Path.of(file).toAbsolutePath().toString());
            hand(handle, LibraryLoader.open(ZMalloc.allocator().description().file()));
            return handle;
        } catch (LibraryLoadException e) {
            throw new IllegalStateException("cannot load the rival: " + e.getMessage(), e);
        }
    }

    /** Gives the rival its library: five pointers, in the order of its struct. */
    private static void hand(long rival, long library) {
        String prefix = LibraryLoader.symbol(library, "sdallocx") != 0 ? "" : "je_";
        long[] pointers = Stream.of("malloc", "free", "malloc_usable_size", "sdallocx", "nallocx")
                .mapToLong(name -> LibraryLoader.symbol(library, prefix + name))
                .toArray();
        MethodHandle init = Downcalls.ordinary(
                LibraryLoader.symbol(rival, "rival_init"), FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment functions = arena.allocateFrom(ValueLayout.JAVA_LONG, pointers);
            init.invokeExact(functions.address());
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    private static MethodHandle loop(String name, int pointers) {
        MemoryLayout[] arguments = new MemoryLayout[2 + pointers];
        Arrays.fill(arguments, ValueLayout.JAVA_LONG);
        return Downcalls.ordinary(
                LibraryLoader.symbol(HANDLE, name), FunctionDescriptor.of(ValueLayout.JAVA_LONG, arguments));
    }

    /** Frees what a churn left in an array of pointers. */
    static void freeAll(long blocks) {
        try {
            FREE_ALL.invokeExact(blocks);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    /** What the rival has counted: 0 when all its blocks were freed. */
    static long usedMemory() {
        try {
            return (long) USED_MEMORY.invokeExact();
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }
}
