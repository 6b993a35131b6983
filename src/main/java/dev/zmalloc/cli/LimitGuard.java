package dev.zmalloc.cli;

import java.util.concurrent.atomic.LongAccumulator;
import java.util.function.LongSupplier;

/**
 * Watches one figure of used memory against its limit: keeps the highest value it ever saw, and so whether the limit
 * was passed even once. For any number of threads.
 */
final class LimitGuard {
    private final LongSupplier usedMemory;
    private final long maxMemory;
    private final LongAccumulator highest = new LongAccumulator(Math::max, 0);

    /** A guard of a limit in bytes, 0 for none. {@code usedMemory} is called by every thread that samples. */
    LimitGuard(LongSupplier usedMemory, long maxMemory) {
        this.usedMemory = usedMemory;
        this.maxMemory = maxMemory;
    }

    /** Takes a sample and returns it, in bytes. */
    long sample() {
        long used = usedMemory.getAsLong();
        highest.accumulate(used);
        return used;
    }

    /** Returns the limit in bytes; 0 for none. */
    long maxMemory() {
        return maxMemory;
    }

    /** Returns the highest sample so far, in bytes; 0 before the first. */
    long highestUsedMemory() {
        return highest.get();
    }

    /** Tells whether any sample was above the limit. */
    boolean passed() {
        return maxMemory > 0 && highest.get() > maxMemory;
    }
}
