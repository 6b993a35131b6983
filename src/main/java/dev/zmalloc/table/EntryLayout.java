package dev.zmalloc.table;

import dev.zmalloc.ffi.ByteRange;
import dev.zmalloc.ffi.Memory;
import org.jspecify.annotations.Nullable;

/**
 * The layout of one entry in native memory: one block that holds the lengths, the key and the value.
 *
 * <pre>
 *   compact: a key of less than 128 and a value of less than 256 bytes, without an expiry
 *
 *   offset  0          1            2              2 + keyBytes
 *         +----------+------------+--------------+----------------+
 *         | keyBytes | valueBytes | key bytes    | value bytes    |
 *         | bit 7: 0 | 1 byte     |              |                |
 *         +----------+------------+--------------+----------------+
 *
 *   general
 *
 *   offset  0          1                  1 + k               1 + k + v          h             h + keyBytes
 *         +----------+------------------+-------------------+------------------+-------------+-------------+
 *         | widths   | keyBytes, k = 1, | valueBytes, v = 1,| if it expires:   | key bytes   | value bytes |
 *         | bit 7: 1 | 2 or 4 bytes     | 2 or 4 bytes      | place 4, expiry 8|             |             |
 *         +----------+------------------+-------------------+------------------+-------------+-------------+
 *   widths: bits 0-1 log2 of k, bits 2-3 log2 of v, bit 4 whether it expires, bit 7 one
 *   h:      where nothing expires 1 + k + v; else up to 7 bytes more than all fields take, before the place, so that h,
 *           and the expiry before it, are at a multiple of 8
 *   place:  where an index of the entries that expire has this one, for who keeps such an index
 *   expiry: milliseconds of the store's clock from which on the entry is dead
 * </pre>
 *
 * Lengths are unsigned, in native order and as narrow as they can be: a key of 16 and a value of 100 bytes cost 2 bytes
 * more. Only the expiry is aligned. Invariant: {@code entryBytes(keyBytes, valueBytes, expires) <=} the block's usable
 * bytes. An entry does not change once it is in a table, so that readers need no lock; a new value is a new entry. Two
 * fields do: its place, which is read and written under the lock of its table alone, and its expiry, which is read and
 * written at once, and orders nothing.
 */
public final class EntryLayout {
    private static final int HEAD_OFFSET = 0;
    private static final int KEY_BYTES_OFFSET = 1;
    private static final int COMPACT_VALUE_BYTES_OFFSET = 1;
    private static final int COMPACT_HEADER_BYTES = 2;
    private static final int COMPACT_MAX_KEY_BYTES = 127;
    private static final int COMPACT_MAX_VALUE_BYTES = 255;
    private static final int GENERAL_BIT = 1 << 7;
    private static final int WIDTH_MASK = 0b11;
    private static final int VALUE_WIDTH_SHIFT = 2;
    private static final int EXPIRY_BIT = 1 << 4;

    private static final int EXPIRY_BYTES = Integer.BYTES + Long.BYTES;

    /** The longest header: the widths, two lengths of four bytes, place and expiry, with 3 bytes between. */
    public static final int MAX_HEADER_BYTES = 3 * Long.BYTES;

    /** The place of an entry that has none. */
    public static final int NO_PLACE = -1;

    /** The longest key. It is hashed and compared as a whole, and short pauses want that to be short. */
    public static final int MAX_KEY_BYTES = 1 << 20;

    /** The longest value: an array's most, and with header and key still less than 2 GiB and 2 MiB. */
    public static final int MAX_VALUE_BYTES = Integer.MAX_VALUE - 8;

    /** The expiry of an entry that never expires. */
    public static final long NEVER = Long.MAX_VALUE;

    private EntryLayout() {}

    /** The bytes to request for an entry. */
    public static long entryBytes(int keyBytes, int valueBytes, boolean expires) {
        return headerBytes(keyBytes, valueBytes, expires) + (long) keyBytes + valueBytes;
    }

    /** The bytes that were requested for the entry at {@code entry}. */
    public static long entryBytes(long entry) {
        return valueAddress(entry) - entry + valueBytes(entry);
    }

    /**
     * Writes the header into the block at {@code entry}, of at least {@link #entryBytes(int, int, boolean)}. Key and
     * value are the caller's to fill in.
     *
     * @param expiry milliseconds, or {@link #NEVER}
     */
    public static void writeHeader(long entry, int keyBytes, int valueBytes, long expiry) {
        boolean expires = expiry != NEVER;
        if (isCompact(keyBytes, valueBytes, expires)) {
            Memory.putByte(entry + HEAD_OFFSET, (byte) keyBytes);
            Memory.putByte(entry + COMPACT_VALUE_BYTES_OFFSET, (byte) valueBytes);
            return;
        }
        int keyExponent = widthExponent(keyBytes);
        int valueExponent = widthExponent(valueBytes);
        int widths = GENERAL_BIT | keyExponent | valueExponent << VALUE_WIDTH_SHIFT | (expires ? EXPIRY_BIT : 0);
        Memory.putByte(entry + HEAD_OFFSET, (byte) widths);
        putLength(entry + KEY_BYTES_OFFSET, keyExponent, keyBytes);
        putLength(entry + KEY_BYTES_OFFSET + (1 << keyExponent), valueExponent, valueBytes);
        if (expires) {
            setExpiry(entry, expiry);
            setPlace(entry, NO_PLACE);
        }
    }

    /** The length of the key, in bytes. */
    public static int keyBytes(long entry) {
        int head = head(entry);
        return head >= 0 ? head : getLength(entry + KEY_BYTES_OFFSET, head & WIDTH_MASK);
    }

    /** The length of the value, in bytes. */
    public static int valueBytes(long entry) {
        int head = head(entry);
        return head >= 0
                ? Memory.getByte(entry + COMPACT_VALUE_BYTES_OFFSET) & 0xFF
                : getLength(
                        entry + KEY_BYTES_OFFSET + (1 << (head & WIDTH_MASK)), head >>> VALUE_WIDTH_SHIFT & WIDTH_MASK);
    }

    /** Where the key begins. */
    public static long keyAddress(long entry) {
        int head = head(entry);
        return entry + (head >= 0 ? COMPACT_HEADER_BYTES : generalHeaderBytes(head));
    }

    /** Where the value begins. */
    public static long valueAddress(long entry) {
        return keyAddress(entry) + keyBytes(entry);
    }

    /** A copy of the key. */
    public static byte[] copyOfKey(long entry) {
        byte[] key = new byte[keyBytes(entry)];
        Memory.copyOut(keyAddress(entry), key, 0, key.length);
        return key;
    }

    /** A copy of the value. */
    public static byte[] copyOfValue(long entry) {
        byte[] value = new byte[valueBytes(entry)];
        Memory.copyOut(valueAddress(entry), value, 0, value.length);
        return value;
    }

    /**
     * A copy of the value, or {@code null} if it is longer than {@code atMost}, of 255 bytes at least.
     *
     * @param keyBytes the length of the key, which who has found the entry knows: where the value begins is then known
     *     before the header is there, and the processor fetches the lines of both at once
     */
    public static byte @Nullable [] copyOfValue(long entry, int keyBytes, int atMost) {
        int header = compactHeader(entry);
        if ((header & GENERAL_BIT) == 0) {
            byte[] value = new byte[header >>> Byte.SIZE];
            Memory.copyOut(entry + COMPACT_HEADER_BYTES + keyBytes, value, 0, value.length);
            return value;
        }
        return valueBytes(entry) <= atMost ? copyOfValue(entry) : null;
    }

    /** From which millisecond of the store's clock on the entry is dead; {@link #NEVER} if it does not expire. */
    public static long expiry(long entry) {
        int head = head(entry);
        return head >= 0 || (head & EXPIRY_BIT) == 0
                ? NEVER
                : Memory.getLongOpaque(entry + generalHeaderBytes(head) - Long.BYTES);
    }

    /**
     * Sets when an entry that expires does so: another time, but not {@link #NEVER}. Who holds the entry may, by an
     * epoch, a pin or its table's lock. Of several who do so at once, one has its way.
     */
    public static void setExpiry(long entry, long expiry) {
        Memory.putLongOpaque(entry + generalHeaderBytes(head(entry)) - Long.BYTES, expiry);
    }

    /** Which place an entry that expires has. Under the lock of its table, as {@link #setPlace}. */
    public static int place(long entry) {
        return Memory.getInt(entry + generalHeaderBytes(head(entry)) - EXPIRY_BYTES);
    }

    /** Sets the place of an entry that expires. */
    public static void setPlace(long entry, int place) {
        Memory.putInt(entry + generalHeaderBytes(head(entry)) - EXPIRY_BYTES, place);
    }

    /** Tells whether the entry's key is {@code key}, of {@code bytes}; see {@link ByteRange}. */
    static boolean hasKey(long entry, Object key, int bytes) {
        int header = compactHeader(entry);
        if ((header & GENERAL_BIT) == 0) {
            return (header & COMPACT_MAX_KEY_BYTES) == bytes
                    && ByteRange.equal(entry + COMPACT_HEADER_BYTES, key, bytes);
        }
        return keyBytes(entry) == bytes && ByteRange.equal(keyAddress(entry), key, bytes);
    }

    /** Tells whether two entries have the same key. */
    static boolean sameKey(long left, long right) {
        int keyBytes = keyBytes(left);
        return keyBytes == keyBytes(right) && Memory.equal(keyAddress(left), keyAddress(right), keyBytes);
    }

    /** The first two bytes in one load, which are all of the header if {@link #GENERAL_BIT} is not set in them. */
    private static int compactHeader(long entry) {
        return Memory.getShort(entry + HEAD_OFFSET) & 0xFFFF;
    }

    /** The first byte, sign extended: not negative for a compact entry. */
    private static int head(long entry) {
        return Memory.getByte(entry + HEAD_OFFSET);
    }

    private static boolean isCompact(int keyBytes, int valueBytes, boolean expires) {
        return keyBytes <= COMPACT_MAX_KEY_BYTES && valueBytes <= COMPACT_MAX_VALUE_BYTES && !expires;
    }

    private static int headerBytes(int keyBytes, int valueBytes, boolean expires) {
        return isCompact(keyBytes, valueBytes, expires)
                ? COMPACT_HEADER_BYTES
                : generalHeaderBytes(widthExponent(keyBytes), widthExponent(valueBytes), expires);
    }

    private static int generalHeaderBytes(int head) {
        return generalHeaderBytes(head & WIDTH_MASK, head >>> VALUE_WIDTH_SHIFT & WIDTH_MASK, (head & EXPIRY_BIT) != 0);
    }

    private static int generalHeaderBytes(int keyExponent, int valueExponent, boolean expires) {
        int lengthsEnd = KEY_BYTES_OFFSET + (1 << keyExponent) + (1 << valueExponent);
        return expires ? (lengthsEnd + EXPIRY_BYTES + Long.BYTES - 1) & -Long.BYTES : lengthsEnd;
    }

    /** 0, 1 or 2: log2 of the bytes that hold {@code length}. */
    private static int widthExponent(int length) {
        return length < 1 << 8 ? 0 : length < 1 << 16 ? 1 : 2;
    }

    private static int getLength(long address, int exponent) {
        return switch (exponent) {
            case 0 -> Memory.getByte(address) & 0xFF;
            case 1 -> Memory.getShort(address) & 0xFFFF;
            default -> Memory.getInt(address);
        };
    }

    private static void putLength(long address, int exponent, int length) {
        switch (exponent) {
            case 0 -> Memory.putByte(address, (byte) length);
            case 1 -> Memory.putShort(address, (short) length);
            default -> Memory.putInt(address, length);
        }
    }
}
