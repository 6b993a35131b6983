package dev.zmalloc.table;

import org.jspecify.annotations.Nullable;

/**
 * Finds a slot of a {@link HashTable} by what a policy remembers of it, which is never an address: a hash, and
 * something that tells the slot from those that had the same key before. Where no slot fits, the entry is gone, and
 * what was remembered is stale.
 *
 * <p>Used under the table's lock; what was found is good until the table changes.
 */
public final class SlotCursor {
    private final HashTable table;
    private int index;
    private long slotAddress;
    private long entry;
    private int access;

    /** Makes a cursor that stands nowhere. */
    public SlotCursor(HashTable table) {
        this.table = table;
    }

    /**
     * Finds the entry of a key with such an access field.
     *
     * @param hash of the key
     * @param hashMask the bits of it that are known: those of the bucket and of the fingerprint among them
     * @param tag the access field
     * @param tagMask the bits of it that must fit
     * @return whether there is one
     */
    public boolean findTagged(long hash, long hashMask, int tag, int tagMask) {
        return find(hash, hashMask, tag, tagMask, EntryLayout.NO_PLACE);
    }

    /**
     * Finds the entry that expires and holds this place.
     *
     * @param hash of its key
     * @param place not {@link EntryLayout#NO_PLACE}
     * @return whether there is one
     */
    public boolean findPlaced(long hash, int place) {
        return find(hash, 0, 0, 0, place);
    }

    /** Finds the entry of a key or, if that is {@code null}, of the key of the entry {@code like}. */
    public boolean findKey(long hash, @Nullable Object key, int bytes, long like) {
        slotAddress = table.findSlot(hash, key, bytes, like);
        if (slotAddress == 0) {
            return false;
        }
        long slotWord = BucketLayout.slotWordAt(slotAddress);
        index = HashTable.index(hash, table.bucketCount());
        entry = BucketLayout.address(slotWord);
        access = BucketLayout.accessOf(slotWord);
        return true;
    }

    private boolean find(long hash, long hashMask, int tag, int tagMask, int place) {
        int count = table.bucketCount();
        if (count == 0) {
            return false;
        }
        index = HashTable.index(hash, count);
        for (long bucket = table.bucket(index); bucket != 0; bucket = BucketLayout.child(bucket)) {
            long word = BucketLayout.word(bucket);
            for (long bits = BucketLayout.candidates(word, hash); bits != 0; bits &= bits - 1) {
                int slot = BucketLayout.slotOf(bits);
                if (BucketLayout.holdsEntry(word, slot)) {
                    slotAddress = BucketLayout.slotAddress(bucket, slot);
                    long slotWord = BucketLayout.slotWordAt(slotAddress);
                    entry = BucketLayout.address(slotWord);
                    access = BucketLayout.accessOf(slotWord);
                    boolean fits = place == EntryLayout.NO_PLACE
                            ? ((access ^ tag) & tagMask) == 0 && ((table.hashOf(entry) ^ hash) & hashMask) == 0
                            : BucketLayout.expires(slotWord) && EntryLayout.place(entry) == place;
                    if (fits) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    /** The entry that was found. */
    public long entry() {
        return entry;
    }

    /** Its chain's index. */
    public int bucketIndex() {
        return index;
    }

    /** Its access field, as it was then. */
    public int access() {
        return access;
    }

    /** Sets its access field. */
    public void setAccess(int value) {
        BucketLayout.setAccess(slotAddress, value);
    }

    /** Whether its key is protected from eviction. */
    public boolean isProtected() {
        return BucketLayout.isProtected(BucketLayout.slotWordAt(slotAddress));
    }

    /** Protects its key from eviction, or ends that. */
    public void setProtected(boolean on) {
        BucketLayout.setSlotWord(slotAddress, BucketLayout.withProtection(BucketLayout.slotWordAt(slotAddress), on));
    }

    /** Takes the entry out of the table. The caller owns it then, and retires it. */
    public void remove() {
        table.remove(index, slotAddress);
    }
}
