package dev.zmalloc.allocator;

import java.util.Optional;
import java.util.OptionalLong;

/** What stands around a backend and watches it: everything that is not about blocks goes to the backend as it is. */
sealed interface WatchingAllocator extends Allocator permits SamplingAllocator, TrackingAllocator, GuardedAllocator {
    /** The backend. */
    Allocator delegate();

    /** The level that it works at. */
    DebugLevel level();

    /** What is held now, by where it was taken. */
    LeakReport report();

    /**
     * Looks for damage.
     *
     * @throws NativeMemoryMisuseError if there is any
     */
    default void check() {}

    @Override
    default String name() {
        return delegate().name();
    }

    @Override
    default AllocatorDescription description() {
        return delegate().description();
    }

    @Override
    default boolean usableBytesExact() {
        return delegate().usableBytesExact();
    }

    @Override
    default AllocatorFigures figures() {
        return delegate().figures();
    }

    @Override
    default boolean purge() {
        return delegate().purge();
    }

    @Override
    default Optional<Boolean> backgroundThreads() {
        return delegate().backgroundThreads();
    }

    @Override
    default boolean setBackgroundThreads(boolean on) {
        return delegate().setBackgroundThreads(on);
    }

    @Override
    default OptionalLong dirtyDecayMillis() {
        return delegate().dirtyDecayMillis();
    }

    @Override
    default boolean setDirtyDecayMillis(long millis) {
        return delegate().setDirtyDecayMillis(millis);
    }

    @Override
    default OptionalLong muzzyDecayMillis() {
        return delegate().muzzyDecayMillis();
    }

    @Override
    default boolean setMuzzyDecayMillis(long millis) {
        return delegate().setMuzzyDecayMillis(millis);
    }

    @Override
    default Optional<String> statisticsText(String options) {
        return delegate().statisticsText(options);
    }
}
