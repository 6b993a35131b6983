package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.NativeLibrary;
import dev.zmalloc.ffi.Upcalls;
import dev.zmalloc.ffi.abi.malloc_stats_print_fn;
import java.lang.foreign.Arena;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a running jemalloc can be told and asked beside taking and freeing blocks: figures, purging, background threads,
 * decay times, its report.
 *
 * @param statistics empty where jemalloc was built without them, as the bundled one is
 * @param statsPrintHandle {@code malloc_stats_print}; an ordinary call, since it calls back
 */
record JemallocControl(
        Mallctl mallctl, Optional<JemallocStatistics> statistics, Optional<MethodHandle> statsPrintHandle) {
    private static final String BACKGROUND_THREAD = "background_thread";
    private static final String DIRTY_DECAY = "dirty_decay_ms";
    private static final String MUZZY_DECAY = "muzzy_decay_ms";

    /** Index that stands for all arenas. From jemalloc's {@code MALLCTL_ARENAS_ALL}. */
    static final int ALL_ARENAS = 4096;

    static JemallocControl of(NativeLibrary library, Mallctl mallctl) {
        long print = library.find("malloc_stats_print");
        return new JemallocControl(
                mallctl,
                JemallocStatistics.of(library, mallctl),
                print == 0
                        ? Optional.empty()
                        : Optional.of(Downcalls.ordinary(print, malloc_stats_print_fn.descriptor())));
    }

    AllocatorFigures figures() {
        return statistics.map(JemallocStatistics::read).orElse(AllocatorFigures.NONE);
    }

    void purge() {
        mallctl.trigger("arena." + ALL_ARENAS + ".purge");
    }

    Optional<Boolean> backgroundThreads() {
        return mallctl.tryReadBoolean(BACKGROUND_THREAD);
    }

    boolean setBackgroundThreads(boolean on) {
        if (backgroundThreads().isEmpty()) {
            return false;
        }
        try {
            mallctl.writeBoolean(BACKGROUND_THREAD, on);
        } catch (IllegalArgumentException e) {
            // Both values are right, so what failed is the start of the threads.
            throw new IllegalStateException("jemalloc's background threads do not start: " + e.getMessage(), e);
        }
        return true;
    }

    OptionalLong dirtyDecayMillis() {
        return mallctl.tryReadLong("arenas." + DIRTY_DECAY);
    }

    boolean setDirtyDecayMillis(long millis) {
        return setDecay(DIRTY_DECAY, millis);
    }

    OptionalLong muzzyDecayMillis() {
        return mallctl.tryReadLong("arenas." + MUZZY_DECAY);
    }

    boolean setMuzzyDecayMillis(long millis) {
        return setDecay(MUZZY_DECAY, millis);
    }

    /**
     * Sets the time for arenas that are made from now on, and for those that have had the common time until now. One
     * with a time of its own keeps that: jemalloc has the arena of blocks from 8 MiB on purge at once.
     */
    private boolean setDecay(String name, long millis) {
        OptionalLong before = mallctl.tryReadLong("arenas." + name);
        if (before.isEmpty()) {
            return false;
        }
        mallctl.writeLong("arenas." + name, millis);
        int arenas = mallctl.readInt("arenas.narenas");
        for (int index = 0; index < arenas; index++) {
            String arena = "arena." + index + ".";
            if (mallctl.readBoolean(arena + "initialized") && mallctl.readLong(arena + name) == before.getAsLong()) {
                mallctl.writeLong(arena + name, millis);
            }
        }
        return true;
    }

    /** Empty where jemalloc was built without statistics: what it would print then are its options alone. */
    Optional<String> statisticsText(String options) {
        if (statistics.isEmpty() || statsPrintHandle.isEmpty()) {
            return Optional.empty();
        }
        MethodHandle print = statsPrintHandle.get();
        try (Arena arena = Arena.ofConfined()) {
            long optionsAddress = arena.allocateFrom(options).address();
            return Optional.of(Upcalls.collectText(write -> print(print, write, optionsAddress)));
        }
    }

    private static void print(MethodHandle print, long write, long options) {
        try {
            print.invokeExact(write, 0L, options);
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }
}
