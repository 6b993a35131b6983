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
 *           bits 0-6: slot holds an entry; bit 7: 0
 *
 *   slot    63         48 47                              3     2       1       0
 *         +-------------+----------------------------------+-------+-------+-------+
 *         | access (16) | address of the entry (48), a multiple of 8               |
 *         |             |                                  | prot. |expiry | child |
 *         +-------------+----------------------------------+-------+-------+-------+
 *           bit 0, in slot 6 alone: the address is that of a child bucket; bit 1: the entry expires; bit 2: the key
 *           is protected from eviction
 * </pre>
 *
 * A fingerprint is the top byte of the key's hash: seven of them are compared at once. An entry is there if its bit is
 * set and slot 6 is not a child, whatever the slot holds otherwise. The access field belongs to the eviction policy;
 * the table keeps it and does not read it. Every decode masks the address, the child's too. 8 + 7 * 8 = 64 bytes, one
 * cache line where the allocator aligns the bucket to one.
 *
 * <p>Readers take no lock. So the word and each slot are written as a whole, by who holds the stripe's lock, with
 * release order, and read with acquire order: who sees a presence bit sees the slot, and who sees a slot sees what it
 * points to. That slot 6 tells by itself what it is lets an entry become a child, and the reverse, in one store.
 * Readers write the access field alone, two bytes. Such a store may come late and hit a slot that holds something else
 * by then, or a child: at worst another entry looks used.
 *
 * <p>This library runs on little-endian platforms: byte 0 of the word is its lowest.
 */
final class BucketLayout {
    static final int BUCKET_BYTES = 64;
    static final int SLOTS = 7;

    /** The slot that a chained bucket gives up for the address of its child. */
    static final int CHILD_SLOT = SLOTS - 1;

    static final int PRESENCE_MASK = (1 << SLOTS) - 1;
    static final int ACCESS_SHIFT = 48;

    private static final long CHILD_BIT = 1;
    private static final long EXPIRES_BIT = 2;
    private static final long PROTECTED_BIT = 4;
    private static final long ADDRESS_MASK = (1L << ACCESS_SHIFT) - Long.BYTES;

    private static final int SLOTS_OFFSET = 8;
    private static final int ACCESS_OFFSET = ACCESS_SHIFT / Byte.SIZE;
    private static final long EACH_BYTE = 0x0101010101010101L;
    private static final long LOW_BITS = 0x7F * EACH_BYTE;

    static {
        assert SLOTS_OFFSET + SLOTS * Long.BYTES == BUCKET_BYTES : "the picture and the constants differ";
    }

    private BucketLayout() {}

    static long word(long bucket) {
        return Memory.getLongAcquire(bucket);
    }

    static void setWord(long bucket, long word) {
        Memory.putLongRelease(bucket, word);
    }

    static long slotAddress(long bucket, int slot) {
        return bucket + SLOTS_OFFSET + (long) slot * Long.BYTES;
    }

    /** The bits of the slots that hold an entry. */
    static int presence(long word) {
        return (int) word & PRESENCE_MASK;
    }

    /** The child of a bucket, or 0. */
    static long child(long bucket) {
        long last = slotWordAt(slotAddress(bucket, CHILD_SLOT));
        return isChild(last) ? address(last) : 0;
    }

    static boolean isChild(long slotWord) {
        return (slotWord & CHILD_BIT) != 0;
    }

    /** The address in a slot: of an entry, or of a child. */
    static long address(long slotWord) {
        return slotWord & ADDRESS_MASK;
    }

    static int accessOf(long slotWord) {
        return (int) (slotWord >>> ACCESS_SHIFT);
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
        return Memory.getLongAcquire(slotAddress);
    }

    static void setSlotWord(long slotAddress, long slotWord) {
        Memory.putLongRelease(slotAddress, slotWord);
    }

    /**
     * Stores the access field alone, or with {@link HashTable#LOW_BYTE_ONLY} its low byte. Any thread; only where it
     * changes, since the line then travels between cores.
     */
    static void setAccess(long slotAddress, int access) {
        if ((access & HashTable.LOW_BYTE_ONLY) != 0) {
            Memory.putByte(slotAddress + ACCESS_OFFSET, (byte) access);
        } else {
            Memory.putShort(slotAddress + ACCESS_OFFSET, (short) access);
        }
    }

    /** The word with the fingerprint of a slot and its presence bit set. */
    static long withEntry(long word, int slot, int fingerprint) {
        int shift = (slot + 1) * Byte.SIZE;
        return (word & ~(0xFFL << shift)) | (long) fingerprint << shift | 1L << slot;
    }

    /** Puts an entry into a slot: the slot first, so that who sees its bit sees it. */
    static void set(long bucket, int slot, int fingerprint, long slotWord) {
        setSlotWord(slotAddress(bucket, slot), slotWord);
        setWord(bucket, withEntry(word(bucket), slot, fingerprint));
    }

    /** Takes the entry out of a slot. The slot keeps its content. */
    static void clear(long bucket, int slot) {
        setWord(bucket, word(bucket) & ~(1L << slot));
    }

    /**
     * A slot for an entry.
     *
     * @throws IllegalStateException if the address does not fit: an allocator must give multiples of 8 below 2^48
     */
    static long slotWord(long entry, int access, boolean expires) {
        if ((entry & ~ADDRESS_MASK) != 0) {
            throw new IllegalStateException(
                    "an address that is no multiple of 8 below 2^48: 0x" + Long.toHexString(entry));
        }
        return (long) access << ACCESS_SHIFT | entry | (expires ? EXPIRES_BIT : 0);
    }

    /** Tells whether the entry in a slot has an expiry. */
    static boolean expires(long slotWord) {
        return (slotWord & EXPIRES_BIT) != 0;
    }

    /** Tells whether a slot holds an entry that may be evicted, if it holds anything. */
    static boolean isEvictable(long slotWord) {
        return (slotWord & (CHILD_BIT | PROTECTED_BIT)) == 0;
    }

    static boolean isProtected(long slotWord) {
        return (slotWord & PROTECTED_BIT) != 0;
    }

    static long withProtection(long slotWord, boolean on) {
        return on ? slotWord | PROTECTED_BIT : slotWord & ~PROTECTED_BIT;
    }

    static long childWord(long child) {
        assert (child & ~ADDRESS_MASK) == 0 : "not a multiple of 8 below 2^48: 0x" + Long.toHexString(child);
        return child | CHILD_BIT;
    }
}
