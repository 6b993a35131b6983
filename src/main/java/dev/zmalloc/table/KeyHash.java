package dev.zmalloc.table;

import dev.zmalloc.ffi.Bytes;
import dev.zmalloc.ffi.Memory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The hash of a table's keys, 64 bits under a secret of 128. Who does not know the secret cannot choose keys that
 * collide.
 *
 * <pre>
 *   up to 16 bytes    first word, last word (they overlap in a key of 8 to 15 bytes; of up to 7, the one word is first)
 *                     (length's constant + first * multiplier + last * multiplier) mod 2^128, the upper 64 bits, mixed
 *   more              SipHash-1-3 of all bytes
 * </pre>
 *
 * <p>With random constants the sum is strongly universal: the hashes of any two keys are independent of each other, and
 * each is any number as likely as any other, so two keys that somebody chose share a bucket as seldom as two that
 * nobody chose (D. Lemire and O. Kaser, "Strongly universal string hashing is fast", The Computer Journal 57, 2014,
 * from L. Carter and M. Wegman). The constants come from SipHash, and are as random as that is. It is weaker than
 * SipHash in one thing: it holds for keys that are chosen before any hash is seen, and since the sum is linear, a few
 * hashes with their keys would tell the constants. So hashes stay within the process, and what leaves it goes through
 * {@link #disguised}. A scan's cursor tells the lowest bits of the hash of the keys beside it: who hands cursors to
 * strangers tells them that. The mixing, which is the same for all secrets, breaks up the rows that keys in a row are
 * mapped to.
 *
 * <p>As compiled, SipHash takes some 170 instructions for 16 bytes, and the sum 65. What counts is less the time for
 * these than that the processor looks ahead so many instructions only while a read waits for memory: with fewer, the
 * next read's memory is on its way by then.
 */
public final class KeyHash {
    /** A key of up to so many bytes is two words. */
    private static final int SHORT_KEY_BYTES = 2 * Long.BYTES;

    private static final int MIX_SHIFT = 32;

    /** Odd, with bits all over: 2^64 divided by the golden ratio. */
    private static final long MIX_FACTOR = 0x9E3779B97F4A7C15L;

    private final SipHash sipHash;

    // The multipliers, of 128 bits each.
    private final long firstHigh;
    private final long firstLow;
    private final long lastHigh;
    private final long lastLow;

    /** What is added by the key's length, 128 bits each, the lower half first. */
    private final long[] lengths = new long[2 * (SHORT_KEY_BYTES + 1)];

    /** The hash under the secret of {@code sipHash}, which also makes the constants from it. */
    KeyHash(SipHash sipHash) {
        this.sipHash = sipHash;
        long number = 0;
        firstHigh = sipHash.hash(number++);
        firstLow = sipHash.hash(number++);
        lastHigh = sipHash.hash(number++);
        lastLow = sipHash.hash(number++);
        for (int index = 0; index < lengths.length; index++) {
            lengths[index] = sipHash.hash(number++);
        }
    }

    /** A hash under a fresh random secret. */
    public static KeyHash random() {
        return new KeyHash(SipHash.random());
    }

    /** The hash of all bytes of {@code array}. */
    public long hash(byte[] array) {
        return hash(array, array.length);
    }

    /** The hash of {@code source}, of {@code bytes}; see {@link dev.zmalloc.ffi.ByteRange}. */
    public long hash(Object source, int bytes) {
        return source instanceof byte[] array ? hash(array, bytes) : hash((MemorySegment) source, bytes);
    }

    // The same three times, and not once for any source: which kind it is would be asked again at each word.

    private long hash(byte[] array, int bytes) {
        if (bytes > SHORT_KEY_BYTES) {
            return sipHash.hash(array, bytes);
        }
        if (bytes >= Long.BYTES) {
            return ofWords(Bytes.getLong(array, 0), Bytes.getLong(array, bytes - Long.BYTES), bytes);
        }
        long word = 0;
        for (int index = bytes - 1; index >= 0; index--) {
            word = word << Byte.SIZE | (array[index] & 0xFF);
        }
        return ofWords(word, 0, bytes);
    }

    private long hash(MemorySegment segment, int bytes) {
        if (bytes > SHORT_KEY_BYTES) {
            return sipHash.hash(segment, bytes);
        }
        if (bytes >= Long.BYTES) {
            return ofWords(
                    segment.get(ValueLayout.JAVA_LONG_UNALIGNED, 0),
                    segment.get(ValueLayout.JAVA_LONG_UNALIGNED, bytes - Long.BYTES),
                    bytes);
        }
        long word = 0;
        for (int index = bytes - 1; index >= 0; index--) {
            word = word << Byte.SIZE | (segment.get(ValueLayout.JAVA_BYTE, index) & 0xFF);
        }
        return ofWords(word, 0, bytes);
    }

    /** The hash of {@code bytes} at {@code address}. */
    public long hash(long address, int bytes) {
        if (bytes > SHORT_KEY_BYTES) {
            return sipHash.hash(address, bytes);
        }
        if (bytes >= Long.BYTES) {
            return ofWords(Memory.getLong(address), Memory.getLong(address + bytes - Long.BYTES), bytes);
        }
        long word = 0;
        for (int index = bytes - 1; index >= 0; index--) {
            word = word << Byte.SIZE | (Memory.getByte(address + index) & 0xFF);
        }
        return ofWords(word, 0, bytes);
    }

    private long ofWords(long first, long last, int bytes) {
        long firstProduct = first * firstLow;
        long lastProduct = last * lastLow;
        long low = lengths[2 * bytes] + firstProduct;
        long carries = carry(low, firstProduct) + carry(low + lastProduct, lastProduct);
        long high = lengths[2 * bytes + 1]
                + Math.unsignedMultiplyHigh(first, firstLow)
                + first * firstHigh
                + Math.unsignedMultiplyHigh(last, lastLow)
                + last * lastHigh
                + carries;
        high = (high ^ high >>> MIX_SHIFT) * MIX_FACTOR;
        return high ^ high >>> MIX_SHIFT;
    }

    /** What is carried over to the upper half where {@code sum} is that of {@code addend} and another number. */
    private static long carry(long sum, long addend) {
        return Long.compareUnsigned(sum, addend) < 0 ? 1 : 0;
    }

    /** Another hash of a key, by its hash: the same for the same key, and telling nobody about the secret. */
    public long disguised(long keyHash) {
        return sipHash.hash(keyHash);
    }
}
