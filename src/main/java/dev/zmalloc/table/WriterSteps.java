package dev.zmalloc.table;

import org.jspecify.annotations.Nullable;

/**
 * The points between the stores of a change to a table, at which a test may stop the writer, to see that readers find
 * everything all the same. Called from {@code assert} alone: without assertions there is nothing of it.
 */
public final class WriterSteps {
    /** What is done at a step; called under the lock of the stripe that is being written. */
    public interface Hook {
        /** Called with the name of a step. */
        void at(String step);
    }

    private static volatile @Nullable Hook hook;

    private WriterSteps() {}

    /** Sets what is done at each step, in all tables of the process; {@code null} for nothing. */
    public static void set(@Nullable Hook value) {
        hook = value;
    }

    /** Tells of a step. Always true. */
    static boolean reached(String step) {
        Hook present = hook;
        if (present != null) {
            present.at(step);
        }
        return true;
    }
}
