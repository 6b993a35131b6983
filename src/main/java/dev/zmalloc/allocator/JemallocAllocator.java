package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.NativeLibrary;
import dev.zmalloc.ffi.abi.mallocx_fn;
import dev.zmalloc.ffi.abi.sdallocx_fn;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

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
        JemallocControl control,
        AllocatorDescription description)
        implements LibraryAllocator {
    static final String NAME = "jemalloc";

    /** What a library must have to serve. {@code mallctl} tells that it is jemalloc at all. */
    static final List<String> FUNCTIONS = List.of(
            "mallctl", "malloc", "calloc", "realloc", "free", "malloc_usable_size", "mallocx", "sdallocx", "nallocx");

    /** Binds the functions of a library that has all of {@link #FUNCTIONS}. */
    static JemallocAllocator of(NativeLibrary library, Mallctl mallctl, AllocatorDescription description) {
        long sdallocx = library.find("sdallocx");
        return new JemallocAllocator(
                MallocFunctions.of(library, "", "malloc_usable_size"),
                NallocxSizes.of(library.find("nallocx")),
                Downcalls.ordinary(library.find("mallocx"), mallocx_fn.descriptor()),
                Downcalls.ordinary(sdallocx, sdallocx_fn.descriptor()),
                CriticalCalls.selected().bind(sdallocx, sdallocx_fn.descriptor()),
                mallctl,
                JemallocControl.of(library, mallctl),
                description);
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

    /** Every figure is empty where jemalloc was built without statistics, as the bundled one is. */
    @Override
    public AllocatorFigures figures() {
        return control.figures();
    }

    @Override
    public boolean purge() {
        control.purge();
        return true;
    }

    @Override
    public Optional<Boolean> backgroundThreads() {
        return control.backgroundThreads();
    }

    @Override
    public boolean setBackgroundThreads(boolean on) {
        return control.setBackgroundThreads(on);
    }

    @Override
    public OptionalLong dirtyDecayMillis() {
        return control.dirtyDecayMillis();
    }

    @Override
    public boolean setDirtyDecayMillis(long millis) {
        return control.setDirtyDecayMillis(millis);
    }

    @Override
    public OptionalLong muzzyDecayMillis() {
        return control.muzzyDecayMillis();
    }

    @Override
    public boolean setMuzzyDecayMillis(long millis) {
        return control.setMuzzyDecayMillis(millis);
    }

    /** What {@code malloc_stats_print} prints; empty where jemalloc was built without statistics. */
    @Override
    public Optional<String> statisticsText(String options) {
        return control.statisticsText(options);
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
