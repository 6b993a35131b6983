package dev.zmalloc.table;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ffi.ByteRange;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A hash table in native memory: keys to entries of {@link EntryLayout}, in buckets of {@link BucketLayout}.
 *
 * <p>The table owns its buckets. Entries are handed in and out by address: an entry belongs to the table from
 * {@link #put} until {@link #put}, {@link #remove}, {@link #removeIfUnchanged} or {@link #drain} hands it back. What is
 * handed back may still be in the hands of readers: the caller retires it. Everything is charged to one
 * {@link MemoryAccount}. An empty table takes nothing; its first insertion takes its first buckets.
 *
 * <p>Changes are made by one thread at a time, under the lock of the caller's stripe. {@link #find} and
 * {@link ChainWalk}'s samples take no lock and never wait: they run within an epoch of {@link ReaderEpochs}, while
 * anything changes.
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
     * again. Shrinking is the reverse. In a removal it takes no memory, since a merge waits until both buckets fit
     * into one without a child.
     *
     * Reading while that goes on. An entry that stays in the table can be found at every moment, in its old place or in
     * its new one: it is copied first, then the version is counted up, then the old place is cleared. A reader may look
     * at the new place too early and at the old one too late, and miss it; then it sees another version than it began
     * with, and looks again. The argument, for each move: the store that clears is a release and was seen by an
     * acquire, so the version counted up before it is seen too. The bucket count is published like the clearing of an
     * old place, after the copies, and read after the version. A writer that stands still anywhere does not keep a
     * reader: the version stands still with it, and every entry is in at least one place.
     */

    /** Values of an access field. */
    public static final int ACCESS_MASK = 0xFFFF;

    /**
     * Set in what the access field becomes where a reader is to store its low byte alone: what the lock's holder writes
     * to the other byte meanwhile is then safe from a store that comes late.
     */
    public static final int LOW_BYTE_ONLY = 1 << 16;

    /** For {@link #removeIfUnchanged}: whatever the access field is, and even if the key is protected from eviction. */
    public static final int EVEN_PROTECTED = -3;

    /** Answered by {@link #put} in place of an address: no entry was replaced. */
    public static final long INSERTED = 0;

    /** Answered by {@link #put}: the key was, or was not, as the caller wanted it. */
    public static final long REFUSED = -3;

    /** For {@link #put}: whatever is under the key now, if anything, is replaced. */
    public static final long ANY = -1;

    /** For {@link #put}: the key must not be there. */
    public static final long ABSENT = 0;

    /**
     * Entries per bucket above which the table grows, of seven slots. At a million entries the table takes 14.1 bytes
     * an entry then (HashTableTest prints it), and took 15.3 with five; fuller ones have longer chains.
     */
    static final int GROW_ENTRIES_PER_BUCKET = 6;

    /** Entries per bucket at which lacking growth is worth an eviction: 1.5 times the former, like Redis' dict. */
    private static final int CROWDED_ENTRIES_PER_BUCKET = 9;

    /** Entries per bucket below which the table shrinks: far from growing, so as not to swing between the two. */
    private static final int SHRINK_ENTRIES_PER_BUCKET = 2;

    /** Splits that one insertion does at most: two, so that what was put off is caught up with. */
    private static final int SPLITS_PER_INSERTION = 2;

    /** Merges that one removal does at most: one that waited for room is caught up with by the few that may be left. */
    private static final int MERGES_PER_REMOVAL = 8;

    private static final VarHandle BUCKETS_HANDLE;
    private static final VarHandle VERSION_HANDLE;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            BUCKETS_HANDLE = lookup.findVarHandle(HashTable.class, "buckets", int.class);
            VERSION_HANDLE = lookup.findVarHandle(HashTable.class, "version", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final MemoryAccount account;
    private final KeyHash hash;
    private final RetiredBlocks retired;

    /** Set before the first bucket count is published, and read after it; the root likewise, for readers. */
    private @Nullable Directory directory;

    private long root;

    /** Bucket chains; 0 before the first insertion. Published by release. */
    private int buckets;

    /** Counted up between the copy of an entry to a new place and the clearing of its old one. */
    private int version;

    private long lastWord;
    private long merges;

    private final OwnedCount entries = new OwnedCount();
    private final OwnedCount children = new OwnedCount();
    private final BucketSplit split;

    /**
     * Makes an empty table, which takes nothing.
     *
     * @param account pays for the buckets; entries come from it too
     * @param hash tells the hash of a key; the same that callers pass to the other methods
     * @param retired takes over buckets that readers may still be in
     */
    public HashTable(MemoryAccount account, KeyHash hash, RetiredBlocks retired) {
        this.account = account;
        this.hash = hash;
        this.retired = retired;
        split = new BucketSplit(this);
    }

    /** The most bytes that the first insertion takes beyond the entry itself. */
    public static long initialBytesBound() {
        return Directory.initialBytesBound();
    }

    /** The most bytes that {@link #put} may need now beyond the entry itself. */
    public long insertionBytesBound() {
        return buckets == 0 ? initialBytesBound() : RawZMalloc.usableBytesBound(BucketLayout.BUCKET_BYTES);
    }

    /** The most bytes that the table takes when it grows by one step. */
    public static long growthBytesBound() {
        return Directory.growthBytesBound();
    }

    /**
     * The most blocks that a removal or a replacing insertion retires: chunks, leaves, children. Merges that may take
     * memory see to more by themselves.
     */
    public static int retirementsBound() {
        return 3 * MERGES_PER_REMOVAL + 2;
    }

    /** The number of entries. Any thread. */
    public long size() {
        return entries.get();
    }

    /**
     * The access field of the entry that was removed last, or of the one that replaced another last, whichever was
     * later. Under the lock.
     */
    public int lastAccess() {
        return BucketLayout.accessOf(lastWord);
    }

    /** Whether the entry of {@link #lastAccess}, or the one in its place, expires. Known without looking at it. */
    public boolean lastExpires() {
        return BucketLayout.expires(lastWord);
    }

    /** Whether the key of the entry of {@link #lastAccess} is, or was, protected from eviction. */
    public boolean lastIsProtected() {
        return BucketLayout.isProtected(lastWord);
    }

    /**
     * How many times a bucket was merged into one before it: who walks through the chains in their order has missed
     * none of the entries that stayed, if that did not change meanwhile. Under the lock.
     */
    public long merges() {
        return merges;
    }

    /** The number of bucket chains. Any thread. */
    public int bucketCount() {
        return (int) BUCKETS_HANDLE.getAcquire(this);
    }

    /** Tells whether so many entries share the buckets that it would be worth an eviction to let the table grow. */
    public boolean isCrowded() {
        int count = bucketCount();
        return size() > (long) count * CROWDED_ENTRIES_PER_BUCKET && count < Directory.MAX_BUCKETS;
    }

    /**
     * Finds the entry of a key, and marks it as used. Within an epoch, without a lock.
     *
     * @param key see {@link ByteRange}
     * @param use tells what its slot's access field becomes, by what it was; {@code null} to leave it. It must be fast
     *     and do nothing else
     * @return the entry, which stays readable until the caller's epoch ends; 0 if the key is not there
     */
    public long find(long keyHash, Object key, int bytes, @Nullable IntUnaryOperator use) {
        while (true) {
            int before = (int) VERSION_HANDLE.getAcquire(this);
            int count = (int) BUCKETS_HANDLE.getAcquire(this);
            if (count == 0) {
                return 0;
            }
            long bucket = bucket(index(keyHash, count));
            do {
                long word = BucketLayout.word(bucket);
                // Once: between two loads a fold could turn a child, passed over, into the entry that was in it.
                long last = BucketLayout.slotWordAt(BucketLayout.slotAddress(bucket, BucketLayout.CHILD_SLOT));
                for (long bits = BucketLayout.candidates(word, keyHash); bits != 0; bits &= bits - 1) {
                    int slot = BucketLayout.slotOf(bits);
                    long slotAddress = BucketLayout.slotAddress(bucket, slot);
                    long slotWord = slot == BucketLayout.CHILD_SLOT ? last : BucketLayout.slotWordAt(slotAddress);
                    if (BucketLayout.holdsEntry(word, slot) && !BucketLayout.isChild(slotWord)) {
                        long entry = BucketLayout.address(slotWord);
                        if (EntryLayout.hasKey(entry, key, bytes)) {
                            if (use != null) {
                                use(slotAddress, BucketLayout.accessOf(slotWord), use);
                            }
                            return entry;
                        }
                    }
                }
                bucket = BucketLayout.isChild(last) ? BucketLayout.address(last) : 0;
            } while (bucket != 0);
            // The loads above are acquires, so this one comes after them.
            if ((int) VERSION_HANDLE.getAcquire(this) == before) {
                return 0;
            }
            Thread.onSpinWait();
        }
    }

    static void use(long slotAddress, int access, IntUnaryOperator use) {
        int used = use.applyAsInt(access);
        if ((used & ACCESS_MASK) != access) {
            BucketLayout.setAccess(slotAddress, used);
        }
    }

    /** The entry of the key that {@code like} has, or 0. Under the lock. */
    public long getLike(long keyHash, long like) {
        long slotAddress = findSlot(keyHash, null, 0, like);
        return slotAddress == 0 ? 0 : BucketLayout.address(BucketLayout.slotWordAt(slotAddress));
    }

    /**
     * Puts {@code entry} under the key that it holds. The table owns it then, and the caller the entry that it
     * replaced, which readers may still hold.
     *
     * @param access the access field of its slot, if the key was not there
     * @param use tells what the access field becomes if it was; {@code null} for {@code access}
     * @param expected {@link #ANY}, {@link #ABSENT}, or the entry that must be there
     * @param keepsLast whether to keep the {@link #lastAccess} of what was replaced: a line that each put writes
     *     travels from thread to thread, and from those that read
     * @return {@link #INSERTED}, the address of the entry that was replaced, {@link #REFUSED} if the key was not as
     *     expected, or {@link MemoryAccount#OVER_LIMIT} or {@link MemoryAccount#NO_MEMORY}; with the last three nothing
     *     changed and {@code entry} is still the caller's
     */
    public long put(
            long keyHash, long entry, int access, @Nullable IntUnaryOperator use, long expected, boolean keepsLast) {
        boolean expires = EntryLayout.expiry(entry) != EntryLayout.NEVER;
        long slotAddress = findSlot(keyHash, null, 0, entry);
        if (slotAddress != 0) {
            long replacedWord = BucketLayout.slotWordAt(slotAddress);
            long replaced = BucketLayout.address(replacedWord);
            if (expected != ANY && expected != replaced) {
                return REFUSED;
            }
            int used = use == null ? access : use.applyAsInt(BucketLayout.accessOf(replacedWord)) & ACCESS_MASK;
            boolean isProtected = BucketLayout.isProtected(replacedWord);
            long slotWord = BucketLayout.withProtection(BucketLayout.slotWord(entry, used, expires), isProtected);
            if (keepsLast) {
                lastWord = slotWord;
            }
            assert WriterSteps.reached("overwrite: before");
            BucketLayout.setSlotWord(slotAddress, slotWord);
            assert WriterSteps.reached("overwrite: after");
            return replaced;
        }
        if (expected != ANY && expected != ABSENT) {
            return REFUSED;
        }
        long slotWord = BucketLayout.slotWord(entry, access, expires);
        if (buckets == 0) {
            long outcome = open();
            if (outcome != 0) {
                return outcome;
            }
        }
        long head = bucket(index(keyHash, buckets));
        long child = 0;
        if (BucketChain.isFull(head)) {
            child = tryTakeChild();
            if (!MemoryAccount.isAddress(child)) {
                return child;
            }
        }
        BucketChain.append(head, BucketLayout.fingerprint(keyHash), slotWord, child);
        entries.add(1);
        grow();
        return INSERTED;
    }

    /**
     * Takes out the entry of a key. The caller owns it then, and retires it.
     *
     * @param expected {@link #ANY}, or the entry that must be there
     * @return its address; 0 if it is not there
     */
    public long remove(long keyHash, Object key, int bytes, long expected) {
        long slotAddress = findSlot(keyHash, key, bytes, 0);
        if (slotAddress == 0) {
            return 0;
        }
        long entry = BucketLayout.address(BucketLayout.slotWordAt(slotAddress));
        if (expected != ANY && expected != entry) {
            return 0;
        }
        remove(index(keyHash, buckets), slotAddress);
        return entry;
    }

    /**
     * Takes out an entry that was seen earlier at a bucket's index. The caller owns it then, and retires it. The
     * address is compared and never followed, so that it may be one that was freed meanwhile.
     *
     * @param bucketIndex the index at which {@link ChainWalk#sample} found it
     * @param entry its address then
     * @param access its access field then; -1 for any; {@link #EVEN_PROTECTED} for any, and even if it is protected
     * @param expiring whether it must be one that expires: another may have got its address since
     * @return whether it was there, unchanged, and was taken out
     */
    public boolean removeIfUnchanged(int bucketIndex, long entry, int access, boolean expiring) {
        if (bucketIndex >= buckets) {
            return false;
        }
        for (long bucket = bucket(bucketIndex); bucket != 0; bucket = BucketLayout.child(bucket)) {
            long word = BucketLayout.word(bucket);
            for (int slot = 0; slot < BucketLayout.SLOTS; slot++) {
                long slotAddress = BucketLayout.slotAddress(bucket, slot);
                long slotWord = BucketLayout.slotWordAt(slotAddress);
                if (BucketLayout.holdsEntry(word, slot) && BucketLayout.address(slotWord) == entry) {
                    if ((access >= 0 && BucketLayout.accessOf(slotWord) != access)
                            || (access != EVEN_PROTECTED && BucketLayout.isProtected(slotWord))
                            || (expiring && !BucketLayout.expires(slotWord))) {
                        return false;
                    }
                    remove(bucketIndex, slotAddress);
                    return true;
                }
            }
        }
        return false;
    }

    /**
     * Takes out entries of a table that no reader is in any more, handing each to {@code owner}, and frees what held
     * them: a step of taking a whole table apart. Nothing else may be done with the table once this has begun.
     *
     * @param atMost bucket chains to take apart
     * @return whether nothing is left
     */
    public boolean drain(EntryOwner owner, int atMost) {
        Directory left = directory;
        if (left == null) {
            return true;
        }
        for (int chains = 0; chains < atMost && buckets > 0; chains++) {
            long head = left.bucket(buckets - 1);
            retired.ensureRoom(BucketChain.entryCount(head));
            buckets--;
            entries.add(-BucketChain.free(this, head, owner));
            if (buckets % Directory.BUCKETS_PER_CHUNK == 0) {
                left.freeChunk();
            }
        }
        if (buckets > 0) {
            return false;
        }
        assert size() == 0 && childCount() == 0 : size() + " entries, " + childCount() + " children";
        left.close();
        directory = null;
        root = 0;
        return true;
    }

    /** The number of buckets beyond the first of their chain. Any thread. */
    public long childCount() {
        return children.get();
    }

    @Nullable
    Directory directory() {
        return directory;
    }

    /** The index of the chain that a hash selects among so many. */
    static int index(long keyHash, int count) {
        int half = Integer.highestOneBit(count);
        int index = (int) keyHash & ((half << 1) - 1);
        return index < count ? index : index - half;
    }

    int version() {
        return (int) VERSION_HANDLE.getAcquire(this);
    }

    /** Counts the version up: what was copied is in its new place for every reader that sees an old place cleared. */
    void moved() {
        VERSION_HANDLE.setRelease(this, version + 1);
    }

    private void publish(int count) {
        BUCKETS_HANDLE.setRelease(this, count);
    }

    long bucket(int index) {
        return Directory.bucket(root, index);
    }

    /** Takes the first buckets. Answers 0, or why not. */
    private long open() {
        Directory opened = new Directory(account);
        long chunk = opened.tryOpen();
        if (!MemoryAccount.isAddress(chunk)) {
            return chunk;
        }
        directory = opened;
        root = opened.root();
        publish(Directory.BUCKETS_PER_CHUNK);
        return 0;
    }

    /** Finds the slot of a key, or, if there is none given, of the key of the entry {@code like}. Under the lock. */
    long findSlot(long keyHash, @Nullable Object key, int bytes, long like) {
        if (buckets == 0) {
            return 0;
        }
        for (long bucket = bucket(index(keyHash, buckets)); bucket != 0; bucket = BucketLayout.child(bucket)) {
            long word = BucketLayout.word(bucket);
            for (long bits = BucketLayout.candidates(word, keyHash); bits != 0; bits &= bits - 1) {
                int slot = BucketLayout.slotOf(bits);
                if (BucketLayout.holdsEntry(word, slot)) {
                    long slotAddress = BucketLayout.slotAddress(bucket, slot);
                    long entry = BucketLayout.address(BucketLayout.slotWordAt(slotAddress));
                    if (key != null ? EntryLayout.hasKey(entry, key, bytes) : EntryLayout.sameKey(entry, like)) {
                        return slotAddress;
                    }
                }
            }
        }
        return 0;
    }

    /** Takes the entry in a slot out of the chain {@code index}. */
    void remove(int index, long slotAddress) {
        lastWord = BucketLayout.slotWordAt(slotAddress);
        long head = bucket(index);
        long bucket = head;
        while (slotAddress < bucket || slotAddress >= bucket + BucketLayout.BUCKET_BYTES) {
            bucket = BucketLayout.child(bucket);
        }
        int slot = (int) (slotAddress - BucketLayout.slotAddress(bucket, 0)) / Long.BYTES;
        retireChild(BucketChain.remove(this, head, bucket, slot));
        entries.add(-1);
        shrink(false);
    }

    /** Takes a block for a child. Answers its address, or what {@link MemoryAccount#tryAllocate} does. */
    long tryTakeChild() {
        long child = account.tryAllocate(BucketLayout.BUCKET_BYTES);
        if (MemoryAccount.isAddress(child)) {
            children.add(1);
        }
        return child;
    }

    /** Gives back a child that no reader can be in. */
    void freeChild(long child) {
        account.free(child, BucketLayout.BUCKET_BYTES);
        children.add(-1);
    }

    /** Gives up a child that left its chain; 0 is ignored. */
    void retireChild(long child) {
        if (child != 0) {
            retired.retire(child, BucketLayout.BUCKET_BYTES);
            children.add(-1);
        }
    }

    /**
     * Sees to it that so many children, and a chunk with its leaf, can be retired without memory of the heap. Answers
     * whether they can.
     */
    boolean tryExpectRetirements(int children) {
        return retired.tryEnsureRoom(children + 2);
    }

    /** The hash of an entry's key. */
    long hashOf(long entry) {
        return hash.hash(EntryLayout.keyAddress(entry), EntryLayout.keyBytes(entry));
    }

    /** Splits buckets where there are too few, and memory allows. Throws nothing: an entry was put before. */
    private void grow() {
        for (int splits = 0; splits < SPLITS_PER_INSERTION; splits++) {
            if (size() <= (long) buckets * GROW_ENTRIES_PER_BUCKET || !trySplit()) {
                return;
            }
        }
    }

    /**
     * Adds one bucket, and moves there what belongs there.
     *
     * @return whether there was memory for it; if not, nothing changed, but that a chunk may be there for the next time
     */
    private boolean trySplit() {
        Directory grown = directory;
        if (grown == null || (buckets == grown.bucketCapacity() && !MemoryAccount.isAddress(grown.tryAddChunk()))) {
            return false;
        }
        int bit = Integer.highestOneBit(buckets);
        long source = bucket(buckets - bit);
        long target = grown.bucket(buckets);
        if (!split.tryCopy(source, target, bit)) {
            return false;
        }
        assert WriterSteps.reached("split: copied");
        publish(buckets + 1);
        assert WriterSteps.reached("split: published");
        moved();
        assert WriterSteps.reached("split: version");
        split.clear(source);
        return true;
    }

    /**
     * Merges some buckets, if the table has more than it needs. Answers whether there may be more to merge.
     *
     * @param mayTake whether memory may be taken for chains that get longer than a bucket; a merge waits otherwise
     */
    public boolean shrink(boolean mayTake) {
        for (int merges = 0; merges < MERGES_PER_REMOVAL; merges++) {
            boolean sparse = size() < (long) buckets * SHRINK_ENTRIES_PER_BUCKET;
            if (buckets <= Directory.BUCKETS_PER_CHUNK || !sparse || !tryMerge(mayTake)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Merges the last bucket into the one it was split from.
     *
     * @return whether it was; if not, nothing changed: their entries need a child, and none may be or could be taken
     */
    private boolean tryMerge(boolean mayTake) {
        Directory shrunk = directory;
        int last = buckets - 1;
        long source = bucket(last);
        long target = bucket(last - Integer.highestOneBit(last));
        boolean fits = BucketChain.entryCount(source) + BucketChain.entryCount(target) <= BucketLayout.SLOTS;
        if (shrunk == null || !(fits || mayTake) || !split.tryCopy(source, target, BucketSplit.ALL)) {
            return false;
        }
        assert WriterSteps.reached("merge: copied");
        merges++;
        publish(last);
        assert WriterSteps.reached("merge: published");
        moved();
        assert WriterSteps.reached("merge: version");
        split.clear(source);
        BucketLayout.setWord(source, 0);
        assert WriterSteps.reached("merge: cleared");
        if (shrunk.bucketCapacity() - buckets >= Directory.BUCKETS_PER_CHUNK) {
            shrunk.removeChunk(retired);
        }
        return true;
    }
}
