package dev.zmalloc.table;

import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** Walks through bucket chains of a {@link HashTable}: to sample, and to see or set what their slots say. */
public final class ChainWalk {
    private ChainWalk() {}

    /**
     * Shows every entry of one bucket chain that is not protected, which is a fair sample: the hash has spread the
     * keys. Within an epoch, without a lock: entries that are moved meanwhile may be shown twice or not at all.
     *
     * @param aging what the access field of each is before it is shown, by what it was; {@code null} to leave it
     * @return the number of entries shown; 0 if there is no such bucket
     */
    public static int sample(HashTable table, int bucketIndex, @Nullable IntUnaryOperator aging, EntryVisitor visitor) {
        if (bucketIndex >= table.bucketCount()) {
            return 0;
        }
        int shown = 0;
        for (long bucket = table.bucket(bucketIndex); bucket != 0; bucket = BucketLayout.child(bucket)) {
            long word = BucketLayout.word(bucket);
            for (int slot = 0; slot < BucketLayout.SLOTS; slot++) {
                if (BucketLayout.holdsEntry(word, slot)) {
                    long slotAddress = BucketLayout.slotAddress(bucket, slot);
                    long slotWord = BucketLayout.slotWordAt(slotAddress);
                    if (BucketLayout.isEvictable(slotWord)) {
                        int access = BucketLayout.accessOf(slotWord);
                        if (aging != null) {
                            HashTable.use(slotAddress, access, aging);
                            access = aging.applyAsInt(access);
                        }
                        visitor.visit(
                                BucketLayout.address(slotWord), bucketIndex, access, BucketLayout.expires(slotWord));
                        shown++;
                    }
                }
            }
        }
        return shown;
    }

    /**
     * Shows the entries of some bucket chains that expire, by their slots alone. Under the lock; the visitor must not
     * change the table.
     *
     * @param first index of the first chain
     * @param chains how many
     * @param evenProtected whether protected ones are shown too
     */
    public static void forEachExpiring(
            HashTable table, int first, int chains, boolean evenProtected, EntryVisitor visitor) {
        int end = Math.min(table.bucketCount(), first + chains);
        for (int index = first; index < end; index++) {
            for (long bucket = table.bucket(index); bucket != 0; bucket = BucketLayout.child(bucket)) {
                long word = BucketLayout.word(bucket);
                for (int slot = 0; slot < BucketLayout.SLOTS; slot++) {
                    long slotWord = BucketLayout.slotWordAt(BucketLayout.slotAddress(bucket, slot));
                    boolean isShown = evenProtected || !BucketLayout.isProtected(slotWord);
                    if (BucketLayout.holdsEntry(word, slot) && BucketLayout.expires(slotWord) && isShown) {
                        visitor.visit(BucketLayout.address(slotWord), index, BucketLayout.accessOf(slotWord), true);
                    }
                }
            }
        }
    }

    /**
     * Sets the access fields in some bucket chains. Under the lock.
     *
     * @param first index of the first chain
     * @param chains how many
     * @param stamp is shown each entry and its access field, and answers what that becomes
     */
    public static void stamp(HashTable table, int first, int chains, EntryStamp stamp) {
        int end = Math.min(table.bucketCount(), first + chains);
        for (int index = first; index < end; index++) {
            for (long bucket = table.bucket(index); bucket != 0; bucket = BucketLayout.child(bucket)) {
                long word = BucketLayout.word(bucket);
                for (int slot = 0; slot < BucketLayout.SLOTS; slot++) {
                    if (BucketLayout.holdsEntry(word, slot)) {
                        long slotAddress = BucketLayout.slotAddress(bucket, slot);
                        long slotWord = BucketLayout.slotWordAt(slotAddress);
                        int access = BucketLayout.accessOf(slotWord);
                        int stamped =
                                stamp.stamp(BucketLayout.address(slotWord), access, BucketLayout.expires(slotWord));
                        if (stamped != access) {
                            BucketLayout.setAccess(slotAddress, stamped);
                        }
                    }
                }
            }
        }
    }

    /** Tells what access fields become. */
    @FunctionalInterface
    public interface EntryStamp {
        /** What becomes of the access field of an entry, which expires or not. Must not change the table. */
        int stamp(long entry, int access, boolean expires);
    }
}
