package dev.zmalloc.table;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Goes through a table chain by chain while it changes, without a lock, and draws random entries of it.
 *
 * <p>An object holds the entries of one chain, as they were at one moment. {@link #read} and {@link #draw} are called
 * within an epoch, or under the lock of the table's stripe; the entries stay readable that long.
 */
public final class TableScan {
    /*
     * An entry's position is the lowest 32 bits of its key's hash in reverse, as a number below 2^32. It never changes.
     * A bucket that the lowest k bits select holds the positions that begin with those bits in reverse: an interval of
     * length 2^(32 - k). The intervals of all buckets lie side by side and cover every position. For five buckets, of
     * which the first is split:
     *
     *   position   0        1/8        2/8             4/8             6/8             2^32
     *              +----------+----------+---------------+---------------+---------------+
     *   bucket     | 0 (000)  | 4 (100)  | 2 (10)        | 1 (01)        | 3 (11)        |
     *              +----------+----------+---------------+---------------+---------------+
     *
     * A split halves one interval, a merge joins the halves again, and no entry changes its position. So a scan that
     * begins at position 0, and at each step shows what lies between its position and the end of the interval in which
     * that is by now, passes over every position once. What is there all along is shown once, whatever splits and
     * merges lie between the steps, and what has been shown is not shown again. The order is that of Redis' dictScan
     * (P. Noordhuis), which knows whole powers of two and shows entries again after a table has shrunk; here those of a
     * merged interval that lie before the position are left out.
     *
     * Within a step. Entries are moved while they are read, by the rules of HashTable: what is moved past the reader
     * changes the version, and then the chain is read again. An entry seen in its old and its new place, or a key whose
     * entry was removed and put again meanwhile, is taken once.
     *
     * Drawing. A random place of a random chain, as if every chain had the same number of places; where there is no
     * entry at it, the draw is void. So each entry of a table has the same chance, in whatever chain it is, if only no
     * chain is longer than that number.
     */

    /** Where every scan of a table ends: beyond all positions. */
    public static final long END = 1L << Integer.SIZE;

    /** Answered by {@link #read}: entries were moved meanwhile, and nothing was read. */
    public static final long CHANGED = -1;

    private static final int MIN_PLACES = 16;
    private static final int PLACES_TO_MEAN = 4;

    private long[] entries = new long[2 * BucketLayout.SLOTS];
    private long[] hashes = new long[2 * BucketLayout.SLOTS];
    private int size;

    /** Makes a scan that holds nothing yet. */
    public TableScan() {}

    /**
     * Reads the entries from {@code position} to the end of the chain in which that is.
     *
     * @return the position to go on at, {@link #END} if none is left, or {@link #CHANGED}
     */
    public long read(HashTable table, long position) {
        size = 0;
        int version = table.version();
        int count = table.bucketCount();
        Directory directory = table.directory();
        if (count == 0 || directory == null) {
            return END;
        }
        int index = HashTable.index(Integer.reverse((int) position), count);
        long end = end(position, index, count);
        long bucket = directory.bucket(index);
        while (bucket != 0) {
            long word = BucketLayout.word(bucket);
            // Loaded once, as HashTable.find says.
            long last = BucketLayout.slotWordAt(BucketLayout.slotAddress(bucket, BucketLayout.CHILD_SLOT));
            for (int slot = 0; slot < BucketLayout.SLOTS; slot++) {
                long slotWord = slot == BucketLayout.CHILD_SLOT
                        ? last
                        : BucketLayout.slotWordAt(BucketLayout.slotAddress(bucket, slot));
                if (BucketLayout.holdsEntry(word, slot) && !BucketLayout.isChild(slotWord)) {
                    long entry = BucketLayout.address(slotWord);
                    long hash = table.hashOf(entry);
                    long entryPosition = Integer.toUnsignedLong(Integer.reverse((int) hash));
                    if (entryPosition >= position && entryPosition < end && !isKnown(entry, hash)) {
                        add(entry, hash);
                    }
                }
            }
            bucket = BucketLayout.isChild(last) ? BucketLayout.address(last) : 0;
        }
        // All loads of slots are acquires, so this one comes after them.
        if (table.version() != version) {
            size = 0;
            return CHANGED;
        }
        return end;
    }

    /** Where the interval of a bucket ends that has {@code position} in it. */
    private static long end(long position, int index, int count) {
        int half = Integer.highestOneBit(count);
        boolean isSplit = (index & (half - 1)) + half < count;
        int bits = Integer.numberOfTrailingZeros(half) + (isSplit ? 1 : 0);
        long length = 1L << (Integer.SIZE - bits);
        return (position & -length) + length;
    }

    private boolean isKnown(long entry, long hash) {
        for (int known = 0; known < size; known++) {
            if (hashes[known] == hash && EntryLayout.sameKey(entries[known], entry)) {
                return true;
            }
        }
        return false;
    }

    private void add(long entry, long hash) {
        if (size == entries.length) {
            entries = Arrays.copyOf(entries, 2 * size);
            hashes = Arrays.copyOf(hashes, 2 * size);
        }
        entries[size] = entry;
        hashes[size++] = hash;
    }

    /** How many entries were read. */
    public int size() {
        return size;
    }

    /** One of the entries that were read. */
    public long entry(int number) {
        return entries[number];
    }

    /** The places of each chain that {@link #draw} is to choose from: more than all but the rarest chains have. */
    public static int places(HashTable table) {
        int count = table.bucketCount();
        return count == 0 ? MIN_PLACES : (int) Math.max(MIN_PLACES, PLACES_TO_MEAN * (table.size() / count + 1));
    }

    /**
     * Draws an entry, each with the same chance.
     *
     * @param places as {@link #places} told them for all draws of which one is to be taken
     * @return the entry; 0 if the draw is void
     */
    public static long draw(HashTable table, int places, RandomGenerator random) {
        int count = table.bucketCount();
        Directory directory = table.directory();
        if (count == 0 || directory == null) {
            return 0;
        }
        int place = random.nextInt(places);
        long bucket = directory.bucket(random.nextInt(count));
        while (bucket != 0) {
            long child = BucketLayout.child(bucket);
            int presence = BucketLayout.presence(BucketLayout.word(bucket));
            if (place < Integer.bitCount(presence)) {
                for (; place > 0; place--) {
                    presence &= presence - 1;
                }
                int slot = Integer.numberOfTrailingZeros(presence);
                long slotWord = BucketLayout.slotWordAt(BucketLayout.slotAddress(bucket, slot));
                return BucketLayout.isChild(slotWord) ? 0 : BucketLayout.address(slotWord);
            }
            place -= Integer.bitCount(presence);
            bucket = child;
        }
        return 0;
    }
}
