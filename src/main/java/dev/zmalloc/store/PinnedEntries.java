package dev.zmalloc.store;

import java.util.Arrays;

/**
 * The entries of a stripe that somebody reads in place at the moment, with the number of readers of each.
 *
 * <p>An entry that leaves the table while it is pinned is retired: it keeps its block until its last reader ends. There
 * are as many pins as readers under way, so that a short array is searched from its start. Not thread-safe; the
 * stripe's lock guards it.
 */
final class PinnedEntries {
    private static final int INITIAL_CAPACITY = 4;

    private long[] entries = new long[INITIAL_CAPACITY];
    private int[] readers = new int[INITIAL_CAPACITY];
    private boolean[] retired = new boolean[INITIAL_CAPACITY];
    private int size;

    /** Adds one reader of {@code entry}, which the table still owns. */
    void pin(long entry) {
        int index = indexOf(entry);
        if (index < 0) {
            index = size;
            ensureCapacity(size + 1);
            entries[index] = entry;
            readers[index] = 0;
            retired[index] = false;
            size++;
        }
        readers[index]++;
    }

    /**
     * Ends one reader of {@code entry}.
     *
     * @return whether the caller owns the entry now and has to free it: it was retired and this was its last reader
     */
    boolean unpin(long entry) {
        int index = indexOf(entry);
        assert index >= 0 : "not pinned: 0x" + Long.toHexString(entry);
        if (--readers[index] > 0) {
            return false;
        }
        boolean free = retired[index];
        size--;
        entries[index] = entries[size];
        readers[index] = readers[size];
        retired[index] = retired[size];
        return free;
    }

    boolean isPinned(long entry) {
        return size != 0 && indexOf(entry) >= 0;
    }

    /**
     * Leaves {@code entry}, which has left the table, to its readers, if it has any.
     *
     * @return whether it has; if not, the caller still owns it
     */
    boolean retire(long entry) {
        int index = size == 0 ? -1 : indexOf(entry);
        if (index < 0) {
            return false;
        }
        retired[index] = true;
        return true;
    }

    int size() {
        return size;
    }

    private int indexOf(long entry) {
        for (int index = 0; index < size; index++) {
            if (entries[index] == entry) {
                return index;
            }
        }
        return -1;
    }

    private void ensureCapacity(int capacity) {
        if (capacity > entries.length) {
            int doubled = 2 * entries.length;
            long[] moreEntries = Arrays.copyOf(entries, doubled);
            int[] moreReaders = Arrays.copyOf(readers, doubled);
            boolean[] moreRetired = Arrays.copyOf(retired, doubled);
            entries = moreEntries;
            readers = moreReaders;
            retired = moreRetired;
        }
    }
}
