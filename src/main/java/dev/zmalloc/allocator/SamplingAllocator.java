package dev.zmalloc.allocator;

import dev.zmalloc.allocator.BlockRegistry.Block;
import java.util.Collection;

/** Remembers a sample of the blocks with the stacks that took them. Blocks are the backend's own. */
record SamplingAllocator(Allocator delegate, AllocationSampler sampler) implements WatchingAllocator {
    @Override
    public DebugLevel level() {
        return DebugLevel.SAMPLE;
    }

    @Override
    public Collection<Block> blocks() {
        return sampler.sampledBlocks();
    }

    @Override
    public long allocate(long bytes) {
        return taken(delegate.allocate(bytes), bytes);
    }

    @Override
    public long allocateZeroed(long bytes) {
        return taken(delegate.allocateZeroed(bytes), bytes);
    }

    @Override
    public long allocateAligned(long bytes, long alignmentBytes) {
        return taken(delegate.allocateAligned(bytes, alignmentBytes), bytes);
    }

    @Override
    public boolean hasUncachedCalls() {
        return delegate.hasUncachedCalls();
    }

    @Override
    public long allocateUncached(long bytes) {
        return taken(delegate.allocateUncached(bytes), bytes);
    }

    @Override
    public long reallocate(long address, long bytes) {
        long moved = delegate.reallocate(address, bytes);
        if (moved != 0) {
            // Told after the fact, when another thread may have the old address already: it loses a sample at worst.
            sampler.freed(address);
            sampler.taken(moved, bytes);
        }
        return moved;
    }

    @Override
    public void free(long address) {
        sampler.freed(address);
        delegate.free(address);
    }

    @Override
    public void free(long address, long bytes) {
        sampler.freed(address);
        delegate.free(address, bytes);
    }

    @Override
    public void freeAny(long address, long usableBytes) {
        sampler.freed(address);
        delegate.freeAny(address, usableBytes);
    }

    @Override
    public void freeAligned(long address, long bytes, long alignmentBytes) {
        sampler.freed(address);
        delegate.freeAligned(address, bytes, alignmentBytes);
    }

    @Override
    public void freeUncached(long address, long bytes) {
        sampler.freed(address);
        delegate.freeUncached(address, bytes);
    }

    private long taken(long address, long bytes) {
        if (address != 0) {
            sampler.taken(address, bytes);
        }
        return address;
    }
}
