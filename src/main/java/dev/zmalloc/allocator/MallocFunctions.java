package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.NativeLibrary;
import dev.zmalloc.ffi.abi.calloc_fn;
import dev.zmalloc.ffi.abi.free_fn;
import dev.zmalloc.ffi.abi.malloc_fn;
import dev.zmalloc.ffi.abi.malloc_usable_size_fn;
import dev.zmalloc.ffi.abi.realloc_fn;
import java.lang.invoke.MethodHandle;

/**
 * The functions that every library of the malloc family has.
 *
 * <p>Those that take and free are bound twice, as ordinary calls and as critical ones, which serve blocks of up to
 * {@code criticalBytes}. A record, whose fields the JIT takes for constants: the choice between the two costs a
 * comparison, and nothing where {@code criticalBytes} is negative.
 *
 * @param criticalBytes the largest block that a critical call takes or frees, as {@link CriticalCalls#maxBytes}
 */
record MallocFunctions(
        MethodHandle mallocHandle,
        MethodHandle callocHandle,
        MethodHandle reallocHandle,
        MethodHandle freeHandle,
        MethodHandle usableSizeHandle,
        MethodHandle criticalMallocHandle,
        MethodHandle criticalCallocHandle,
        MethodHandle criticalFreeHandle,
        long criticalBytes) {
    /**
     * Binds them by their prefix, such as {@code mi_}, and the whole name of the one that tells a block's usable size.
     */
    static MallocFunctions of(NativeLibrary library, String prefix, String usableSize) {
        long malloc = library.find(prefix + "malloc");
        long calloc = library.find(prefix + "calloc");
        long free = library.find(prefix + "free");
        CriticalCalls critical = CriticalCalls.selected();
        return new MallocFunctions(
                Downcalls.ordinary(malloc, malloc_fn.descriptor()),
                Downcalls.ordinary(calloc, calloc_fn.descriptor()),
                Downcalls.ordinary(library.find(prefix + "realloc"), realloc_fn.descriptor()),
                Downcalls.ordinary(free, free_fn.descriptor()),
                Downcalls.critical(library.find(usableSize), malloc_usable_size_fn.descriptor()),
                critical.bind(malloc, malloc_fn.descriptor()),
                critical.bind(calloc, calloc_fn.descriptor()),
                critical.bind(free, free_fn.descriptor()),
                critical.maxBytes());
    }
}
