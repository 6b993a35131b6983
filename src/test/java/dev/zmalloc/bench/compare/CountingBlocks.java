package dev.zmalloc.bench.compare;

import java.util.HashMap;
import java.util.Map;

/** Blocks of no memory that are counted, and whose misuse fails the test. Addresses are given out once. */
final class CountingBlocks implements Blocks {
    /** What a live block was asked for with. */
    private record Block(long bytes, long alignmentBytes) {}

    private final Map<Long, Block> live = new HashMap<>();
    private long next = 1;
    long allocations;
    long zeroed;
    long aligned;
    long reallocations;
    long frees;
    long writtenBytes;
    long liveBytes;

    @Override
    public long allocate(long bytes) {
        allocations++;
        return take(bytes, 1);
    }

    @Override
    public long allocateZeroed(long bytes) {
        zeroed++;
        return take(bytes, 1);
    }

    @Override
    public long allocateAligned(long bytes, long alignmentBytes) {
        aligned++;
        return take(bytes, alignmentBytes);
    }

    private long take(long bytes, long alignmentBytes) {
        // Far enough from each other that writes beyond a block's begin belong to one block only.
        long address = next << 32;
        next++;
        live.put(address, new Block(bytes, alignmentBytes));
        liveBytes += bytes;
        return address;
    }

    @Override
    public long reallocate(long address, long bytes) {
        reallocations++;
        remove(address);
        return take(bytes, 1);
    }

    @Override
    public void free(long address) {
        frees++;
        remove(address);
    }

    @Override
    public void free(long address, long bytes) {
        frees++;
        Block block = remove(address);
        if (!block.equals(new Block(bytes, 1))) {
            throw new AssertionError(block + " is freed as a plain block of " + bytes);
        }
    }

    @Override
    public void freeAligned(long address, long bytes, long alignmentBytes) {
        frees++;
        Block block = remove(address);
        if (!block.equals(new Block(bytes, alignmentBytes))) {
            throw new AssertionError(block + " is freed with " + bytes + " at " + alignmentBytes);
        }
    }

    private Block remove(long address) {
        Block block = live.remove(address);
        if (block == null) {
            throw new AssertionError("no live block at " + address);
        }
        liveBytes -= block.bytes();
        return block;
    }

    @Override
    public void write(long address, long bytes) {
        long begin = address >>> 32 << 32;
        Block block = live.get(begin);
        if (block == null || address - begin + bytes > block.bytes()) {
            throw new AssertionError(bytes + " bytes are written at " + (address - begin) + " of " + block);
        }
        writtenBytes += bytes;
    }

    /** How many blocks are live. */
    int liveCount() {
        return live.size();
    }
}
