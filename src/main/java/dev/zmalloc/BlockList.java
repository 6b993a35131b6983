package dev.zmalloc;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The blocks of one arena, with their sizes, kept until {@link #run} frees them all. */
abstract sealed class BlockList implements Runnable {
    /** In place of the size of a block that was asked to be aligned, and is not freed by its size. */
    static final long ALIGNED = -1;

    private BlockList() {}

    /** Frees a block, told what a list is told. */
    static void free(long address, long bytes) {
        if (bytes == ALIGNED) {
            RawZMalloc.zfree(address);
        } else {
            RawZMalloc.zfree(address, bytes);
        }
    }

    /**
     * Adds a block, which the list then owns. If this throws for lack of heap, the caller still owns it.
     *
     * @param bytes anything from the size requested to the usable size, or {@link #ALIGNED}
     * @return false if the blocks were freed, or are being freed: the caller still owns this one
     */
    abstract boolean add(long address, long bytes);

    /** Frees every block of the list. Called once; nothing is added after. */
    @Override
    public abstract void run();

    /**
     * For one thread. Blocks are pairs of longs in arrays: no object each, and plain enough for the JIT to keep a small
     * arena that lives in one method off the heap altogether.
     */
    static final class Confined extends BlockList {
        private static final int FIRST_LONGS = 8;

        /** 16 KiB: small enough for every collector to treat as an ordinary object. */
        private static final int MOST_LONGS = 2_048;

        private long[] entries = new long[FIRST_LONGS];
        private int taken;
        private @Nullable FullArray full;

        @Override
        boolean add(long address, long bytes) {
            if (taken == entries.length) {
                grow();
            }
            entries[taken] = address;
            entries[taken + 1] = bytes;
            taken += 2;
            return true;
        }

        private void grow() {
            long[] next = new long[Math.min(2 * entries.length, MOST_LONGS)];
            full = new FullArray(entries, full);
            entries = next;
            taken = 0;
        }

        @Override
        public void run() {
            freeEach(entries, taken);
            for (FullArray array = full; array != null; array = array.older) {
                freeEach(array.entries, array.entries.length);
            }
        }

        private static void freeEach(long[] entries, int taken) {
            for (int index = 0; index < taken; index += 2) {
                free(entries[index], entries[index + 1]);
            }
        }

        @SuppressWarnings("ArrayRecordComponent") // never compared
        private record FullArray(long[] entries, @Nullable FullArray older) {}
    }

    /**
     * For any number of threads that add while one of them frees: a stack that is changed by compare-and-set, and
     * closed by putting an entry on it that none is put upon.
     */
    static final class Shared extends BlockList {
        private static final Block CLOSED = new Block(0, 0);

        private final AtomicReference<@Nullable Block> newest = new AtomicReference<>();

        @Override
        boolean add(long address, long bytes) {
            Block block = new Block(address, bytes);
            do {
                block.older = newest.get();
                if (block.older == CLOSED) {
                    return false;
                }
            } while (!newest.compareAndSet(block.older, block));
            return true;
        }

        @Override
        public void run() {
            for (Block block = newest.getAndSet(CLOSED); block != null; block = block.older) {
                free(block.address, block.bytes);
            }
        }

        private static final class Block {
            private final long address;
            private final long bytes;
            private @Nullable Block older;

            Block(long address, long bytes) {
                this.address = address;
                this.bytes = bytes;
            }
        }
    }
}
