package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.Memory;
import dev.zmalloc.ffi.NativeLibrary;
import dev.zmalloc.ffi.abi.MallocExtension_GetNumericProperty_fn;
import dev.zmalloc.ffi.abi.aligned_alloc_fn;
import dev.zmalloc.ffi.abi.calloc_fn;
import dev.zmalloc.ffi.abi.free_fn;
import dev.zmalloc.ffi.abi.malloc_fn;
import dev.zmalloc.ffi.abi.malloc_usable_size_fn;
import dev.zmalloc.ffi.abi.nallocx_fn;
import dev.zmalloc.ffi.abi.tc_free_sized_fn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * tcmalloc of gperftools.
 *
 * <p>Usable sizes are known before a block is taken: {@code nallocx} is the function that tcmalloc itself sizes blocks
 * with. That holds for its own {@code realloc} not: it leaves a block that shrinks by less than half where it is, and
 * takes more than asked for one that grows. So blocks are moved here, which costs what it costs there, and every block
 * is of the class of its request: told exactly, and freed by size.
 *
 * <p>There is no {@code sdallocx}; {@code tc_free_sized} is the sized free of plain blocks. Aligned ones are freed by
 * address: tcmalloc keeps one aligned to more than its page in pages of its own, where a sized free would take it for a
 * block of the class of that size.
 *
 * <p>Blocks that tcmalloc samples for a heap profile ({@code TCMALLOC_SAMPLE_PARAMETER} with the library that is not
 * the minimal one) take whole pages, which {@link #usableBytesBound} does not tell. Of requests from a gibibyte on,
 * tcmalloc prints a line on standard error unless {@code TCMALLOC_LARGE_ALLOC_REPORT_THRESHOLD} is 0.
 *
 * @param usableBytesTable usable size by requested size, in steps of {@value #STEP_BYTES} bytes, rounded up
 * @param pageBytes the page that tcmalloc works with
 */
@SuppressWarnings("ArrayRecordComponent") // a record for its constant fields; it is never compared
record TcmallocAllocator(
        MethodHandle mallocHandle,
        MethodHandle callocHandle,
        MethodHandle freeHandle,
        MethodHandle freeSizedHandle,
        MethodHandle memalignHandle,
        MethodHandle usableSizeHandle,
        MethodHandle nallocxHandle,
        MethodHandle propertyHandle,
        int[] usableBytesTable,
        long pageBytes,
        AllocatorDescription description)
        implements Allocator {
    static final String NAME = "tcmalloc";

    /** What a library must have to serve. */
    static final List<String> FUNCTIONS = List.of(
            "tc_version",
            "tc_malloc",
            "tc_calloc",
            "tc_free",
            "tc_free_sized",
            "tc_memalign",
            "tc_malloc_size",
            "tc_nallocx",
            "MallocExtension_GetNumericProperty");

    private static final int TABLE_BYTES = 32 << 10;
    private static final int STEP_BYTES = 8;
    private static final int STEP_SHIFT = 3;

    /** Larger blocks are of whole pages, one class each. */
    private static final long LARGEST_CLASS_BYTES = 256 << 10;

    /** User space of both processors ends here or below. tcmalloc would report the attempt on standard error. */
    private static final long MAX_REQUEST_BYTES = 1L << 48;

    /** A copy holds up safepoints while it runs: larger ones go in pieces. */
    private static final long COPY_BYTES = 1 << 20;

    /** Binds the functions of a library that has all of {@link #FUNCTIONS}. */
    static TcmallocAllocator of(NativeLibrary library, LibraryKind.Found found) {
        MethodHandle nallocx = Downcalls.critical(library.find("tc_nallocx"), nallocx_fn.descriptor());
        long large = 1L << 30;
        long pageBytes = nallocx(nallocx, large + 1, 0) - large;
        AllocatorDescription description = new AllocatorDescription(
                NAME,
                found.version(),
                found.file(),
                found.origin(),
                found.attempts(),
                OptionalLong.of(pageBytes),
                sizeClassBytes(nallocx),
                List.of());
        return new TcmallocAllocator(
                Downcalls.ordinary(library.find("tc_malloc"), malloc_fn.descriptor()),
                Downcalls.ordinary(library.find("tc_calloc"), calloc_fn.descriptor()),
                Downcalls.ordinary(library.find("tc_free"), free_fn.descriptor()),
                Downcalls.ordinary(library.find("tc_free_sized"), tc_free_sized_fn.descriptor()),
                Downcalls.ordinary(library.find("tc_memalign"), aligned_alloc_fn.descriptor()),
                Downcalls.critical(library.find("tc_malloc_size"), malloc_usable_size_fn.descriptor()),
                nallocx,
                Downcalls.ordinary(
                        library.find("MallocExtension_GetNumericProperty"),
                        MallocExtension_GetNumericProperty_fn.descriptor()),
                usableBytesTable(nallocx),
                pageBytes,
                description);
    }

    private static int[] usableBytesTable(MethodHandle nallocx) {
        int[] table = new int[TABLE_BYTES / STEP_BYTES + 1];
        for (int index = 1; index < table.length; index++) {
            table[index] = Math.toIntExact(nallocx(nallocx, (long) index * STEP_BYTES, 0));
        }
        return table;
    }

    private static List<Long> sizeClassBytes(MethodHandle nallocx) {
        List<Long> classes = new ArrayList<>();
        for (long bytes = 0; bytes < LARGEST_CLASS_BYTES; ) {
            bytes = nallocx(nallocx, bytes + 1, 0);
            classes.add(bytes);
        }
        return classes;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public long allocate(long bytes) {
        if (bytes > MAX_REQUEST_BYTES) {
            return 0;
        }
        try {
            return (long) mallocHandle.invokeExact(bytes);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    @Override
    public long allocateZeroed(long bytes) {
        if (bytes > MAX_REQUEST_BYTES) {
            return 0;
        }
        try {
            return (long) callocHandle.invokeExact(1L, bytes);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    @Override
    public long reallocate(long address, long bytes) {
        long usableBytes = usableBytes(address);
        if (usableBytesBound(bytes) == usableBytes) {
            return address;
        }
        long moved = allocate(bytes);
        if (moved != 0) {
            copy(address, moved, Math.min(usableBytes, bytes));
            free(address);
        }
        return moved;
    }

    private static void copy(long source, long target, long bytes) {
        for (long offset = 0; offset < bytes; offset += COPY_BYTES) {
            Memory.copy(source + offset, target + offset, Math.min(COPY_BYTES, bytes - offset));
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

    /**
     * A block that begins where a page does is freed by its address: it may be one that was aligned, in pages of its
     * own, and a sized free would put it among the blocks of a class and crash the process later. Few others begin
     * there.
     */
    @Override
    public void free(long address, long bytes) {
        if ((address & (pageBytes - 1)) == 0) {
            free(address);
            return;
        }
        try {
            freeSizedHandle.invokeExact(address, bytes);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    @Override
    public long allocateAligned(long bytes, long alignmentBytes) {
        if (bytes > MAX_REQUEST_BYTES || alignmentBytes > MAX_REQUEST_BYTES) {
            return 0;
        }
        try {
            return (long) memalignHandle.invokeExact(alignmentBytes, bytes);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    @Override
    public void freeAligned(long address, long bytes, long alignmentBytes) {
        free(address);
    }

    @Override
    public long usableBytes(long address) {
        try {
            return (long) usableSizeHandle.invokeExact(address);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    @Override
    public long usableBytesBound(long requestedBytes) {
        if (requestedBytes <= TABLE_BYTES) {
            return usableBytesTable[(int) (requestedBytes + (STEP_BYTES - 1)) >>> STEP_SHIFT];
        }
        return requestedBytes > MAX_REQUEST_BYTES ? 0 : nallocx(nallocxHandle, requestedBytes, 0);
    }

    /** The flags of tcmalloc's {@code nallocx} have the alignment where jemalloc's have it. */
    @Override
    public long alignedUsableBytesBound(long requestedBytes, long alignmentBytes) {
        return requestedBytes > MAX_REQUEST_BYTES || alignmentBytes > MAX_REQUEST_BYTES
                ? 0
                : nallocx(nallocxHandle, requestedBytes, JemallocFlags.align(alignmentBytes));
    }

    @Override
    public boolean usableBytesExact() {
        return true;
    }

    /** Blocks in thread caches count as free. */
    @Override
    public AllocatorFigures figures() {
        OptionalLong unmapped = property("tcmalloc.pageheap_unmapped_bytes");
        OptionalLong heap = property("generic.heap_size");
        return new AllocatorFigures(
                property("generic.current_allocated_bytes"),
                OptionalLong.empty(),
                property("generic.total_physical_bytes"),
                unmapped,
                OptionalLong.empty(),
                heap.isPresent() && unmapped.isPresent()
                        ? OptionalLong.of(heap.getAsLong() - unmapped.getAsLong())
                        : OptionalLong.empty());
    }

    private OptionalLong property(String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_LONG);
            int known =
                    (int) propertyHandle.invokeExact(arena.allocateFrom(name).address(), value.address());
            return known != 0 ? OptionalLong.of(value.get(ValueLayout.JAVA_LONG, 0)) : OptionalLong.empty();
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
