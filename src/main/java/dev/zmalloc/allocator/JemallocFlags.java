package dev.zmalloc.allocator;

/**
 * The flags of jemalloc's {@code mallocx} family, which C code composes with the macros {@code MALLOCX_*}. Combine them
 * with {@code |}.
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
    /** {@code MALLOCX_ZERO}: the block's bytes are zero. */
    static final int ZERO = 0x40;

    /** {@code MALLOCX_TCACHE_NONE}: past all caches, straight to and from the arena. */
    static final int TCACHE_NONE = tcacheBits(-1);

    private static final int TCACHE_SHIFT = 8;
    private static final int ARENA_SHIFT = 20;
    private static final int FIELD_MAX = (1 << (ARENA_SHIFT - TCACHE_SHIFT)) - 1;
    private static final int LG_ALIGN_MAX = 0x3f;

    private JemallocFlags() {}

    /**
     * {@code MALLOCX_LG_ALIGN}: alignment by its exponent.
     *
     * @param exponent alignment is 2 to this, 0 to 62
     */
    static int lgAlign(int exponent) {
        if (exponent < 0 || exponent >= LG_ALIGN_MAX) {
            throw new IllegalArgumentException("no exponent of an alignment: " + exponent);
        }
        return exponent;
    }

    /**
     * {@code MALLOCX_ALIGN}: alignment in bytes.
     *
     * @param alignmentBytes a power of two
     */
    static int align(long alignmentBytes) {
        if (Long.bitCount(alignmentBytes) != 1 || alignmentBytes < 0) {
            throw new IllegalArgumentException("no power of two: " + alignmentBytes);
        }
        return lgAlign(Long.numberOfTrailingZeros(alignmentBytes));
    }

    /**
     * {@code MALLOCX_TCACHE}: the explicit cache to use.
     *
     * @param index from the control {@code tcache.create}
     */
    static int tcache(int index) {
        if (index < 0 || index > FIELD_MAX - 2) {
            throw new IllegalArgumentException("no index of a tcache: " + index);
        }
        return tcacheBits(index);
    }

    /**
     * {@code MALLOCX_ARENA}: the arena to use.
     *
     * @param index from the control {@code arenas.create}
     */
    static int arena(int index) {
        if (index < 0 || index > FIELD_MAX - 1) {
            throw new IllegalArgumentException("no index of an arena: " + index);
        }
        return (index + 1) << ARENA_SHIFT;
    }

    private static int tcacheBits(int index) {
        return (index + 2) << TCACHE_SHIFT;
    }
}
