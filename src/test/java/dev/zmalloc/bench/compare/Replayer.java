package dev.zmalloc.bench.compare;

/** Does again what a log says, operation by operation. Each block is written to when it is taken. For one thread. */
final class Replayer {
    private final AllocationLog log;
    private final Blocks blocks;

    /** Where each live block is, and the bytes requested for it; 0 where none is live. */
    private final long[] addresses;

    private final int[] bytes;
    private long requestedBytes;

    Replayer(AllocationLog log, Blocks blocks) {
        this.log = log;
        this.blocks = blocks;
        this.addresses = new long[log.blockCount()];
        this.bytes = new int[log.blockCount()];
    }

    /** Does the operations from {@code begin} to before {@code end}; those before it have been done. */
    void replay(int begin, int end) {
        for (int index = begin; index < end; index++) {
            int block = log.block(index);
            switch (log.operation(index)) {
                case AllocationLog.ALLOCATE -> taken(index, block, blocks.allocate(log.requestedBytes(index)));
                case AllocationLog.ALLOCATE_ZEROED ->
                    taken(index, block, blocks.allocateZeroed(log.requestedBytes(index)));
                case AllocationLog.ALLOCATE_ALIGNED ->
                    taken(index, block, blocks.allocateAligned(log.requestedBytes(index), log.alignmentBytes(index)));
                case AllocationLog.REALLOCATE -> resize(index, block);
                default -> free(index, block);
            }
        }
    }

    private void taken(int index, int block, long address) {
        int taken = log.requestedBytes(index);
        addresses[block] = address;
        bytes[block] = taken;
        requestedBytes += taken;
        blocks.write(address, taken);
    }

    private void resize(int index, int block) {
        int before = bytes[block];
        int after = log.requestedBytes(index);
        long address = blocks.reallocate(addresses[block], after);
        addresses[block] = address;
        bytes[block] = after;
        requestedBytes += after - before;
        if (after > before) {
            blocks.write(address + before, after - before);
        }
    }

    private void free(int index, int block) {
        long address = addresses[block];
        int freed = bytes[block];
        addresses[block] = 0;
        bytes[block] = 0;
        requestedBytes -= freed;
        switch (log.operation(index)) {
            case AllocationLog.FREE_SIZED -> blocks.free(address, freed);
            case AllocationLog.FREE_ALIGNED -> blocks.freeAligned(address, freed, log.alignmentBytes(index));
            default -> blocks.free(address);
        }
    }

    /** Bytes requested for the blocks that are live now. */
    long requestedBytes() {
        return requestedBytes;
    }

    /** Frees the blocks that the log leaves live. */
    void freeRest() {
        for (int block = 0; block < addresses.length; block++) {
            if (addresses[block] != 0) {
                requestedBytes -= bytes[block];
                blocks.free(addresses[block]);
                addresses[block] = 0;
                bytes[block] = 0;
            }
        }
    }
}
