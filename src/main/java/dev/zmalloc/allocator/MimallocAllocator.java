package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.LibraryLoader;
import dev.zmalloc.ffi.NativeLibrary;
import dev.zmalloc.ffi.PageSize;
import dev.zmalloc.ffi.abi.mi_collect_fn;
import dev.zmalloc.ffi.abi.mi_good_size_fn;
import dev.zmalloc.ffi.abi.mi_malloc_aligned_fn;
import dev.zmalloc.ffi.abi.mi_version_fn;
import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * mimalloc 2 and 3.
 *
 * <p>It does not tell for every size what it will give, so the size of each block is asked for, and
 * {@link #usableBytesBound} is an upper bound that follows from how mimalloc lays out its pages.
 *
 * @param pageBytes page size of the system
 */
record MimallocAllocator(
        MallocFunctions functions,
        MethodHandle mallocAlignedHandle,
        MethodHandle goodSizeHandle,
        MethodHandle collectHandle,
        long pageBytes,
        AllocatorDescription description)
        implements LibraryAllocator {
    /*
     * The upper bound, from the sources of 2.0.9 to 2.4.1 and 3.0.10 to 3.4.3.
     *
     * To 64 KiB, every version serves from pages of equal blocks, and mi_good_size is the size of those blocks: it is
     * what the page is chosen by. The last size that is served so differs: 64 KiB, 128 KiB or 512 KiB.
     *
     * A larger block may be a page of its own. Its request is rounded up to a granule that grows with it: to system
     * pages below 512 KiB, to 64 KiB below 2 MiB, 256 KiB below 8 MiB, 1 MiB below 32 MiB, and 4 MiB from there.
     * Version 3 gives that. Version 2 cuts such a page out of its segment in slices of 64 KiB, in steps of eight slices
     * for more than 512 KiB, and gives all of them: 135,168 bytes become 196,608. Segments of one block are whole
     * slices too. So the bound is the larger of mi_good_size and of the granule's multiple in slices.
     *
     * An aligned block that no page has at hand is cut from one that is larger than the request, or than 16 bytes, by
     * the alignment at most; what lies behind stays usable. Beyond 16 MiB (64 KiB in later versions) the alignment is
     * found in a segment of its own, and less is usable than that.
     *
     * Builds with checks keep a pad behind each block, and tell the requested size as the usable one.
     */
    private static final long BLOCKS_OF_PAGES_BYTES = 64 << 10;

    private static final long SLICE_BYTES = 64 << 10;
    private static final long EIGHT_SLICES_BYTES = 8 * SLICE_BYTES;
    private static final long LEAST_BYTES = 16;

    static final String NAME = "mimalloc";

    /** What a library must have to serve. */
    static final List<String> FUNCTIONS = List.of(
            "mi_version",
            "mi_malloc",
            "mi_calloc",
            "mi_realloc",
            "mi_free",
            "mi_malloc_aligned",
            "mi_usable_size",
            "mi_good_size",
            "mi_collect");

    /** mimalloc, known by its own names, which no other allocator can stand before. */
    static final LibraryKind LIBRARY = new LibraryKind(
            NAME,
            List.of("libmimalloc.so.2", "libmimalloc.so.2.0", "libmimalloc.so.3", "libmimalloc.so"),
            "install mimalloc, on Debian and Ubuntu the package libmimalloc2.0 (libmimalloc3 in newer releases)",
            FUNCTIONS,
            false,
            LibraryLoader::open,
            (library, builtFrom) -> version(library),
            MimallocAllocator::of);

    private static String version(NativeLibrary library) {
        MethodHandle handle = Downcalls.ordinary(library.find("mi_version"), mi_version_fn.descriptor());
        int version = Downcalls.call(() -> (int) handle.invokeExact());
        // Before 2.0 one large block could take 4 MiB; no bound is known.
        if (version < 200) {
            throw new IllegalArgumentException(
                    "mimalloc " + words(version) + " is too old, 2.0 is the first that serves");
        }
        return words(version);
    }

    /** 209 is 2.0.9, and 20203, with two digits for the second and the third number, is 2.2.3. */
    static String words(int version) {
        int base = version < 10_000 ? 10 : 100;
        return version / (base * base) + "." + version / base % base + "." + version % base;
    }

    private static MimallocAllocator of(NativeLibrary library, LibraryKind.Found found) {
        long pageBytes = PageSize.bytesOrLargest();
        return new MimallocAllocator(
                MallocFunctions.of(library, "mi_", "mi_usable_size"),
                Downcalls.ordinary(library.find("mi_malloc_aligned"), mi_malloc_aligned_fn.descriptor()),
                Downcalls.critical(library.find("mi_good_size"), mi_good_size_fn.descriptor()),
                Downcalls.ordinary(library.find("mi_collect"), mi_collect_fn.descriptor()),
                pageBytes,
                found.describe(NAME, pageBytes, List.of(), List.of()));
    }

    @Override
    public long allocateAligned(long bytes, long alignmentBytes) {
        if (bytes > MAX_REQUEST_BYTES || alignmentBytes > MAX_REQUEST_BYTES) {
            return 0;
        }
        long address = mallocAligned(bytes, alignmentBytes);
        if ((address & (alignmentBytes - 1)) == 0) {
            return address;
        }
        // Up to 2.0.9 mimalloc takes any block of 256, 512 or 1,024 bytes for aligned to its size, but the first of a
        // page is not. One byte more is no power of two, and is aligned by search.
        free(address);
        return mallocAligned(bytes + 1, alignmentBytes);
    }

    /** The size comes first, and then the alignment: {@code aligned_alloc} has it the other way round. */
    private long mallocAligned(long bytes, long alignmentBytes) {
        try {
            return (long) mallocAlignedHandle.invokeExact(bytes, alignmentBytes);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    @Override
    public long usableBytesBound(long requestedBytes) {
        if (requestedBytes > MAX_REQUEST_BYTES) {
            return 0;
        }
        long goodBytes = goodSize(requestedBytes);
        if (requestedBytes <= BLOCKS_OF_PAGES_BYTES) {
            return goodBytes;
        }
        long granules = LibraryAllocator.roundUp(requestedBytes, granuleBytes(requestedBytes));
        long slices =
                LibraryAllocator.roundUp(granules, granules > EIGHT_SLICES_BYTES ? EIGHT_SLICES_BYTES : SLICE_BYTES);
        return Math.max(goodBytes, slices);
    }

    @Override
    public long alignedUsableBytesBound(long requestedBytes, long alignmentBytes) {
        if (requestedBytes > MAX_REQUEST_BYTES || alignmentBytes > MAX_REQUEST_BYTES) {
            return 0;
        }
        return usableBytesBound(Math.max(requestedBytes, LEAST_BYTES) + alignmentBytes);
    }

    @Override
    public boolean usableBytesExact() {
        return false;
    }

    /** None: mimalloc keeps its statistics in its debug builds only. */
    @Override
    public AllocatorFigures figures() {
        return AllocatorFigures.NONE;
    }

    /** Gives back the unused pages of the calling thread, of threads that have ended, and of no thread. */
    @Override
    public boolean purge() {
        return Purges.run(() -> Downcalls.call(() -> {
            collectHandle.invokeExact(true);
            return true;
        }));
    }

    private long granuleBytes(long bytes) {
        if (bytes < 512 << 10) {
            return pageBytes;
        }
        if (bytes < 2 << 20) {
            return 64 << 10;
        }
        if (bytes < 8 << 20) {
            return 256 << 10;
        }
        return bytes < 32 << 20 ? 1 << 20 : 4 << 20;
    }

    private long goodSize(long bytes) {
        try {
            return (long) goodSizeHandle.invokeExact(bytes);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }
}
