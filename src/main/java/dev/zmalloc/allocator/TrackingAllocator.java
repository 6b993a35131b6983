package dev.zmalloc.allocator;

import dev.zmalloc.allocator.BlockRegistry.Block;
import dev.zmalloc.allocator.NativeMemoryMisuseError.Kind;
import java.util.Collection;

/**
 * Remembers every block with the stack that took it, and frees none that is not live. Blocks are the backend's own,
 * with their usable size.
 */
record TrackingAllocator(Allocator delegate, BlockRegistry registry) implements WatchingAllocator {
    @Override
    public DebugLevel level() {
        return DebugLevel.TRACK;
    }

    @Override
    public Collection<Block> blocks() {
        return registry.liveBlocks();
    }

    @Override
    public long allocate(long bytes) {
        return taken(delegate.allocate(bytes), bytes, 0);
    }

    @Override
    public long allocateZeroed(long bytes) {
        return taken(delegate.allocateZeroed(bytes), bytes, 0);
    }

    @Override
    public long allocateAligned(long bytes, long alignmentBytes) {
        return taken(delegate.allocateAligned(bytes, alignmentBytes), bytes, alignmentBytes);
    }

    @Override
    public boolean hasUncachedCalls() {
        return delegate.hasUncachedCalls();
    }

    @Override
    public long allocateUncached(long bytes) {
        return taken(delegate.allocateUncached(bytes), bytes, 0);
    }

    @Override
    public long reallocate(long address, long bytes) {
        Block old = registry.withdraw(address);
        long moved = delegate.reallocate(address, bytes);
        if (moved == 0) {
            registry.restore(old);
            return 0;
        }
        registry.freed(old);
        return taken(moved, bytes, 0);
    }

    @Override
    public void free(long address) {
        Block block = registry.remove(address);
        if (block.alignmentBytes() == 0) {
            delegate.free(address, block.usableBytes());
        } else {
            delegate.freeAligned(address, block.usableBytes(), block.alignmentBytes());
        }
    }

    @Override
    public void free(long address, long bytes) {
        check(registry.get(address), bytes, 0);
        free(address);
    }

    @Override
    public void freeAligned(long address, long bytes, long alignmentBytes) {
        check(registry.get(address), bytes, alignmentBytes);
        free(address);
    }

    @Override
    public void freeUncached(long address, long bytes) {
        Block block = registry.get(address);
        // Told the usable size, it takes aligned blocks too.
        check(block, bytes, bytes == block.usableBytes() ? block.alignmentBytes() : 0);
        delegate.freeUncached(address, registry.remove(address).usableBytes());
    }

    @Override
    public long usableBytes(long address) {
        return registry.get(address).usableBytes();
    }

    /** Refuses a free that is told another size or alignment, 0 for a plain block, than the block has. */
    static void check(Block block, long bytes, long alignmentBytes) {
        if (alignmentBytes != block.alignmentBytes()) {
            throw new NativeMemoryMisuseError(
                    Kind.WRONG_ALIGNMENT,
                    block.address(),
                    ", with " + alignment(alignmentBytes) + ", and not " + alignment(block.alignmentBytes())
                            + block.origin());
        }
        if (bytes < block.requestedBytes() || bytes > block.usableBytes()) {
            throw new NativeMemoryMisuseError(
                    Kind.WRONG_SIZE, block.address(), ", with " + bytes + " bytes" + block.origin());
        }
    }

    private static String alignment(long bytes) {
        return bytes == 0 ? "none" : bytes + " bytes";
    }

    private long taken(long address, long bytes, long alignmentBytes) {
        if (address != 0) {
            registry.add(Block.taken(address, bytes, delegate.usableBytes(address), alignmentBytes));
        }
        return address;
    }
}
