package dev.zmalloc.table;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ffi.Memory;
import org.jspecify.annotations.Nullable;

/**
 * A hash table in native memory: keys to entries of {@link EntryLayout}, in buckets of {@link BucketLayout}.
 *
 * <p>The table owns its buckets. Entries are handed in and out by address: an entry belongs to the table from
 * {@link #put} until {@link #put}, {@link #remove} or {@link #removeIfUnchanged} hands it back, or {@link #close} frees
 * it. Everything is charged to one {@link MemoryAccount}.
 *
 * <p>Not thread-safe: the caller holds one lock around each call, and around the use of a slot's address. Nothing is
 * logged, and no code but this package's runs.
 */
public final class HashTable {
    /*
     * Growth. Linear hashing (Litwin, VLDB 1980): the table grows by one bucket at a time, which takes the half of
     * another's entries that the next bit of the hash sends there. With 2^level <= buckets < 2^(level + 1), bucket i
     * and i + 2^level share what the unsplit bucket i held, and buckets are split in the order of their index. An
     * insertion does at most two splits, so that no operation works, or takes memory, in proportion to the table, and
     * the fill stays even, which doubling does not manage.
     *
     *   index   0 ..... split-1     split ..... 2^level-1     2^level ..... buckets-1
     *         +------------------+--------------------------+------------------------+
     *         | split: by        | not yet: by the lower    | the other halves of    |
     *         | level+1 bits     | level bits               | the first part         |
     *         +------------------+--------------------------+------------------------+
     *
     * Memory for growth is asked of the account, and a refusal is no error: the chains get longer until there is room
     * again. Shrinking is the reverse. It takes no memory, since a merge waits until both buckets fit into one without
     * a child.
     */

    /** Answered by {@link #put} in place of an address: no entry was replaced. */
    public static final long INSERTED = 0;

    /**
     * Entries per bucket above which the table grows: five of seven slots. Fuller saves little and makes chains common.
     */
    private static final int GROW_ENTRIES_PER_BUCKET = 5;

    /**
     * Entries per bucket at which lacking growth is worth an eviction: 1.6 times the former, the bound of Redis' dict.
     */
    private static final int CROWDED_ENTRIES_PER_BUCKET = 8;

    /**
     * Entries per bucket below which the table shrinks: far from growing, so that it does not swing between the two.
     */
    private static final int SHRINK_ENTRIES_PER_BUCKET = 2;

    /** Splits that one insertion does at most: two, so that what was put off is caught up with. */
    private static final int SPLITS_PER_INSERTION = 2;

    /**
     * Merges that one removal does at most. A merge waits while two buckets hold too much for one, and what it held up
     * has to be caught up with by the few removals that may be left.
     */
    private static final int MERGES_PER_REMOVAL = 8;

    private final MemoryAccount account;
    private final SipHash hash;
    private final Directory directory;
    private int buckets = Directory.BUCKETS_PER_CHUNK;
    private int level = Integer.numberOfTrailingZeros(Directory.BUCKETS_PER_CHUNK);
    private long entries;
    private long children;

    private HashTable(MemoryAccount account, SipHash hash, Directory directory) {
        this.account = account;
        this.hash = hash;
        this.directory = directory;
    }

    /**
     * Opens an empty table.
     *
     * @param account pays for the buckets; entries come from it too
     * @param hash tells the hash of a key; the same that callers pass to the other methods
     * @return the table, or {@code null} if there is no memory for its first buckets
     */
    public static @Nullable HashTable tryOpen(MemoryAccount account, SipHash hash) {
        Directory directory = Directory.tryOpen(account);
        if (directory == null) {
            return null;
        }
        if (!directory.tryAddChunk()) {
            directory.close();
            return null;
        }
        return new HashTable(account, hash, directory);
    }

    /** The most bytes that an empty table takes. */
    public static long initialBytesBound() {
        return Directory.initialBytesBound();
    }

    /** The most bytes that {@link #put} may need beyond the entry itself. */
    public static long insertionBytesBound() {
        return RawZMalloc.usableBytesBound(BucketLayout.BUCKET_BYTES);
    }

    /** The most bytes that the table takes when it grows by one step. */
    public static long growthBytesBound() {
        return Directory.growthBytesBound();
    }

    /** The number of entries. */
    public long size() {
        return entries;
    }

    /** The number of bucket chains. */
    public int bucketCount() {
        return buckets;
    }

    /** Tells whether so many entries share the buckets that it would be worth an eviction to let the table grow. */
    public boolean isCrowded() {
        return entries > (long) buckets * CROWDED_ENTRIES_PER_BUCKET && buckets < Directory.MAX_BUCKETS;
    }

    /**
     * Finds the slot of a key.
     *
     * @return the slot's address, valid until the table changes; 0 if the key is not there
     */
    public long find(long keyHash, byte[] key) {
        return find(keyHash, key, 0);
    }

    /** The entry in a slot. It still belongs to the table. */
    public static long entry(long slotAddress) {
        return BucketLayout.entry(slotAddress);
    }

    /** The access field of a slot: 16 bits that the eviction policy gives a meaning. */
    public static int access(long slotAddress) {
        return BucketLayout.access(slotAddress);
    }

    /** Sets the access field of a slot. */
    public static void setAccess(long slotAddress, int access) {
        BucketLayout.setAccess(slotAddress, access);
    }

    /**
     * Puts {@code entry} under the key that it holds. The table owns it then, and the caller the entry that it
     * replaced.
     *
     * @param access the access field of its slot
     * @return {@link #INSERTED}, the address of the entry that was replaced, or {@link MemoryAccount#OVER_LIMIT} or
     *     {@link MemoryAccount#NO_MEMORY}; with the last two nothing changed and {@code entry} is still the caller's
     */
    public long put(long keyHash, long entry, int access) {
        long slotWord = BucketLayout.slotWord(entry, access);
        long slotAddress = find(keyHash, null, entry);
        if (slotAddress != 0) {
            long replaced = BucketLayout.entry(slotAddress);
            BucketLayout.setSlotWord(slotAddress, slotWord);
            return replaced;
        }
        long head = directory.bucket(index(keyHash));
        long child = 0;
        if (BucketChain.isFull(head)) {
            child = account.tryAllocate(BucketLayout.BUCKET_BYTES);
            if (!MemoryAccount.isAddress(child)) {
                return child;
            }
            children++;
        }
        BucketChain.append(head, BucketLayout.fingerprint(keyHash), slotWord, child);
        entries++;
        grow();
        return INSERTED;
    }

    /**
     * Takes out the entry of a key. The caller owns it then.
     *
     * @return its address; 0 if the key is not there
     */
    public long remove(long keyHash, byte[] key) {
        long slotAddress = find(keyHash, key, 0);
        return slotAddress == 0 ? 0 : remove(index(keyHash), slotAddress);
    }

    /**
     * Takes out an entry that was seen earlier at a bucket's index. The caller owns it then. The address is compared
     * and never followed, so that it may be one that was freed meanwhile.
     *
     * @param bucketIndex the index at which {@link #sample} found it
     * @param entry its address then
     * @param access its access field then; -1 for any
     * @return whether it was there, unchanged, and was taken out
     */
    public boolean removeIfUnchanged(int bucketIndex, long entry, int access) {
        if (bucketIndex >= buckets) {
            return false;
        }
        for (long bucket = directory.bucket(bucketIndex); ; bucket = BucketLayout.child(bucket)) {
            long word = BucketLayout.word(bucket);
            for (int slot = 0; slot < BucketLayout.SLOTS; slot++) {
                long slotAddress = BucketLayout.slotAddress(bucket, slot);
                if (BucketLayout.holdsEntry(word, slot) && BucketLayout.entry(slotAddress) == entry) {
                    if (access >= 0 && BucketLayout.access(slotAddress) != access) {
                        return false;
                    }
                    remove(bucketIndex, slotAddress);
                    return true;
                }
            }
            if (!BucketLayout.isChained(word)) {
                return false;
            }
        }
    }

    /**
     * Shows every entry of one bucket chain, which is a fair sample: the hash has spread the keys.
     *
     * @param bucketIndex below {@link #bucketCount}
     * @return the number of entries shown
     */
    public int sample(int bucketIndex, EntryVisitor visitor) {
        int shown = 0;
        for (long bucket = directory.bucket(bucketIndex); ; bucket = BucketLayout.child(bucket)) {
            long word = BucketLayout.word(bucket);
            for (int slot = 0; slot < BucketLayout.SLOTS; slot++) {
                if (BucketLayout.holdsEntry(word, slot)) {
                    long slotAddress = BucketLayout.slotAddress(bucket, slot);
                    visitor.visit(BucketLayout.entry(slotAddress), bucketIndex, BucketLayout.access(slotAddress));
                    shown++;
                }
            }
            if (!BucketLayout.isChained(word)) {
                return shown;
            }
        }
    }

    /**
     * Takes out every entry, handing each to {@code owner}, which owns it then, and shrinks the table to its first
     * size.
     */
    public void clear(EntryOwner owner) {
        for (int index = buckets - 1; index >= 0; index--) {
            clearChain(index, owner);
        }
        buckets = Directory.BUCKETS_PER_CHUNK;
        level = Integer.numberOfTrailingZeros(buckets);
        while (directory.bucketCapacity() > buckets) {
            directory.removeChunk();
        }
        assert entries == 0 && children == 0 : entries + " entries, " + children + " children";
    }

    /** Like {@link #clear}, and frees the buckets. The table must not be used again. */
    public void close(EntryOwner owner) {
        clear(owner);
        directory.close();
    }

    long children() {
        return children;
    }

    Directory directory() {
        return directory;
    }

    /** The index of the chain that a hash selects. */
    int index(long keyHash) {
        int index = (int) keyHash & ((2 << level) - 1);
        return index < buckets ? index : index - (1 << level);
    }

    /** Finds a key given as an array, or, if there is none, the key of the entry {@code like}. */
    private long find(long keyHash, byte @Nullable [] key, long like) {
        for (long bucket = directory.bucket(index(keyHash)); ; bucket = BucketLayout.child(bucket)) {
            long word = BucketLayout.word(bucket);
            for (long bits = BucketLayout.candidates(word, keyHash); bits != 0; bits &= bits - 1) {
                int slot = BucketLayout.slotOf(bits);
                long slotAddress = BucketLayout.slotAddress(bucket, slot);
                if (BucketLayout.holdsEntry(word, slot)) {
                    long entry = BucketLayout.entry(slotAddress);
                    if (key != null ? EntryLayout.hasKey(entry, key) : EntryLayout.sameKey(entry, like)) {
                        return slotAddress;
                    }
                }
            }
            if (!BucketLayout.isChained(word)) {
                return 0;
            }
        }
    }

    private long remove(int index, long slotAddress) {
        long head = directory.bucket(index);
        long bucket = head;
        while (slotAddress < bucket || slotAddress >= bucket + BucketLayout.BUCKET_BYTES) {
            bucket = BucketLayout.child(bucket);
        }
        long entry = BucketLayout.entry(slotAddress);
        int slot = (int) (slotAddress - BucketLayout.slotAddress(bucket, 0)) / Long.BYTES;
        freeChild(BucketChain.remove(head, bucket, slot));
        entries--;
        shrink();
        return entry;
    }

    private void clearChain(int index, EntryOwner owner) {
        long head = directory.bucket(index);
        for (int slot = firstEntry(head); slot >= 0; slot = firstEntry(head)) {
            long entry = BucketLayout.entry(BucketLayout.slotAddress(head, slot));
            freeChild(BucketChain.remove(head, head, slot));
            entries--;
            owner.own(entry);
        }
    }

    private static int firstEntry(long bucket) {
        int presence = BucketLayout.presence(BucketLayout.word(bucket));
        return presence == 0 ? -1 : Integer.numberOfTrailingZeros(presence);
    }

    private void freeChild(long child) {
        if (child != 0) {
            account.free(child, BucketLayout.BUCKET_BYTES);
            children--;
        }
    }

    private void grow() {
        for (int splits = 0; splits < SPLITS_PER_INSERTION; splits++) {
            if (entries <= (long) buckets * GROW_ENTRIES_PER_BUCKET) {
                return;
            }
            if (buckets == directory.bucketCapacity() && !directory.tryAddChunk()) {
                return;
            }
            split();
        }
    }

    /**
     * Adds one bucket, and moves there what belongs there. Children that the source gives up are kept as spares, linked
     * through their first word, until the target has what it needs: {@link BucketChain} tells why they suffice.
     */
    private void split() {
        int bit = 1 << level;
        long source = directory.bucket(buckets - bit);
        long target = directory.bucket(buckets);
        buckets++;
        if (buckets == 2 << level) {
            level++;
        }
        long spares = 0;
        long bucket = source;
        int slot = 0;
        while (bucket != 0) {
            slot = firstMoving(bucket, slot, bit);
            if (slot == BucketLayout.SLOTS) {
                bucket = BucketLayout.isChained(BucketLayout.word(bucket)) ? BucketLayout.child(bucket) : 0;
                slot = 0;
                continue;
            }
            int fingerprint = BucketLayout.fingerprint(BucketLayout.word(bucket), slot);
            long slotWord = BucketLayout.slotWordAt(BucketLayout.slotAddress(bucket, slot));
            long freed = BucketChain.remove(source, bucket, slot);
            if (freed != 0) {
                Memory.putLong(freed, spares);
                spares = freed;
            }
            long child = 0;
            if (BucketChain.isFull(target)) {
                child = spares;
                spares = Memory.getLong(child);
            }
            BucketChain.append(target, fingerprint, slotWord, child);
            if (freed == bucket) {
                // Its last entry went to its parent, which was searched already.
                bucket = source;
                slot = 0;
            }
        }
        while (spares != 0) {
            long spare = spares;
            spares = Memory.getLong(spare);
            freeChild(spare);
        }
    }

    /**
     * The first slot from {@code slot} whose entry has {@code bit} in its hash; {@link BucketLayout#SLOTS} if there is
     * none.
     */
    private int firstMoving(long bucket, int slot, int bit) {
        long word = BucketLayout.word(bucket);
        for (int next = slot; next < BucketLayout.SLOTS; next++) {
            if (BucketLayout.holdsEntry(word, next)) {
                long entry = BucketLayout.entry(BucketLayout.slotAddress(bucket, next));
                if ((hash.hash(EntryLayout.keyAddress(entry), EntryLayout.keyBytes(entry)) & bit) != 0) {
                    return next;
                }
            }
        }
        return BucketLayout.SLOTS;
    }

    private void shrink() {
        for (int merges = 0; merges < MERGES_PER_REMOVAL; merges++) {
            boolean sparse = entries < (long) buckets * SHRINK_ENTRIES_PER_BUCKET;
            if (buckets == Directory.BUCKETS_PER_CHUNK || !sparse || !tryMerge()) {
                return;
            }
        }
    }

    /**
     * Merges the last bucket into the one it was split from, unless they hold more than fits into one without a child.
     */
    private boolean tryMerge() {
        int last = buckets - 1;
        int half = Integer.highestOneBit(last);
        long source = directory.bucket(last);
        long target = directory.bucket(last - half);
        if (BucketChain.entryCount(source) + BucketChain.entryCount(target) > BucketLayout.SLOTS) {
            return false;
        }
        for (int slot = firstEntry(source); slot >= 0; slot = firstEntry(source)) {
            int fingerprint = BucketLayout.fingerprint(BucketLayout.word(source), slot);
            long slotWord = BucketLayout.slotWordAt(BucketLayout.slotAddress(source, slot));
            BucketChain.append(target, fingerprint, slotWord, 0);
            BucketLayout.clear(source, slot);
        }
        buckets = last;
        level = Integer.numberOfTrailingZeros(half);
        if (directory.bucketCapacity() - buckets >= Directory.BUCKETS_PER_CHUNK) {
            directory.removeChunk();
        }
        return true;
    }
}
