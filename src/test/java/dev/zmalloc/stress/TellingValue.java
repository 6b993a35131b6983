package dev.zmalloc.stress;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Values that tell whether they are whole and whose they are: every word is the same, and holds the number of the key,
 * the count of words and a version. One that was served for another key, was cut, or is a mixture of two, or of one and
 * what a freed block is filled with, shows.
 *
 * <pre>
 *   63       40 39       24 23        0
 *   +----------+-----------+-----------+
 *   | key (24) | words (16)| version   |
 *   +----------+-----------+-----------+
 * </pre>
 */
public final class TellingValue {
    private static final ValueLayout.OfLong BIG_ENDIAN =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    /** Mostly short ones; of long ones every second is longer than what is copied in an epoch, of 32 KiB. */
    private static final int MOST_WORDS = 60;

    private static final int LONG_WORDS = 2_500;
    private static final int LONGEST_WORDS = 5_000;

    private TellingValue() {}

    /** The key that a number stands for. */
    public static byte[] key(int number) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    }

    /** A value for a key, of random length and version; one of {@code longOnes} is long. */
    public static byte[] of(int number, SplittableRandom random, int longOnes) {
        int words = 1 + random.nextInt(MOST_WORDS);
        if (random.nextInt(longOnes) == 0) {
            words = random.nextBoolean() ? LONG_WORDS : LONGEST_WORDS;
        }
        ByteBuffer value = ByteBuffer.allocate(words * Long.BYTES);
        long word = (long) number << 40 | (long) words << 24 | random.nextInt(1 << 24);
        while (value.hasRemaining()) {
            value.putLong(word);
        }
        return value.array();
    }

    /** Checks a copy of a value; {@code null} is none, and right. Returns how many there were. */
    public static int check(int number, byte @Nullable [] value) {
        if (value == null) {
            return 0;
        }
        check(number, MemorySegment.ofArray(value));
        return 1;
    }

    /**
     * Checks a value. Returns its word.
     *
     * @throws AssertionError if it is not a whole one of that key
     */
    public static long check(int number, MemorySegment value) {
        if (value.byteSize() < Long.BYTES) {
            throw new AssertionError("a value of " + value.byteSize() + " bytes of key " + number);
        }
        long first = value.get(BIG_ENDIAN, 0);
        if (first >>> 40 != number) {
            throw new AssertionError("key " + number + " was served a value of key " + (first >>> 40) + ", of "
                    + value.byteSize() + " bytes: 0x" + Long.toHexString(first));
        }
        long words = first >>> 24 & 0xFFFF;
        if (value.byteSize() != words * Long.BYTES) {
            throw new AssertionError(
                    "a value of key " + number + " has " + value.byteSize() + " bytes, not " + words + " words");
        }
        for (long offset = 0; offset < value.byteSize(); offset += Long.BYTES) {
            if (value.get(BIG_ENDIAN, offset) != first) {
                throw new AssertionError("a torn value of key " + number + " at offset " + offset + " of "
                        + value.byteSize() + ": 0x" + Long.toHexString(value.get(BIG_ENDIAN, offset)) + " after 0x"
                        + Long.toHexString(first));
            }
        }
        return first;
    }
}
