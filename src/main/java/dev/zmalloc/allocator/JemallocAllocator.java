package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.NativeLibrary;
import dev.zmalloc.ffi.abi.malloc_stats_print_fn;
import dev.zmalloc.ffi.abi.mallocx_fn;
import dev.zmalloc.ffi.abi.sdallocx_fn;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;

/**
 * jemalloc, whichever library it came from.
 *
 * <p>Usable sizes are known before a block is taken, from {@link NallocxSizes}. With them every free is a sized one,
 * which spares jemalloc the look-up of the block.
 */
record JemallocAllocator(
        MallocFunctions functions,
        NallocxSizes sizes,
        MethodHandle mallocxHandle,
        MethodHandle sdallocxHandle,
        MethodHandle criticalSdallocxHandle,
        Mallctl mallctl,
        Optional<JemallocStatistics> statistics,
        Optional<MethodHandle> statsPrintHandle,
        AllocatorDescription description)
        implements LibraryAllocator, JemallocControl {
    static final String NAME = "jemalloc";

    /** What a library must have to serve. {@code mallctl} tells that it is jemalloc at all. */
    static final List<String> FUNCTIONS = List.of(
            "mallctl", "malloc", "calloc", "realloc", "free", "malloc_usable_size", "mallocx", "sdallocx", "nallocx");

    /** jemalloc, with or without a prefix to its names. */
    static LibraryKind library(JemallocConfiguration configuration) {
        return new LibraryKind(
                NAME,
                List.of("libjemalloc.so.2"),
                "install jemalloc, on Debian and Ubuntu the package libjemalloc2",
                FUNCTIONS,
                true,
                configuration::load,
                JemallocAllocator::version,
                (library, found) -> of(library, found, configuration));
    }

    private static String version(NativeLibrary library, String builtFrom) {
        String words = Mallctl.of(library).readString("version");
        boolean unversioned = words.startsWith("0.0.0");
        return unversioned && !builtFrom.isEmpty() ? builtFrom : words;
    }

    private static Allocator of(NativeLibrary library, LibraryKind.Found found, JemallocConfiguration configuration) {
        Mallctl mallctl = Mallctl.of(library);
        long sdallocx = library.find("sdallocx");
        long print = library.find("malloc_stats_print");
        return new JemallocAllocator(
                MallocFunctions.of(library, "", "malloc_usable_size"),
                NallocxSizes.of(library.find("nallocx")),
                Downcalls.ordinary(library.find("mallocx"), mallocx_fn.descriptor()),
                Downcalls.ordinary(sdallocx, sdallocx_fn.descriptor()),
                CriticalCalls.selected().bind(sdallocx, sdallocx_fn.descriptor()),
                mallctl,
                JemallocStatistics.of(mallctl),
                print == 0
                        ? Optional.empty()
                        : Optional.of(Downcalls.ordinary(print, malloc_stats_print_fn.descriptor())),
                found.describe(
                        NAME,
                        mallctl.readLong("arenas.page"),
                        mallctl.sizeClassBytes(),
                        configuration.readBack(mallctl, found)));
    }

    @Override
    public void free(long address, long bytes) {
        if (bytes > functions.criticalBytes()) {
            sdallocx(address, bytes, 0);
            return;
        }
        try {
            criticalSdallocxHandle.invokeExact(address, bytes, 0);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    /** A usable size leads to its own class, also where the block got it for its alignment. */
    @Override
    public void freeAny(long address, long usableBytes) {
        free(address, usableBytes);
    }

    @Override
    public long allocateAligned(long bytes, long alignmentBytes) {
        return mallocx(bytes, JemallocFlags.align(alignmentBytes));
    }

    /** A sized free with the flags of the allocation, which lead {@code bytes} to the class that the block is of. */
    @Override
    public void freeAligned(long address, long bytes, long alignmentBytes) {
        sdallocx(address, bytes, JemallocFlags.align(alignmentBytes));
    }

    @Override
    public boolean hasUncachedCalls() {
        return true;
    }

    @Override
    public long allocateUncached(long bytes) {
        return mallocx(bytes, JemallocFlags.TCACHE_NONE);
    }

    @Override
    public void freeUncached(long address, long bytes) {
        sdallocx(address, bytes, JemallocFlags.TCACHE_NONE);
    }

    @Override
    public long usableBytesBound(long requestedBytes) {
        return sizes.usableBytes(requestedBytes);
    }

    @Override
    public long alignedUsableBytesBound(long requestedBytes, long alignmentBytes) {
        return sizes.alignedUsableBytes(requestedBytes, alignmentBytes);
    }

    @Override
    public boolean usableBytesExact() {
        return true;
    }

    private long mallocx(long bytes, int flags) {
        try {
            return (long) mallocxHandle.invokeExact(bytes, flags);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    private void sdallocx(long address, long bytes, int flags) {
        try {
            sdallocxHandle.invokeExact(address, bytes, flags);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }
}
