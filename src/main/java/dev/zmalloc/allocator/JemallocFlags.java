package dev.zmalloc.allocator;

/**
 * The flags of jemalloc's {@code mallocx} family, which C code composes with the macros {@code MALLOCX_*}.
 *
 * <pre>
 *  bit  31              20 19               8   7     6    5              0
 *      +------------------+------------------+-----+------+----------------+
 *      | arena + 1        | tcache + 2       |  0  | zero | log2 alignment |
 *      +------------------+------------------+-----+------+----------------+
 * </pre>
 *
 * A field of 0 leaves the choice to jemalloc: natural alignment, the thread's own cache, the thread's own arena.
 */
final class JemallocFlags {
    /** {@code MALLOCX_TCACHE_NONE}, the cache of index -1: past all caches, straight to and from the arena. */
    static final int TCACHE_NONE = 1 << 8;

    private JemallocFlags() {}

    /** {@code MALLOCX_ALIGN}: alignment in bytes, a power of two. */
    static int align(long alignmentBytes) {
        if (alignmentBytes <= 0 || Long.bitCount(alignmentBytes) != 1) {
            throw new IllegalArgumentException("no power of two: " + alignmentBytes);
        }
        return Long.numberOfTrailingZeros(alignmentBytes);
    }
}
