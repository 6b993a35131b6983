package dev.zmalloc;

/** What a request may ask for: sizes, products of sizes, and alignments, all in bytes. */
final class Sizes {
    /** What a request for 0 bytes gets: a block that can be told from others and freed. */
    static final long MIN_BYTES = 8;

    /** The least alignment that an allocator is asked for; smaller ones follow from it. */
    private static final long MIN_ALIGNMENT_BYTES = 8;

    private Sizes() {}

    /** Tells whether {@code bytes} is refused before the allocator sees it. */
    static boolean isNoSize(long bytes) {
        return bytes < 0 || bytes == Long.MAX_VALUE;
    }

    /** What the allocator is asked for when {@code bytes} are requested. */
    static long atLeastMin(long bytes) {
        return Math.max(bytes, MIN_BYTES);
    }

    /** Tells whether {@code count} elements of {@code bytes} are refused: the element has no size, or all have none. */
    static boolean productOverflows(long count, long bytes) {
        return count < 0 || bytes <= 0 || count > Long.MAX_VALUE / bytes;
    }

    /**
     * What the allocator is asked for when an alignment is requested.
     *
     * @throws IllegalArgumentException if {@code alignmentBytes} is no power of two
     */
    static long alignment(long alignmentBytes) {
        if (alignmentBytes <= 0 || (alignmentBytes & (alignmentBytes - 1)) != 0) {
            throw new IllegalArgumentException("alignment is no power of two: " + alignmentBytes);
        }
        return Math.max(alignmentBytes, MIN_ALIGNMENT_BYTES);
    }
}
