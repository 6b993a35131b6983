package dev.zmalloc.bench.compare;

import java.util.List;
import java.util.random.RandomGenerator;

/** The moments of a workload at which memory is compared, and the sizes that both workloads draw. */
final class Points {
    /** Filled for the first time. */
    static final String FULL = "full";

    /** As full, after blocks of many other sizes have come and gone. */
    static final String WORN = "worn";

    /** The same blocks, after {@code purge()}. Not in a log, like the last: the replay adds it. */
    static final String SETTLED = "settled";

    /** All freed but one block in twenty, at random. */
    static final String FREED = "freed";

    /** What is left of them, after {@code purge()}. */
    static final String PURGED = "purged";

    /** All of them, in order. */
    static final List<String> ALL = List.of(FULL, WORN, SETTLED, FREED, PURGED);

    /** How many of a hundred blocks are left at {@link #FREED}. */
    static final int LEFT_PERCENT = 5;

    private Points() {}

    /** A size from {@code least} to below {@code most}, small ones more often: all its powers of two alike. */
    static int logUniform(RandomGenerator random, int least, int most) {
        return (int) (least * Math.pow((double) most / least, random.nextDouble()));
    }
}
