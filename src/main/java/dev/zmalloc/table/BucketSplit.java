package dev.zmalloc.table;

import dev.zmalloc.MemoryAccount;

/**
 * Moves the entries with a certain bit in their hash from one chain to another: copies them first, and clears their old
 * places once the new chain is published. Under the stripe's lock.
 */
final class BucketSplit {
    /** In place of a bit: all entries. */
    static final int ALL = 0;

    private final HashTable table;

    /** The entries that are being moved. */
    private long[] moving = new long[2 * BucketLayout.SLOTS];

    private int count;

    BucketSplit(HashTable table) {
        this.table = table;
    }

    /**
     * Copies the entries that have {@code bit} in their hash to the chain {@code target}. The children that it needs,
     * and what this and {@link #clear} need of the heap, are taken beforehand.
     *
     * @return whether there was memory for all of it; if not, nothing changed
     */
    boolean tryCopy(long source, long target, int bit) {
        int entries = BucketChain.entryCount(source);
        if (!tryMakeRoom(entries) || !table.tryExpectRetirements(BucketChain.children(entries))) {
            return false;
        }
        collect(source, bit);
        long spares = 0;
        int there = BucketChain.entryCount(target);
        int needed = BucketChain.children(there + count) - BucketChain.children(there);
        for (; needed > 0; needed--) {
            long spare = table.tryTakeChild();
            if (!MemoryAccount.isAddress(spare)) {
                freeSpares(spares);
                return false;
            }
            BucketLayout.setWord(spare, spares);
            spares = spare;
        }
        for (long bucket = source; bucket != 0; bucket = BucketLayout.child(bucket)) {
            long word = BucketLayout.word(bucket);
            for (int slot = 0; slot < BucketLayout.SLOTS; slot++) {
                long slotWord = BucketLayout.slotWordAt(BucketLayout.slotAddress(bucket, slot));
                if (BucketLayout.holdsEntry(word, slot) && isMoving(BucketLayout.address(slotWord))) {
                    long child = 0;
                    if (BucketChain.isFull(target)) {
                        child = spares;
                        spares = BucketLayout.word(child);
                    }
                    BucketChain.append(target, BucketLayout.fingerprint(word, slot), slotWord, child);
                }
            }
        }
        return true;
    }

    private void freeSpares(long first) {
        long spare = first;
        while (spare != 0) {
            long next = BucketLayout.word(spare);
            table.freeChild(spare);
            spare = next;
        }
    }

    /** Removes what was copied from its old chain. */
    void clear(long source) {
        long bucket = source;
        int slot = 0;
        while (bucket != 0) {
            long slotWord = BucketLayout.slotWordAt(BucketLayout.slotAddress(bucket, slot));
            if (BucketLayout.holdsEntry(BucketLayout.word(bucket), slot) && isMoving(BucketLayout.address(slotWord))) {
                long child = BucketChain.remove(table, source, bucket, slot);
                table.retireChild(child);
                if (child == bucket) {
                    // Its last entry went to its parent, which was searched already.
                    bucket = source;
                    slot = 0;
                }
            } else if (++slot == BucketLayout.SLOTS) {
                bucket = BucketLayout.child(bucket);
                slot = 0;
            }
        }
    }

    private boolean tryMakeRoom(int entries) {
        if (entries > moving.length) {
            try {
                moving = new long[2 * entries];
            } catch (OutOfMemoryError e) {
                return false;
            }
        }
        return true;
    }

    private void collect(long source, int bit) {
        count = 0;
        for (long bucket = source; bucket != 0; bucket = BucketLayout.child(bucket)) {
            long word = BucketLayout.word(bucket);
            for (int slot = 0; slot < BucketLayout.SLOTS; slot++) {
                if (BucketLayout.holdsEntry(word, slot)) {
                    long entry = BucketLayout.address(BucketLayout.slotWordAt(BucketLayout.slotAddress(bucket, slot)));
                    if (bit == ALL || (table.hashOf(entry) & bit) != 0) {
                        moving[count++] = entry;
                    }
                }
            }
        }
    }

    private boolean isMoving(long entry) {
        for (int index = 0; index < count; index++) {
            if (moving[index] == entry) {
                return true;
            }
        }
        return false;
    }
}
