package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.Upcalls;
import java.lang.foreign.Arena;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a running jemalloc can be told and asked beside taking and freeing blocks: figures, purging, background threads,
 * decay times, its report.
 */
interface JemallocControl extends Allocator {
    /** Index that stands for all arenas. From jemalloc's {@code MALLCTL_ARENAS_ALL}. */
    int ALL_ARENAS = 4096;

    Mallctl mallctl();

    /** Empty where jemalloc was built without statistics, as the bundled one is. */
    Optional<JemallocStatistics> statistics();

    /** {@code malloc_stats_print}; an ordinary call, since it calls back. */
    Optional<MethodHandle> statsPrintHandle();

    @Override
    default AllocatorFigures figures() {
        return statistics().map(JemallocStatistics::read).orElse(AllocatorFigures.NONE);
    }

    @Override
    default boolean purge() {
        return Purges.run(() -> {
            mallctl().trigger("arena." + ALL_ARENAS + ".purge");
            return true;
        });
    }

    @Override
    default Optional<Boolean> backgroundThreads() {
        return mallctl().tryReadBoolean("background_thread");
    }

    @Override
    default boolean setBackgroundThreads(boolean on) {
        if (backgroundThreads().isEmpty()) {
            return false;
        }
        try {
            mallctl().writeBoolean("background_thread", on);
        } catch (IllegalArgumentException e) {
            // Both values are right, so what failed is the start of the threads.
            throw new IllegalStateException("jemalloc's background threads do not start: " + e.getMessage(), e);
        }
        return true;
    }

    @Override
    default OptionalLong dirtyDecayMillis() {
        return mallctl().tryReadLong("arenas.dirty_decay_ms");
    }

    @Override
    default boolean setDirtyDecayMillis(long millis) {
        return setDecay("dirty_decay_ms", millis);
    }

    @Override
    default OptionalLong muzzyDecayMillis() {
        return mallctl().tryReadLong("arenas.muzzy_decay_ms");
    }

    @Override
    default boolean setMuzzyDecayMillis(long millis) {
        return setDecay("muzzy_decay_ms", millis);
    }

    /**
     * Sets the time for arenas that are made from now on, and for those that have had the common time until now. One
     * with a time of its own keeps that: jemalloc has the arena of blocks from 8 MiB on purge at once.
     */
    private boolean setDecay(String name, long millis) {
        Mallctl mallctl = mallctl();
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
    @Override
    default Optional<String> statisticsText(String options) {
        if (statistics().isEmpty() || statsPrintHandle().isEmpty()) {
            return Optional.empty();
        }
        MethodHandle print = statsPrintHandle().get();
        try (Arena arena = Arena.ofConfined()) {
            long optionsAddress = arena.allocateFrom(options).address();
            return Optional.of(Upcalls.collectText(write -> Downcalls.call(() -> {
                print.invokeExact(write, 0L, optionsAddress);
                return true;
            })));
        }
    }
}
