package dev.zmalloc.table;

import dev.zmalloc.ffi.Memory;

/**
 * The layout of one entry in native memory: one block that holds the lengths, the key and the value.
 *
 * <pre>
 *   offset  0        1                 1 + k              1 + k + v      .. + keyBytes
 *         +--------+-----------------+------------------+--------------+----------------+
 *         | widths | keyBytes, k = 1,| valueBytes, v = 1,| key bytes   | value bytes    |
 *         | 1 byte | 2 or 4 bytes    | 2 or 4 bytes     |              |                |
 *         +--------+-----------------+------------------+--------------+----------------+
 *   widths: bits 0-1 log2 of k, bits 2-3 log2 of v, bits 4-7 zero
 * </pre>
 *
 * Lengths are unsigned, in native order and as narrow as they can be: a key of 16 and a value of 100 bytes cost 3 bytes
 * more. Nothing is aligned. Invariant: {@code entryBytes(keyBytes, valueBytes) <=} the block's usable bytes. An entry
 * does not change once it is in a table; a new value is a new entry.
 */
public final class EntryLayout {
    private static final int WIDTHS_OFFSET = 0;
    private static final int KEY_BYTES_OFFSET = 1;
    private static final int WIDTH_MASK = 0b11;
    private static final int VALUE_WIDTH_SHIFT = 2;

    /** The longest header: the widths and two lengths of four bytes. */
    public static final int MAX_HEADER_BYTES = KEY_BYTES_OFFSET + 2 * Integer.BYTES;

    private EntryLayout() {}

    /** The bytes to request for an entry. */
    public static long entryBytes(int keyBytes, int valueBytes) {
        return headerBytes(widthExponent(keyBytes), widthExponent(valueBytes)) + (long) keyBytes + valueBytes;
    }

    /** The bytes that were requested for the entry at {@code entry}. */
    public static long entryBytes(long entry) {
        return valueAddress(entry) - entry + valueBytes(entry);
    }

    /**
     * Writes an entry into the block at {@code entry}, of at least {@link #entryBytes(int, int)}. Both arrays are
     * copied.
     */
    public static void write(long entry, byte[] key, byte[] value) {
        int keyExponent = widthExponent(key.length);
        int valueExponent = widthExponent(value.length);
        Memory.putByte(entry + WIDTHS_OFFSET, (byte) (keyExponent | valueExponent << VALUE_WIDTH_SHIFT));
        putLength(entry + KEY_BYTES_OFFSET, keyExponent, key.length);
        putLength(entry + KEY_BYTES_OFFSET + (1 << keyExponent), valueExponent, value.length);
        long keyAddress = entry + headerBytes(keyExponent, valueExponent);
        Memory.copyIn(key, 0, keyAddress, key.length);
        Memory.copyIn(value, 0, keyAddress + key.length, value.length);
    }

    /** The length of the key, in bytes. */
    public static int keyBytes(long entry) {
        return getLength(entry + KEY_BYTES_OFFSET, widths(entry) & WIDTH_MASK);
    }

    /** The length of the value, in bytes. */
    public static int valueBytes(long entry) {
        int widths = widths(entry);
        return getLength(entry + KEY_BYTES_OFFSET + (1 << (widths & WIDTH_MASK)), widths >>> VALUE_WIDTH_SHIFT);
    }

    /** Where the key begins. */
    public static long keyAddress(long entry) {
        int widths = widths(entry);
        return entry + headerBytes(widths & WIDTH_MASK, widths >>> VALUE_WIDTH_SHIFT);
    }

    /** Where the value begins. */
    public static long valueAddress(long entry) {
        return keyAddress(entry) + keyBytes(entry);
    }

    /** Tells whether the entry's key is {@code key}. */
    static boolean hasKey(long entry, byte[] key) {
        return keyBytes(entry) == key.length && Memory.equal(keyAddress(entry), key, 0, key.length);
    }

    /** Tells whether two entries have the same key. */
    static boolean sameKey(long left, long right) {
        int keyBytes = keyBytes(left);
        return keyBytes == keyBytes(right) && Memory.equal(keyAddress(left), keyAddress(right), keyBytes);
    }

    private static int widths(long entry) {
        return Memory.getByte(entry + WIDTHS_OFFSET);
    }

    private static int headerBytes(int keyExponent, int valueExponent) {
        return KEY_BYTES_OFFSET + (1 << keyExponent) + (1 << valueExponent);
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
