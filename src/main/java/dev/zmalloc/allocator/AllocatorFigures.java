package dev.zmalloc.allocator;

import java.util.OptionalLong;

/**
 * What an allocator says of its memory, in bytes, in the words of jemalloc. The figures are those of the allocator and
 * not of {@code ZMalloc}: whatever else in the process uses the same library is in them. One that the allocator cannot
 * tell is empty, never 0.
 *
 * @param allocatedBytes in live blocks, by usable size
 * @param activeBytes in pages that hold at least one live block
 * @param residentBytes in pages that are in physical memory, or may be: active, metadata, and unused ones kept for
 *     reuse
 * @param retainedBytes of address space kept without physical memory behind it
 * @param metadataBytes the allocator's own records
 * @param mappedBytes in mappings that the allocator holds, retained ones aside
 * @param muzzyBytes in unused pages that the system may take back when it likes ({@code MADV_FREE}), and that are
 *     resident until it does
 * @param smallBinFragmentationBytes in free places between live blocks of small size classes: the sum over the classes
 *     of <i>(places in all slabs - places taken) * size of a place</i>. At least 0, also where a class changed between
 *     the two readings
 */
public record AllocatorFigures(
        OptionalLong allocatedBytes,
        OptionalLong activeBytes,
        OptionalLong residentBytes,
        OptionalLong retainedBytes,
        OptionalLong metadataBytes,
        OptionalLong mappedBytes,
        OptionalLong muzzyBytes,
        OptionalLong smallBinFragmentationBytes) {
    /** No figure at all. */
    public static final AllocatorFigures NONE = of(OptionalLong.empty(), OptionalLong.empty());

    /** The figures that most allocators have: muzzy pages and fragmentation of small bins are empty. */
    public AllocatorFigures(
            OptionalLong allocatedBytes,
            OptionalLong activeBytes,
            OptionalLong residentBytes,
            OptionalLong retainedBytes,
            OptionalLong metadataBytes,
            OptionalLong mappedBytes) {
        this(
                allocatedBytes,
                activeBytes,
                residentBytes,
                retainedBytes,
                metadataBytes,
                mappedBytes,
                OptionalLong.empty(),
                OptionalLong.empty());
    }

    /** The figures of an allocator that tells no more than these two. */
    static AllocatorFigures of(OptionalLong allocatedBytes, OptionalLong mappedBytes) {
        OptionalLong none = OptionalLong.empty();
        return new AllocatorFigures(allocatedBytes, none, none, none, none, mappedBytes);
    }
}
