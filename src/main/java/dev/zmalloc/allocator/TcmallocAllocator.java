package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.LibraryLoader;
import dev.zmalloc.ffi.Memory;
import dev.zmalloc.ffi.NativeLibrary;
import dev.zmalloc.ffi.abi.MallocExtension_GetNumericProperty_fn;
import dev.zmalloc.ffi.abi.MallocExtension_ReleaseFreeMemory_fn;
import dev.zmalloc.ffi.abi.aligned_alloc_fn;
import dev.zmalloc.ffi.abi.tc_free_sized_fn;
import dev.zmalloc.ffi.abi.tc_version_fn;
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
 * with. That does not hold for its own {@code realloc}: it leaves a block that shrinks by less than half where it is,
 * and takes more than asked for one that grows. So blocks are moved here, which costs what it costs there, and every
 * block is of the class of its request: told exactly, and freed by size.
 *
 * <p>There is no {@code sdallocx}; {@code tc_free_sized} is the sized free of plain blocks. Aligned ones are freed by
 * address: tcmalloc keeps one aligned to more than its page in pages of its own, where a sized free would take it for a
 * block of the class of that size.
 *
 * <p>Blocks that tcmalloc samples for a heap profile ({@code TCMALLOC_SAMPLE_PARAMETER} with the library that is not
 * the minimal one) take whole pages, which {@link #usableBytesBound} does not tell. Of requests from a gibibyte on,
 * tcmalloc prints a line on standard error unless {@code TCMALLOC_LARGE_ALLOC_REPORT_THRESHOLD} is 0.
 *
 * @param pageBytes the page that tcmalloc works with
 */
record TcmallocAllocator(
        MallocFunctions functions,
        NallocxSizes sizes,
        MethodHandle freeSizedHandle,
        MethodHandle criticalFreeSizedHandle,
        MethodHandle memalignHandle,
        MethodHandle propertyHandle,
        MethodHandle releaseHandle,
        long pageBytes,
        AllocatorDescription description)
        implements LibraryAllocator {
    static final String NAME = "tcmalloc";

    /** What a library must have to serve. */
    static final List<String> FUNCTIONS = List.of(
            "tc_version",
            "tc_malloc",
            "tc_calloc",
            "tc_realloc",
            "tc_free",
            "tc_free_sized",
            "tc_memalign",
            "tc_malloc_size",
            "tc_nallocx",
            "MallocExtension_GetNumericProperty",
            "MallocExtension_ReleaseFreeMemory");

    /** Larger blocks are of whole pages, one class each. */
    private static final long LARGEST_CLASS_BYTES = 256 << 10;

    /** tcmalloc of gperftools, known by its own names, which no other allocator can stand before. */
    static final LibraryKind LIBRARY = new LibraryKind(
            NAME,
            List.of("libtcmalloc_minimal.so.4", "libtcmalloc.so.4"),
            "install gperftools, on Debian and Ubuntu the package libtcmalloc-minimal4"
                    + " (libtcmalloc-minimal4t64 in newer releases)",
            FUNCTIONS,
            false,
            LibraryLoader::open,
            (library, builtFrom) -> version(library),
            TcmallocAllocator::of);

    private static String version(NativeLibrary library) {
        MethodHandle version = Downcalls.ordinary(library.find("tc_version"), tc_version_fn.descriptor());
        String words = Memory.cString(Downcalls.call(() -> (long) version.invokeExact(0L, 0L, 0L)));
        return words.startsWith("gperftools ") ? words.substring("gperftools ".length()) + " of gperftools" : words;
    }

    private static TcmallocAllocator of(NativeLibrary library, LibraryKind.Found found) {
        NallocxSizes sizes = NallocxSizes.of(library.find("tc_nallocx"));
        long large = 1L << 30;
        long pageBytes = sizes.usableBytes(large + 1) - large;
        long freeSized = library.find("tc_free_sized");
        return new TcmallocAllocator(
                MallocFunctions.of(library, "tc_", "tc_malloc_size"),
                sizes,
                Downcalls.ordinary(freeSized, tc_free_sized_fn.descriptor()),
                CriticalCalls.selected().bind(freeSized, tc_free_sized_fn.descriptor()),
                Downcalls.ordinary(library.find("tc_memalign"), aligned_alloc_fn.descriptor()),
                Downcalls.ordinary(
                        library.find("MallocExtension_GetNumericProperty"),
                        MallocExtension_GetNumericProperty_fn.descriptor()),
                Downcalls.ordinary(
                        library.find("MallocExtension_ReleaseFreeMemory"),
                        MallocExtension_ReleaseFreeMemory_fn.descriptor()),
                pageBytes,
                found.describe(NAME, pageBytes, sizeClassBytes(sizes), List.of()));
    }

    private static List<Long> sizeClassBytes(NallocxSizes sizes) {
        List<Long> classes = new ArrayList<>();
        for (long bytes = 0; bytes < LARGEST_CLASS_BYTES; ) {
            bytes = sizes.usableBytes(bytes + 1);
            classes.add(bytes);
        }
        return classes;
    }

    @Override
    public long allocate(long bytes) {
        // tcmalloc would report the attempt on standard error.
        return bytes > MAX_REQUEST_BYTES ? 0 : LibraryAllocator.super.allocate(bytes);
    }

    @Override
    public long allocateZeroed(long bytes) {
        return bytes > MAX_REQUEST_BYTES ? 0 : LibraryAllocator.super.allocateZeroed(bytes);
    }

    @Override
    public long reallocate(long address, long bytes) {
        long usableBytes = usableBytes(address);
        if (usableBytesBound(bytes) == usableBytes) {
            return address;
        }
        long moved = allocate(bytes);
        if (moved != 0) {
            Memory.copy(address, moved, Math.min(usableBytes, bytes));
            free(address);
        }
        return moved;
    }

    /**
     * A block that begins where a page does is freed by its address: it may be one that was aligned, in pages of its
     * own, and a sized free would put it among the blocks of a class and crash the process later. Few others begin
     * there.
     */
    @Override
    public void free(long address, long bytes) {
        if ((address & (pageBytes - 1)) == 0) {
            LibraryAllocator.super.free(address, bytes);
            return;
        }
        try {
            if (bytes <= functions.criticalBytes()) {
                criticalFreeSizedHandle.invokeExact(address, bytes);
            } else {
                freeSizedHandle.invokeExact(address, bytes);
            }
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
            long nameAddress = arena.allocateFrom(name).address();
            MemorySegment value = arena.allocate(ValueLayout.JAVA_LONG);
            int known = Downcalls.call(() -> (int) propertyHandle.invokeExact(nameAddress, value.address()));
            return known != 0 ? OptionalLong.of(value.get(ValueLayout.JAVA_LONG, 0)) : OptionalLong.empty();
        }
    }

    /** Gives back the pages that no block is in, but for those that threads have cached. */
    @Override
    public boolean purge() {
        return Purges.run(() -> Downcalls.call(() -> {
            releaseHandle.invokeExact();
            return true;
        }));
    }
}
