package dev.zmalloc.allocator;

import dev.zmalloc.ffi.CLibrary;
import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.Memory;
import dev.zmalloc.ffi.NativeLibrary;
import dev.zmalloc.ffi.PageSize;
import dev.zmalloc.ffi.abi.aligned_alloc_fn;
import dev.zmalloc.ffi.abi.gnu_get_libc_version_fn;
import dev.zmalloc.ffi.abi.mallinfo2;
import dev.zmalloc.ffi.abi.mallinfo2_fn;
import dev.zmalloc.ffi.abi.malloc_trim_fn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The allocator of the GNU C library, by the library's own handle: it serves also where another allocator was
 * preloaded.
 *
 * <p>It does not tell what it will give, so the size of each block is asked for, and {@link #usableBytesBound} is an
 * upper bound that follows from how the library builds its chunks.
 *
 * @param mallinfoHandle {@code mallinfo2}, which libraries before 2.33 lack
 * @param pageBytes page size of the system
 */
record LibcAllocator(
        MallocFunctions functions,
        MethodHandle alignedAllocHandle,
        MethodHandle trimHandle,
        Optional<MethodHandle> mallinfoHandle,
        long pageBytes,
        AllocatorDescription description)
        implements LibraryAllocator {
    /*
     * The upper bound.
     *
     * A request becomes a chunk: 8 bytes of header, rounded up to a multiple of 16, at least 32. All of it but the
     * header is usable, the first field of the next chunk included. A chunk from a bin of larger ones is split, unless
     * what would remain is smaller than a chunk can be: then it is handed out too, and that is 16 bytes, the only
     * multiple of 16 below 32. Caches, fast and small bins hold chunks of one size each, and the top of a heap always
     * keeps at least 32 bytes, so both give no more than that.
     *
     * From the mmap threshold on, a chunk may be a mapping of its own: the chunk size and one more header word,
     * rounded up to whole pages, of which two words are not usable. The threshold starts at 128 KiB and only grows by
     * itself, so smaller requests never get one, and larger ones get one or the other: the bound is the larger of
     * both.
     *
     * An aligned request beyond 16 bytes is served from a chunk of the request, the alignment and 32 bytes. From a
     * heap, what lies before and behind is given back, of the latter all but 32 bytes at most. A mapping is not cut at
     * its end.
     *
     * Two cases pass the bound, and the contract of Allocator names both. realloc leaves a block that is a mapping a
     * mapping, of at least one page, however small it becomes. And a thread for which no heap can be reserved, in a
     * process at the end of its address space, is given mappings for small requests. Settings that lower the
     * threshold, map in huge pages or cache large chunks (MALLOC_MMAP_THRESHOLD_, and glibc.malloc.mmap_threshold,
     * hugetlb and tcache_max) do likewise.
     */
    private static final long HEADER_BYTES = 8;

    private static final long ALIGNMENT_BYTES = 16;
    private static final long MIN_CHUNK_BYTES = 32;
    private static final long UNSPLIT_BYTES = MIN_CHUNK_BYTES - ALIGNMENT_BYTES;
    private static final long MAPPED_HEADER_BYTES = 2 * HEADER_BYTES;
    private static final long MMAP_THRESHOLD_BYTES = 128 << 10;

    static final String NAME = "libc";

    /** Binds the allocator of the process' C library. */
    static LibcAllocator open() {
        NativeLibrary libc = CLibrary.open();
        String version = version(libc);
        long pageBytes = PageSize.bytesOrLargest();
        List<LoadAttempt> attempts = List.of(LoadAttempt.success(Origin.LIBC, libc.file(), "glibc " + version));
        long mallinfo = libc.find("mallinfo2");
        return new LibcAllocator(
                MallocFunctions.of(libc, "", "malloc_usable_size"),
                Downcalls.ordinary(libc.find("aligned_alloc"), aligned_alloc_fn.descriptor()),
                Downcalls.ordinary(libc.find("malloc_trim"), malloc_trim_fn.descriptor()),
                mallinfo == 0 ? Optional.empty() : Optional.of(Downcalls.ordinary(mallinfo, mallinfo2_fn.descriptor())),
                pageBytes,
                new AllocatorDescription(
                        NAME,
                        version,
                        libc.file(),
                        Origin.LIBC,
                        attempts,
                        OptionalLong.of(pageBytes),
                        List.of(),
                        List.of()));
    }

    private static String version(NativeLibrary libc) {
        MethodHandle version =
                Downcalls.ordinary(libc.find("gnu_get_libc_version"), gnu_get_libc_version_fn.descriptor());
        return Memory.cString(Downcalls.call(() -> (long) version.invokeExact()));
    }

    @Override
    public long allocateAligned(long bytes, long alignmentBytes) {
        if (bytes > MAX_REQUEST_BYTES || alignmentBytes > MAX_REQUEST_BYTES) {
            return 0;
        }
        try {
            return (long) alignedAllocHandle.invokeExact(alignmentBytes, bytes);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    @Override
    public long usableBytesBound(long requestedBytes) {
        if (requestedBytes > MAX_REQUEST_BYTES) {
            return 0;
        }
        long chunkBytes = chunkBytes(requestedBytes);
        return Math.max(chunkBytes + UNSPLIT_BYTES - HEADER_BYTES, mappedBytes(chunkBytes));
    }

    @Override
    public long alignedUsableBytesBound(long requestedBytes, long alignmentBytes) {
        if (alignmentBytes <= ALIGNMENT_BYTES) {
            return usableBytesBound(requestedBytes);
        }
        if (requestedBytes > MAX_REQUEST_BYTES || alignmentBytes > MAX_REQUEST_BYTES) {
            return 0;
        }
        long chunkBytes = chunkBytes(requestedBytes);
        long paddedBytes = chunkBytes(chunkBytes + Math.max(alignmentBytes, MIN_CHUNK_BYTES) + MIN_CHUNK_BYTES);
        return Math.max(chunkBytes + MIN_CHUNK_BYTES - HEADER_BYTES, mappedBytes(paddedBytes));
    }

    private static long chunkBytes(long requestedBytes) {
        return Math.max(MIN_CHUNK_BYTES, LibraryAllocator.roundUp(requestedBytes + HEADER_BYTES, ALIGNMENT_BYTES));
    }

    /** What is usable of a mapping for a chunk; 0 if one so small never gets its own. */
    private long mappedBytes(long chunkBytes) {
        return chunkBytes < MMAP_THRESHOLD_BYTES
                ? 0
                : LibraryAllocator.roundUp(chunkBytes + HEADER_BYTES, pageBytes) - MAPPED_HEADER_BYTES;
    }

    @Override
    public boolean usableBytesExact() {
        return false;
    }

    /**
     * Blocks in thread caches count as allocated. The JVM's own blocks are in the figures: it uses the same library.
     */
    @Override
    public AllocatorFigures figures() {
        if (mallinfoHandle.isEmpty()) {
            return AllocatorFigures.NONE;
        }
        try (Arena arena = Arena.ofConfined()) {
            MethodHandle mallinfo = mallinfoHandle.get();
            MemorySegment info = Downcalls.call(() -> (MemorySegment) mallinfo.invokeExact((SegmentAllocator) arena));
            // Blocks that are mappings of their own are counted apart from the heaps.
            long mappedBlocks = mallinfo2.hblkhd(info);
            return AllocatorFigures.of(
                    OptionalLong.of(mallinfo2.uordblks(info) + mappedBlocks),
                    OptionalLong.of(mallinfo2.arena(info) + mappedBlocks));
        }
    }

    /** Trims every heap of the C library, the JVM's own blocks' pages included. */
    @Override
    public boolean purge() {
        // What the function itself answers is whether there was anything to give back.
        return Purges.run(() -> Downcalls.call(() -> (int) trimHandle.invokeExact(0L)) >= 0);
    }
}
