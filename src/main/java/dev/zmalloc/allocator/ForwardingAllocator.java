package dev.zmalloc.allocator;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * An allocator that stands around another one, to count, watch or refuse, and passes on the rest. Each call that takes,
 * resizes or frees a block is left to implement, so that none is passed on by oversight; blocks are the other's own, of
 * its sizes, unless those methods are overridden too.
 */
public interface ForwardingAllocator extends Allocator {
    /** The allocator that serves. */
    Allocator delegate();

    @Override
    default String name() {
        return delegate().name();
    }

    @Override
    default AllocatorDescription description() {
        return delegate().description();
    }

    @Override
    default long usableBytes(long address) {
        return delegate().usableBytes(address);
    }

    @Override
    default long usableBytesBound(long requestedBytes) {
        return delegate().usableBytesBound(requestedBytes);
    }

    @Override
    default long alignedUsableBytesBound(long requestedBytes, long alignmentBytes) {
        return delegate().alignedUsableBytesBound(requestedBytes, alignmentBytes);
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
