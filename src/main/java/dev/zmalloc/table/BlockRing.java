package dev.zmalloc.table;

/**
 * A queue of blocks on the heap: addresses, sizes, and the epochs in which they came. Not thread-safe.
 *
 * <pre>
 *   longs   2 * place                2 * place + 1
 *         +------------------------+---------------------------+
 *         | address                | bytes : 32 | epoch : 32   |
 *         +------------------------+---------------------------+
 * </pre>
 *
 * A block has its longs side by side: threads take turns at a queue, and each line that one has written the other has
 * to fetch.
 */
final class BlockRing {
    private static final long INT_MASK = 0xFFFF_FFFFL;

    static {
        long largestEntry =
                (long) EntryLayout.MAX_HEADER_BYTES + EntryLayout.MAX_KEY_BYTES + EntryLayout.MAX_VALUE_BYTES;
        assert largestEntry <= INT_MASK : largestEntry;
    }

    private long[] longs;
    private int first;
    private int size;

    /** Makes an empty queue with room for {@code capacity} blocks, a power of two. */
    BlockRing(int capacity) {
        longs = new long[2 * capacity];
    }

    int size() {
        return size;
    }

    /** Sees to it that the next {@code blocks} additions cannot fail. */
    void ensureRoom(int blocks) {
        int capacity = longs.length / 2;
        while (capacity < size + blocks) {
            capacity *= 2;
        }
        if (2 * capacity > longs.length) {
            long[] more = new long[2 * capacity];
            int toTheEnd = Math.min(2 * size, longs.length - 2 * first);
            System.arraycopy(longs, 2 * first, more, 0, toTheEnd);
            System.arraycopy(longs, 0, more, toTheEnd, 2 * size - toTheEnd);
            longs = more;
            first = 0;
        }
    }

    /** Like {@link #ensureRoom}, and answers whether there was memory of the heap. */
    boolean tryEnsureRoom(int blocks) {
        try {
            ensureRoom(blocks);
            return true;
        } catch (OutOfMemoryError e) {
            return false;
        }
    }

    void add(long address, long blockBytes, int epoch) {
        assert blockBytes >= 0 && blockBytes <= INT_MASK : blockBytes;
        ensureRoom(1);
        int place = place(size);
        longs[place] = address;
        longs[place + 1] = withEpoch(blockBytes << Integer.SIZE, epoch);
        size++;
    }

    void removeFirst() {
        first = (first + 1) & (longs.length / 2 - 1);
        size--;
    }

    /** Removes a block from the middle; the order is not kept. */
    void remove(int index) {
        int place = place(index);
        longs[place] = longs[place(0)];
        longs[place + 1] = longs[place(0) + 1];
        removeFirst();
    }

    /** Where a block is, or -1. */
    int indexOf(long address) {
        for (int index = 0; index < size; index++) {
            if (address(index) == address) {
                return index;
            }
        }
        return -1;
    }

    void setEpoch(int index, int epoch) {
        int place = place(index) + 1;
        longs[place] = withEpoch(longs[place], epoch);
    }

    void forEach(RetiredBlocks.BlockVisitor visitor) {
        for (int index = 0; index < size; index++) {
            visitor.visit(address(index), bytes(index));
        }
    }

    long address(int index) {
        return longs[place(index)];
    }

    long bytes(int index) {
        return longs[place(index) + 1] >>> Integer.SIZE;
    }

    int epoch(int index) {
        return (int) longs[place(index) + 1];
    }

    private static long withEpoch(long bytesAndEpoch, int epoch) {
        return (bytesAndEpoch & ~INT_MASK) | (epoch & INT_MASK);
    }

    private int place(int index) {
        return (2 * (first + index)) & (longs.length - 1);
    }
}
