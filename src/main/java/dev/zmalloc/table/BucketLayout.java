package dev.zmalloc.table;

import dev.zmalloc.ffi.Memory;

/**
 * The layout of one bucket: 64 bytes, one word that tells what the seven slots hold, and the slots.
 *
 * <pre>
 *   offset  0          1     2     3     4     5     6     7     8        16             56       64
 *         +----------+-----+-----+-----+-----+-----+-----+-----+--------+--------+- -+--------+
 *         | presence | fingerprints of slots 0 .. 6            | slot 0 | slot 1 |...| slot 6 |
 *         +----------+-----+-----+-----+-----+-----+-----+-----+--------+--------+- -+--------+
 *           bits 0-6: slot holds an entry; bit 7: slot 6 holds the address of a child bucket (bit 6 is 0 then)
 *
 *   slot    63         48 47                                    0
 *         +-------------+---------------------------------------+
 *         | access (16) | address of the entry (48)             |
 *         +-------------+---------------------------------------+
 * </pre>
 *
 * A fingerprint is the top byte of the key's hash: seven of them are compared at once. An entry is there if its bit is
 * set, whatever the slot holds. The access field belongs to the eviction policy; the table keeps it and does not read
 * it. Every decode masks to 48 bits, the child's address too. 8 + 7 * 8 = 64 bytes, one cache line where the allocator
 * aligns the bucket to one.
 *
 * <p>This library runs on little-endian platforms: byte 0 of the word is its lowest.
 */
final class BucketLayout {
    static final int BUCKET_BYTES = 64;
    static final int SLOTS = 7;

    /** The slot that a chained bucket gives up for the address of its child. */
    static final int CHILD_SLOT = SLOTS - 1;

    static final int CHAINED_BIT = 1 << SLOTS;
    static final int PRESENCE_MASK = CHAINED_BIT - 1;
    static final int ACCESS_SHIFT = 48;
    static final long ADDRESS_MASK = (1L << ACCESS_SHIFT) - 1;

    private static final int SLOTS_OFFSET = 8;
    private static final int ACCESS_OFFSET = ACCESS_SHIFT / Byte.SIZE;
    private static final long EACH_BYTE = 0x0101010101010101L;
    private static final long LOW_BITS = 0x7F * EACH_BYTE;

    static {
        assert SLOTS_OFFSET + SLOTS * Long.BYTES == BUCKET_BYTES : "the picture and the constants differ";
    }

    private BucketLayout() {}

    static long word(long bucket) {
        return Memory.getLong(bucket);
    }

    static long slotAddress(long bucket, int slot) {
        return bucket + SLOTS_OFFSET + (long) slot * Long.BYTES;
    }

    static boolean isChained(long word) {
        return (word & CHAINED_BIT) != 0;
    }

    /** The bits of the slots that hold an entry. */
    static int presence(long word) {
        return (int) word & PRESENCE_MASK;
    }

    /** The number of entries that the bucket itself can hold: one less if it has a child. */
    static int capacity(long word) {
        return isChained(word) ? SLOTS - 1 : SLOTS;
    }

    static long child(long bucket) {
        return Memory.getLong(slotAddress(bucket, CHILD_SLOT)) & ADDRESS_MASK;
    }

    static int fingerprint(long hash) {
        return (int) (hash >>> 56);
    }

    static int fingerprint(long word, int slot) {
        return (int) (word >>> ((slot + 1) * Byte.SIZE)) & 0xFF;
    }

    /** Slots whose fingerprint may be that of {@code hash}, as the top bits of bytes 1 to 7; see {@link #slotOf}. */
    static long candidates(long word, long hash) {
        long difference = word ^ fingerprint(hash) * EACH_BYTE;
        // The top bit of a byte of the sum is 0 only if that byte of the difference is 0: no carry leaves a byte.
        long zeroBytes = ~(((difference & LOW_BITS) + LOW_BITS) | difference | LOW_BITS);
        return zeroBytes & ~0xFFL;
    }

    /** The slot that the lowest bit of {@code candidates} stands for. */
    static int slotOf(long candidates) {
        return (Long.numberOfTrailingZeros(candidates) >>> 3) - 1;
    }

    static boolean holdsEntry(long word, int slot) {
        return (word >>> slot & 1) != 0;
    }

    static long slotWordAt(long slotAddress) {
        return Memory.getLong(slotAddress);
    }

    static void setSlotWord(long slotAddress, long slotWord) {
        Memory.putLong(slotAddress, slotWord);
    }

    static long entry(long slotAddress) {
        return Memory.getLong(slotAddress) & ADDRESS_MASK;
    }

    static int access(long slotAddress) {
        return Memory.getShort(slotAddress + ACCESS_OFFSET) & 0xFFFF;
    }

    /** Stores the access field alone, and only if it changes: a needless store makes the line travel between cores. */
    static void setAccess(long slotAddress, int access) {
        if (access(slotAddress) != access) {
            Memory.putShort(slotAddress + ACCESS_OFFSET, (short) access);
        }
    }

    /** Puts an entry into a free slot. */
    static void set(long bucket, int slot, int fingerprint, long slotWord) {
        Memory.putLong(slotAddress(bucket, slot), slotWord);
        int shift = (slot + 1) * Byte.SIZE;
        long word = word(bucket) & ~(0xFFL << shift);
        Memory.putLong(bucket, word | (long) fingerprint << shift | 1L << slot);
    }

    static void clear(long bucket, int slot) {
        Memory.putLong(bucket, word(bucket) & ~(1L << slot));
    }

    static long slotWord(long entry, int access) {
        assert (entry & ~ADDRESS_MASK) == 0 : "an address of more than 48 bits: 0x" + Long.toHexString(entry);
        return (long) access << ACCESS_SHIFT | entry;
    }
}
