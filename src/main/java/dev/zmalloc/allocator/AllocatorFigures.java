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
 */
public record AllocatorFigures(
        OptionalLong allocatedBytes,
        OptionalLong activeBytes,
        OptionalLong residentBytes,
        OptionalLong retainedBytes,
        OptionalLong metadataBytes,
        OptionalLong mappedBytes) {
    /** No figure at all. */
    public static final AllocatorFigures NONE = new AllocatorFigures(
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty());
}
