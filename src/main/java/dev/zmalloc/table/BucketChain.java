package dev.zmalloc.table;

import static dev.zmalloc.table.BucketLayout.BUCKET_BYTES;
import static dev.zmalloc.table.BucketLayout.CHAINED_BIT;
import static dev.zmalloc.table.BucketLayout.CHILD_SLOT;
import static dev.zmalloc.table.BucketLayout.PRESENCE_MASK;

import dev.zmalloc.ffi.Memory;

/**
 * A bucket and its children, as one list of entries.
 *
 * <p>Invariants: every bucket but the last is full (six entries and the child's address); a child holds two entries at
 * least. So a chain of {@code n} entries always has {@code max(0, (n - 2) / 6)} children, and splitting one chain in
 * two never needs more children than it had.
 *
 * <p>Nothing here takes or frees memory: who appends brings the child that may be needed, who removes gets back the
 * child that is not.
 */
final class BucketChain {
    private BucketChain() {}

    /** The number of children that a chain of {@code entries} has. */
    static int children(int entries) {
        return entries < BucketLayout.SLOTS + 1 ? 0 : (entries - 2) / CHILD_SLOT;
    }

    static long last(long head) {
        long bucket = head;
        while (BucketLayout.isChained(BucketLayout.word(bucket))) {
            bucket = BucketLayout.child(bucket);
        }
        return bucket;
    }

    static int entryCount(long head) {
        int count = 0;
        for (long bucket = head; ; bucket = BucketLayout.child(bucket)) {
            long word = BucketLayout.word(bucket);
            count += Integer.bitCount(BucketLayout.presence(word));
            if (!BucketLayout.isChained(word)) {
                return count;
            }
        }
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
            BucketLayout.set(bucket, Integer.numberOfTrailingZeros(~presence), fingerprint, slotWord);
            return;
        }
        long displaced = BucketLayout.slotWordAt(BucketLayout.slotAddress(bucket, CHILD_SLOT));
        Memory.fill(child, BUCKET_BYTES, (byte) 0);
        BucketLayout.set(child, 0, BucketLayout.fingerprint(word, CHILD_SLOT), displaced);
        BucketLayout.set(child, 1, fingerprint, slotWord);
        BucketLayout.clear(bucket, CHILD_SLOT);
        Memory.putLong(BucketLayout.slotAddress(bucket, CHILD_SLOT), child);
        Memory.putLong(bucket, BucketLayout.word(bucket) | CHAINED_BIT);
    }

    /**
     * Removes the entry in a slot of {@code bucket}, which is part of the chain of {@code head}. The chain's last entry
     * moves into the slot.
     *
     * @return the child that left the chain, which the caller owns now, or 0
     */
    static long remove(long head, long bucket, int slot) {
        long parent = 0;
        long last = head;
        while (BucketLayout.isChained(BucketLayout.word(last))) {
            parent = last;
            last = BucketLayout.child(last);
        }
        long word = BucketLayout.word(last);
        int moved = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(BucketLayout.presence(word));
        BucketLayout.clear(last, moved);
        if (last != bucket || moved != slot) {
            BucketLayout.set(
                    bucket,
                    slot,
                    BucketLayout.fingerprint(word, moved),
                    BucketLayout.slotWordAt(BucketLayout.slotAddress(last, moved)));
        }
        return parent != 0 && BucketLayout.presence(word) == 0b11 ? fold(parent, last) : 0;
    }

    /** Takes the one entry left in {@code child} back into its parent. */
    private static long fold(long parent, long child) {
        long word = BucketLayout.word(child);
        int slot = Integer.numberOfTrailingZeros(BucketLayout.presence(word));
        long slotWord = BucketLayout.slotWordAt(BucketLayout.slotAddress(child, slot));
        Memory.putLong(parent, BucketLayout.word(parent) & ~CHAINED_BIT);
        BucketLayout.set(parent, CHILD_SLOT, BucketLayout.fingerprint(word, slot), slotWord);
        return child;
    }
}
