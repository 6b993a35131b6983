package dev.zmalloc.ffi;

import dev.zmalloc.ffi.abi.Dl_info;
import dev.zmalloc.ffi.abi.dladdr_fn;
import dev.zmalloc.ffi.abi.dlerror_fn;
import dev.zmalloc.ffi.abi.dlopen_fn;
import dev.zmalloc.ffi.abi.dlsym_fn;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Loads libraries and finds their symbols through the dynamic linker itself.
 *
 * <p>{@code SymbolLookup} would do both, but it hides the linker's words on a refusal, does not see preloaded
 * libraries, and cannot tell the file behind a symbol. Nothing that was loaded here is ever unloaded: blocks and
 * handles point into it.
 *
 * <p>All methods may be called by any thread.
 */
public final class LibraryLoader {
    /** Stands for all libraries that were in the process from its start, in the order of the linker's search. */
    public static final long PROCESS = 0;

    /** All symbols of the library are resolved at once, so that a missing one is told now. From {@code <dlfcn.h>}. */
    private static final int RTLD_NOW = 2;

    /** Nothing is loaded: the answer is what is there already. From {@code <dlfcn.h>}. */
    private static final int RTLD_NOLOAD = 4;

    private static final MethodHandle DLOPEN = linkerFunction("dlopen", dlopen_fn.descriptor());
    private static final MethodHandle DLSYM = linkerFunction("dlsym", dlsym_fn.descriptor());
    private static final MethodHandle DLERROR = linkerFunction("dlerror", dlerror_fn.descriptor());
    private static final MethodHandle DLADDR = linkerFunction("dladdr", dladdr_fn.descriptor());

    private LibraryLoader() {}

    /**
     * Loads a library, or finds it if it is loaded already. Its symbols stay out of the way of other libraries.
     *
     * @param file a path, or a soname for the linker to search
     * @return the library's handle, for {@link #symbol}
     * @throws LibraryLoadException if the linker refuses; the message is its own
     */
    public static long open(String file) throws LibraryLoadException {
        try (Arena arena = Arena.ofConfined()) {
            long fileAddress = arena.allocateFrom(file).address();
            // RTLD_LOCAL is the absence of RTLD_GLOBAL.
            long handle = Downcalls.call(() -> (long) DLOPEN.invokeExact(fileAddress, RTLD_NOW));
            if (handle != 0) {
                return handle;
            }
            // The linker keeps its words per thread. No other call of it lies between.
            long words = Downcalls.call(() -> (long) DLERROR.invokeExact());
            throw new LibraryLoadException(words == 0 ? "no reason given" : Memory.cString(words));
        }
    }

    /** Whether the library that {@link #open} would give for {@code file} is loaded already. */
    public static boolean isOpen(String file) {
        try (Arena arena = Arena.ofConfined()) {
            long fileAddress = arena.allocateFrom(file).address();
            return Downcalls.call(() -> (long) DLOPEN.invokeExact(fileAddress, RTLD_NOW | RTLD_NOLOAD)) != 0;
        }
    }

    /**
     * The address of a symbol, or 0. A search in one library also covers those that it depends on;
     * {@link NativeLibrary} does not.
     *
     * @param handle from {@link #open}, or {@link #PROCESS}
     */
    public static long symbol(long handle, String name) {
        try (Arena arena = Arena.ofConfined()) {
            long nameAddress = arena.allocateFrom(name).address();
            return Downcalls.call(() -> (long) DLSYM.invokeExact(handle, nameAddress));
        }
    }

    /** The file that {@code address} was loaded from; empty if it is in no library. */
    public static Optional<LoadedFile> fileOf(long address) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(Dl_info.layout());
            if (Downcalls.call(() -> (int) DLADDR.invokeExact(address, info.address())) == 0) {
                return Optional.empty();
            }
            long path = info.get(ValueLayout.JAVA_LONG, Dl_info.dli_fname$offset());
            long base = info.get(ValueLayout.JAVA_LONG, Dl_info.dli_fbase$offset());
            return path == 0 ? Optional.empty() : Optional.of(new LoadedFile(Memory.cString(path), base));
        }
    }

    /**
     * A file that is mapped as a library.
     *
     * @param path as the dynamic linker reports it
     * @param baseAddress where it begins in memory: tells two libraries apart where paths may not
     */
    public record LoadedFile(String path, long baseAddress) {}

    private static MethodHandle linkerFunction(String name, FunctionDescriptor descriptor) {
        MemorySegment function = Linker.nativeLinker()
                .defaultLookup()
                .find(name)
                .orElseThrow(() -> new UnsupportedOperationException("the C library has no " + name));
        return Downcalls.ordinary(function.address(), descriptor);
    }
}
