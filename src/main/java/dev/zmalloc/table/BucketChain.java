package dev.zmalloc.table;

import static dev.zmalloc.table.BucketLayout.BUCKET_BYTES;
import static dev.zmalloc.table.BucketLayout.CHILD_SLOT;
import static dev.zmalloc.table.BucketLayout.PRESENCE_MASK;

import dev.zmalloc.ffi.Memory;

/**
 * A bucket and its children, as one list of entries.
 *
 * <p>Invariants: every bucket but the last is full (six entries and the child's address); a child holds two entries at
 * least. So a chain of {@code n} entries always has {@code max(0, (n - 2) / 6)} children.
 *
 * <p>Nothing here takes or frees memory: who appends brings the child that may be needed, who removes gets back the
 * child that is not. Callers hold the stripe's lock; readers pass through meanwhile. What they rely on: an entry that
 * stays in the chain can be found after each single store, and if one was moved past a reader, the table's version has
 * changed by the time that the reader can miss it ({@link HashTable}).
 */
final class BucketChain {
    private BucketChain() {}

    /** The number of children that a chain of {@code entries} has. */
    static int children(int entries) {
        return entries < BucketLayout.SLOTS + 1 ? 0 : (entries - 2) / CHILD_SLOT;
    }

    private static long last(long head) {
        long bucket = head;
        for (long child = BucketLayout.child(bucket); child != 0; child = BucketLayout.child(bucket)) {
            bucket = child;
        }
        return bucket;
    }

    static int entryCount(long head) {
        int count = 0;
        for (long bucket = head; bucket != 0; bucket = BucketLayout.child(bucket)) {
            count += Integer.bitCount(BucketLayout.presence(BucketLayout.word(bucket)));
        }
        return count;
    }

    /** Tells whether the next {@link #append} needs a child. */
    static boolean isFull(long head) {
        return BucketLayout.presence(BucketLayout.word(last(head))) == PRESENCE_MASK;
    }

    /**
     * Adds an entry. If the chain {@link #isFull}, {@code child} becomes part of it: a block of one bucket, its content
     * undefined.
     */
    static void append(long head, int fingerprint, long slotWord, long child) {
        long bucket = last(head);
        long word = BucketLayout.word(bucket);
        int presence = BucketLayout.presence(word);
        if (presence != PRESENCE_MASK) {
            int slot = Integer.numberOfTrailingZeros(~presence);
            BucketLayout.setSlotWord(BucketLayout.slotAddress(bucket, slot), slotWord);
            assert WriterSteps.reached("append: slot");
            BucketLayout.setWord(bucket, BucketLayout.withEntry(word, slot, fingerprint));
            assert WriterSteps.reached("append: word");
            return;
        }
        long displaced = BucketLayout.slotWordAt(BucketLayout.slotAddress(bucket, CHILD_SLOT));
        Memory.fill(child, BUCKET_BYTES, (byte) 0);
        BucketLayout.set(child, 0, BucketLayout.fingerprint(word, CHILD_SLOT), displaced);
        BucketLayout.set(child, 1, fingerprint, slotWord);
        assert WriterSteps.reached("append: child filled");
        // One store, after which the displaced entry is found in the child. Who still sees its bit sees no entry there.
        BucketLayout.setSlotWord(BucketLayout.slotAddress(bucket, CHILD_SLOT), BucketLayout.childWord(child));
        assert WriterSteps.reached("append: child linked");
        BucketLayout.clear(bucket, CHILD_SLOT);
        assert WriterSteps.reached("append: slot cleared");
    }

    /**
     * Removes the entry in a slot of {@code bucket}, which is part of the chain of {@code head}. The chain's last entry
     * moves into the slot.
     *
     * @param table whose version changes when an entry is moved
     * @return the child that left the chain, which the caller retires, or 0
     */
    static long remove(HashTable table, long head, long bucket, int slot) {
        long parent = 0;
        long last = head;
        for (long child = BucketLayout.child(last); child != 0; child = BucketLayout.child(last)) {
            parent = last;
            last = child;
        }
        long word = BucketLayout.word(last);
        int moved = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(BucketLayout.presence(word));
        boolean fillsHole = last != bucket || moved != slot;
        if (fillsHole) {
            // The slot first: from then on the removed entry is gone, and the moved one is in both places.
            long movedWord = BucketLayout.slotWordAt(BucketLayout.slotAddress(last, moved));
            BucketLayout.setSlotWord(BucketLayout.slotAddress(bucket, slot), movedWord);
            assert WriterSteps.reached("remove: moved");
            BucketLayout.setWord(
                    bucket,
                    BucketLayout.withEntry(BucketLayout.word(bucket), slot, BucketLayout.fingerprint(word, moved)));
            assert WriterSteps.reached("remove: moved word");
        }
        if (parent != 0 && BucketLayout.presence(word) == 0b11) {
            fold(table, parent, last);
            return last;
        }
        if (fillsHole) {
            table.moved();
            assert WriterSteps.reached("remove: version");
        }
        BucketLayout.clear(last, moved);
        assert WriterSteps.reached("remove: cleared");
        return 0;
    }

    /** Takes the one entry that is to stay of {@code child}, in slot 0, back into its parent. */
    private static void fold(HashTable table, long parent, long child) {
        int fingerprint = BucketLayout.fingerprint(BucketLayout.word(child), 0);
        long slotWord = BucketLayout.slotWordAt(BucketLayout.slotAddress(child, 0));
        // The bit is set while the slot still is a child, where readers pass on.
        BucketLayout.setWord(parent, BucketLayout.withEntry(BucketLayout.word(parent), CHILD_SLOT, fingerprint));
        assert WriterSteps.reached("fold: word");
        table.moved();
        assert WriterSteps.reached("fold: version");
        BucketLayout.setSlotWord(BucketLayout.slotAddress(parent, CHILD_SLOT), slotWord);
        assert WriterSteps.reached("fold: unlinked");
    }

    /**
     * Hands the entries of a chain that no reader is in to {@code owner}, and frees its children.
     *
     * @return the number of entries
     */
    static int free(HashTable table, long head, EntryOwner owner) {
        int entries = 0;
        long bucket = head;
        while (bucket != 0) {
            long word = BucketLayout.word(bucket);
            long child = BucketLayout.child(bucket);
            for (int slot = 0; slot < BucketLayout.SLOTS; slot++) {
                if (BucketLayout.holdsEntry(word, slot)) {
                    entries++;
                    owner.own(BucketLayout.address(BucketLayout.slotWordAt(BucketLayout.slotAddress(bucket, slot))));
                }
            }
            if (bucket != head) {
                table.freeChild(bucket);
            }
            bucket = child;
        }
        return entries;
    }
}
