package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Downcalls;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/**
 * Which native calls are critical ones, that spare the thread's change of state and hold up safepoints while they run:
 * the setting {@value #PROPERTY}, or the variable {@code ZMALLOC_CRITICAL}.
 */
enum CriticalCalls {
    /** Those that look up a size and return at once. */
    LOOKUPS(-1),

    /**
     * Those that take and free small blocks too. They may wait for a lock or have memory mapped, and every thread that
     * is to stop waits with them.
     */
    SMALL(4 << 10);

    /** Name of the property. */
    static final String PROPERTY = "zmalloc.critical";

    private final long maxBytes;

    CriticalCalls(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** What the settings say. */
    static CriticalCalls selected() {
        return Setting.choice(PROPERTY, LOOKUPS);
    }

    /** The largest block that is taken and freed by a critical call; negative for none. */
    long maxBytes() {
        return maxBytes;
    }

    /** The handle of a function that takes or frees small blocks. */
    MethodHandle bind(long address, FunctionDescriptor descriptor) {
        return this == SMALL ? Downcalls.critical(address, descriptor) : Downcalls.ordinary(address, descriptor);
    }

    /** The name as it is set. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
