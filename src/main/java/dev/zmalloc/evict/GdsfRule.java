package dev.zmalloc.evict;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Greedy Dual Size Frequency (L. Cherkasova, 1998), sampled: an item's worth is {@code L + uses / size}, the least
 * goes, and {@code L} becomes the worth of what went, which is how all that is not used ages.
 *
 * <pre>
 *    15              4 3      0
 *   +-----------------+--------+
 *   | L (12)          | level  |
 *   +-----------------+--------+
 *   L: when the item was used last, in sixteenths, modulo 256;  level: of uses
 * </pre>
 *
 * Sizes are measured by the mean of those that were sampled lately, so that one use of an item of that size is worth 1.
 * The level is a number of uses from a list that grows the slower the higher it is: up to 16 each use counts, then with
 * a probability of one in the number. What an item adds to {@code L} is at most three quarters of 256: as {@code L}
 * goes on, everything that is not used becomes a victim well before its {@code L} comes round again, and is sampled
 * some hundred times meanwhile.
 */
final class GdsfRule extends AccessRule {
    private static final int[] USES = {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 28, 44, 80};
    private static final int LEVEL_BITS = 4;
    private static final int LEVEL_MASK = (1 << LEVEL_BITS) - 1;
    private static final int L_BITS = 12;
    private static final int L_MASK = (1 << L_BITS) - 1;

    /** Units of worth for one use of an item of mean size, in what is computed, and the bits that fields leave out. */
    private static final int UNIT = 256;

    private static final int COARSE_BITS = 4;
    private static final long MOST_WORTH = (3L << (L_BITS + COARSE_BITS)) / 4;

    private static final int ALWAYS_UP_TO = 16;

    /** Samples over which the mean size is taken. */
    private static final double MEAN_SAMPLES = 256;

    /** The chance, of 2^31, that a use lifts an item from a level to the next. */
    private static final long[] CHANCES = chances();

    private final boolean weighsSize;
    private final AtomicLong l = new AtomicLong();

    /** Evictors that share the rule may undo each other's update of these two: that does no harm. */
    private double meanBytes;

    private int sampled;

    GdsfRule(boolean weighsSize) {
        this.weighsSize = weighsSize;
    }

    private static long[] chances() {
        long[] chances = new long[USES.length];
        for (int level = 0; level < USES.length - 1; level++) {
            long expected = 0;
            for (int uses = USES[level]; uses < USES[level + 1]; uses++) {
                expected += uses < ALWAYS_UP_TO ? 1 : uses;
            }
            chances[level] = (1L << 31) / expected;
        }
        return chances;
    }

    @Override
    public int fresh() {
        return coarseL() << LEVEL_BITS;
    }

    @Override
    public int applyAsInt(int access) {
        int level = access & LEVEL_MASK;
        long chance = CHANCES[level];
        if (chance == 1L << 31 || (chance != 0 && (ThreadLocalRandom.current().nextInt() >>> 1) < chance)) {
            level++;
        }
        return (coarseL() << LEVEL_BITS) | level;
    }

    private int coarseL() {
        return (int) (l.get() >>> COARSE_BITS) & L_MASK;
    }

    @Override
    public int frequency(int access) {
        return USES[access & LEVEL_MASK];
    }

    @Override
    boolean needsBytes() {
        return weighsSize;
    }

    @Override
    void weigh(long bytes) {
        sampled = (int) Math.min(MEAN_SAMPLES, sampled + 1);
        meanBytes += (bytes - meanBytes) / sampled;
    }

    @Override
    long score(int access, long bytes, long expiry, long random) {
        double worth = (double) USES[access & LEVEL_MASK] * UNIT;
        if (weighsSize) {
            worth = worth * meanBytes / Math.max(1, bytes);
        }
        long now = l.get();
        // How long ago it was used, as L goes; the field's L is never ahead of it.
        long since = (((now >>> COARSE_BITS) - (access >>> LEVEL_BITS)) & L_MASK) << COARSE_BITS;
        return -(now - since + Math.min(MOST_WORTH, (long) worth + 1));
    }

    @Override
    void evicted(long score) {
        l.accumulateAndGet(-score, Math::max);
    }
}
