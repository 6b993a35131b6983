package dev.zmalloc.bench.compare;

import java.util.Arrays;

/** Numbers for live blocks, small ones: a number that was given back is the next to be taken. For one thread. */
final class BlockNumbers {
    private int[] free = new int[1024];
    private int freeCount;
    private int next;

    /** A number that no live block has. */
    int take() {
        return freeCount > 0 ? free[--freeCount] : next++;
    }

    /** The block of {@code number} is no longer live. */
    void giveBack(int number) {
        if (freeCount == free.length) {
            free = Arrays.copyOf(free, 2 * freeCount);
        }
        free[freeCount++] = number;
    }
}
