package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.NativeLibrary;
import dev.zmalloc.ffi.abi.calloc_fn;
import dev.zmalloc.ffi.abi.free_fn;
import dev.zmalloc.ffi.abi.malloc_fn;
import dev.zmalloc.ffi.abi.mallocx_fn;
import dev.zmalloc.ffi.abi.nallocx_fn;
import dev.zmalloc.ffi.abi.realloc_fn;
import dev.zmalloc.ffi.abi.sallocx_fn;
import dev.zmalloc.ffi.abi.sdallocx_fn;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * jemalloc, whichever library it came from.
 *
 * <p>Usable sizes are known before a block is taken: {@code nallocx} is the function that jemalloc itself sizes blocks
 * with, and its answers for all sizes up to {@value #TABLE_BYTES} bytes are kept in a table. With them every free is a
 * sized one, which spares jemalloc the look-up of the block.
 *
 * <p>Allocating and freeing are ordinary calls, since they may lock or map memory. The look-ups {@code nallocx} and
 * {@code sallocx} do neither, and are critical ones.
 *
 * @param usableBytesTable usable size by requested size, in steps of {@value #STEP_BYTES} bytes, rounded up
 */
@SuppressWarnings("ArrayRecordComponent") // a record for its constant fields; it is never compared
record JemallocAllocator(
        MethodHandle mallocHandle,
        MethodHandle callocHandle,
        MethodHandle reallocHandle,
        MethodHandle freeHandle,
        MethodHandle mallocxHandle,
        MethodHandle sdallocxHandle,
        MethodHandle sallocxHandle,
        MethodHandle nallocxHandle,
        int[] usableBytesTable,
        Mallctl mallctl,
        JemallocControl control,
        AllocatorDescription description)
        implements Allocator {
    static final String NAME = "jemalloc";

    /** What a library must have to serve. {@code mallctl} tells that it is jemalloc at all. */
    static final List<String> FUNCTIONS =
            List.of("mallctl", "malloc", "calloc", "realloc", "free", "mallocx", "sdallocx", "sallocx", "nallocx");

    /** Requests up to this size are sized by the table: 4,096 integers, and few blocks are larger. */
    static final int TABLE_BYTES = 32 << 10;

    /** The finest spacing that jemalloc can be built with. */
    static final int STEP_BYTES = 8;

    private static final int STEP_SHIFT = 3;

    /** Binds the functions of a library that has all of {@link #FUNCTIONS}. */
    static JemallocAllocator of(NativeLibrary library, Mallctl mallctl, AllocatorDescription description) {
        MethodHandle nallocx = Downcalls.critical(library.find("nallocx"), nallocx_fn.descriptor());
        return new JemallocAllocator(
                Downcalls.ordinary(library.find("malloc"), malloc_fn.descriptor()),
                Downcalls.ordinary(library.find("calloc"), calloc_fn.descriptor()),
                Downcalls.ordinary(library.find("realloc"), realloc_fn.descriptor()),
                Downcalls.ordinary(library.find("free"), free_fn.descriptor()),
                Downcalls.ordinary(library.find("mallocx"), mallocx_fn.descriptor()),
                Downcalls.ordinary(library.find("sdallocx"), sdallocx_fn.descriptor()),
                Downcalls.critical(library.find("sallocx"), sallocx_fn.descriptor()),
                nallocx,
                usableBytesTable(nallocx),
                mallctl,
                JemallocControl.of(library, mallctl),
                description);
    }

    private static int[] usableBytesTable(MethodHandle nallocx) {
        int[] table = new int[TABLE_BYTES / STEP_BYTES + 1];
        for (int index = 1; index < table.length; index++) {
            table[index] = Math.toIntExact(nallocx(nallocx, (long) index * STEP_BYTES, 0));
        }
        return table;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public long allocate(long bytes) {
        try {
            return (long) mallocHandle.invokeExact(bytes);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    @Override
    public long allocateZeroed(long bytes) {
        try {
            return (long) callocHandle.invokeExact(1L, bytes);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    @Override
    public long reallocate(long address, long bytes) {
        try {
            return (long) reallocHandle.invokeExact(address, bytes);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    @Override
    public void free(long address) {
        try {
            freeHandle.invokeExact(address);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    @Override
    public void free(long address, long bytes) {
        sdallocx(address, bytes, 0);
    }

    /** A usable size leads to its own class, also where the block got it for its alignment. */
    @Override
    public void freeAny(long address, long usableBytes) {
        sdallocx(address, usableBytes, 0);
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
    public long usableBytes(long address) {
        try {
            return (long) sallocxHandle.invokeExact(address, 0);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    @Override
    public long usableBytesBound(long requestedBytes) {
        if (requestedBytes <= TABLE_BYTES) {
            return usableBytesTable[(int) (requestedBytes + (STEP_BYTES - 1)) >>> STEP_SHIFT];
        }
        return nallocx(nallocxHandle, requestedBytes, 0);
    }

    @Override
    public long alignedUsableBytesBound(long requestedBytes, long alignmentBytes) {
        return nallocx(nallocxHandle, requestedBytes, JemallocFlags.align(alignmentBytes));
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

    private static long nallocx(MethodHandle nallocx, long bytes, int flags) {
        try {
            return (long) nallocx.invokeExact(bytes, flags);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }
}
