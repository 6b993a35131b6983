package dev.zmalloc;

import dev.zmalloc.allocator.Allocator;
import dev.zmalloc.allocator.AllocatorDescription;
import dev.zmalloc.allocator.AllocatorFigures;
import dev.zmalloc.allocator.AllocatorUnavailableException;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Stands where a backend could not be had and says why, on every call: the attempts, the loader's words and the cure.
 *
 * @param reason what the selection of a backend ended with
 */
record UnavailableAllocator(AllocatorUnavailableException reason) implements Allocator {
    private AllocatorUnavailableException refusal() {
        return new AllocatorUnavailableException(String.valueOf(reason.getMessage()), reason);
    }

    @Override
    public String name() {
        return "unavailable";
    }

    @Override
    public AllocatorDescription description() {
        throw refusal();
    }

    @Override
    public AllocatorFigures figures() {
        throw refusal();
    }

    @Override
    public boolean purge() {
        throw refusal();
    }

    @Override
    public Optional<Boolean> backgroundThreads() {
        throw refusal();
    }

    @Override
    public boolean setBackgroundThreads(boolean on) {
        throw refusal();
    }

    @Override
    public OptionalLong dirtyDecayMillis() {
        throw refusal();
    }

    @Override
    public boolean setDirtyDecayMillis(long millis) {
        throw refusal();
    }

    @Override
    public OptionalLong muzzyDecayMillis() {
        throw refusal();
    }

    @Override
    public boolean setMuzzyDecayMillis(long millis) {
        throw refusal();
    }

    @Override
    public Optional<String> statisticsText(String options) {
        throw refusal();
    }

    @Override
    public long allocate(long bytes) {
        throw refusal();
    }

    @Override
    public long allocateZeroed(long bytes) {
        throw refusal();
    }

    @Override
    public long reallocate(long address, long bytes) {
        throw refusal();
    }

    @Override
    public void free(long address) {
        throw refusal();
    }

    @Override
    public void free(long address, long bytes) {
        throw refusal();
    }

    @Override
    public long allocateAligned(long bytes, long alignmentBytes) {
        throw refusal();
    }

    @Override
    public void freeAligned(long address, long bytes, long alignmentBytes) {
        throw refusal();
    }

    @Override
    public long usableBytes(long address) {
        throw refusal();
    }

    @Override
    public long usableBytesBound(long requestedBytes) {
        throw refusal();
    }

    @Override
    public long alignedUsableBytesBound(long requestedBytes, long alignmentBytes) {
        throw refusal();
    }

    /**
     * False, because it is asked while classes are still being initialised, where an exception would hide the reason.
     */
    @Override
    public boolean usableBytesExact() {
        return false;
    }
}
