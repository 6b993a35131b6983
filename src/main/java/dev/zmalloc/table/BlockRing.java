package dev.zmalloc.table;

/** A queue of blocks on the heap: addresses, sizes, and the epochs in which they came. Not thread-safe. */
final class BlockRing {
    private long[] addresses;
    private long[] bytes;
    private int[] epochs;
    private int first;
    private int size;

    /** Makes an empty queue with room for {@code capacity} blocks, a power of two. */
    BlockRing(int capacity) {
        addresses = new long[capacity];
        bytes = new long[capacity];
        epochs = new int[capacity];
    }

    int size() {
        return size;
    }

    /** Sees to it that the next {@code blocks} additions cannot fail. */
    void ensureRoom(int blocks) {
        int capacity = addresses.length;
        while (capacity < size + blocks) {
            capacity *= 2;
        }
        if (capacity > addresses.length) {
            long[] moreAddresses = new long[capacity];
            long[] moreBytes = new long[capacity];
            int[] moreEpochs = new int[capacity];
            for (int index = 0; index < size; index++) {
                moreAddresses[index] = address(index);
                moreBytes[index] = bytes(index);
                moreEpochs[index] = epoch(index);
            }
            addresses = moreAddresses;
            bytes = moreBytes;
            epochs = moreEpochs;
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
        ensureRoom(1);
        int place = place(size);
        addresses[place] = address;
        bytes[place] = blockBytes;
        epochs[place] = epoch;
        size++;
    }

    void removeFirst() {
        first = place(1);
        size--;
    }

    /** Removes a block from the middle; the order is not kept. */
    void remove(int index) {
        int place = place(index);
        addresses[place] = addresses[first];
        bytes[place] = bytes[first];
        epochs[place] = epochs[first];
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
        epochs[place(index)] = epoch;
    }

    void forEach(RetiredBlocks.BlockVisitor visitor) {
        for (int index = 0; index < size; index++) {
            visitor.visit(address(index), bytes(index));
        }
    }

    long address(int index) {
        return addresses[place(index)];
    }

    long bytes(int index) {
        return bytes[place(index)];
    }

    int epoch(int index) {
        return epochs[place(index)];
    }

    private int place(int index) {
        return (first + index) & (addresses.length - 1);
    }
}
