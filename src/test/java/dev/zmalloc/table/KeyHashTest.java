package dev.zmalloc.table;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ffi.Memory;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

class KeyHashTest {
    private static final int SECRETS = 60;
    private static final int KEYS = 1 << 13;

    @Test
    void agreesWithTheReferenceOnTheHeapAndInNativeMemory() {
        Random random = new Random(7);
        for (int bytes = 0; bytes < 64; bytes++) {
            for (int round = 0; round < 50; round++) {
                byte[] key = new byte[bytes];
                random.nextBytes(key);
                if (round % 5 == 0) {
                    // What carries the most, and the least.
                    Arrays.fill(key, (byte) (round % 2 == 0 ? -1 : 0));
                }
                SipHash secret = new SipHash(random.nextLong(), random.nextLong());
                KeyHash hash = new KeyHash(secret);
                long expected = reference(secret, key);
                assertThat(hash.hash(key)).isEqualTo(expected);
                assertThat(hash.hash(Arrays.copyOf(key, bytes + 9), bytes)).isEqualTo(expected);
                assertThat(hash.hash(MemorySegment.ofArray(key), bytes)).isEqualTo(expected);
                long copy = RawZMalloc.zmalloc(bytes + 1);
                Memory.copyIn(key, 0, copy + 1, bytes);
                assertThat(hash.hash(copy + 1, bytes)).isEqualTo(expected);
                RawZMalloc.zfree(copy);
            }
        }
    }

    @Test
    void keysOfOtherLengthsHaveOtherHashes() {
        KeyHash hash = new KeyHash(new SipHash(1, 2));
        Set<Long> hashes = new HashSet<>();
        for (int bytes = 0; bytes <= 40; bytes++) {
            assertThat(hashes.add(hash.hash(new byte[bytes]))).isTrue();
        }
    }

    @Test
    void keysInARowSpreadAsRandomOnesDo() {
        checkSpread(number -> longKey(number));
        checkSpread(number -> longKey((long) number << 12));
        checkSpread(number -> longKey((long) number << 48));
    }

    @Test
    void keysThatAreTextSpreadAsRandomOnesDo() {
        checkSpread(number -> Integer.toString(number).getBytes(StandardCharsets.UTF_8));
        checkSpread(number -> ("user:" + number).getBytes(StandardCharsets.UTF_8));
        checkSpread(number -> String.format("%016d", number).getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void keysThatDifferInBothWordsSpreadAsRandomOnesDo() {
        checkSpread(number -> twoWords(number, number));
        checkSpread(number -> twoWords(number, -number));
        checkSpread(number -> twoWords(number >>> 6, (long) (number & 63) << 58));
        checkSpread(number -> twoWords(1L << number, number >>> 6));
    }

    @Test
    void longKeysSpreadAsRandomOnesDo() {
        checkSpread(number -> String.format("a key of some length:%d", number).getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void everyRandomSecretIsAnother() {
        assertThat(KeyHash.random().hash(new byte[4]))
                .isNotEqualTo(KeyHash.random().hash(new byte[4]));
    }

    @Test
    void aDisguisedHashIsOneForEachHash() {
        KeyHash hash = new KeyHash(new SipHash(3, 4));
        Set<Long> disguised = new HashSet<>();
        for (int number = 0; number < 1000; number++) {
            long keyHash = hash.hash(longKey(number));
            assertThat(disguised.add(hash.disguised(keyHash))).isTrue();
            assertThat(hash.disguised(keyHash))
                    .isEqualTo(hash.disguised(keyHash))
                    .isNotEqualTo(keyHash);
        }
    }

    /**
     * The parts of a hash that choose bucket, stripe and fingerprint, each by the chi-squared test, for many secrets.
     */
    private static void checkSpread(IntFunction<byte[]> keyOfNumber) {
        byte[][] keys = new byte[KEYS][];
        Arrays.setAll(keys, keyOfNumber);
        Random random = new Random(11);
        for (int secret = 0; secret < SECRETS; secret++) {
            KeyHash hash = new KeyHash(new SipHash(random.nextLong(), random.nextLong()));
            checkPart(keys, hash, 0, 11);
            checkPart(keys, hash, 48, 6);
            checkPart(keys, hash, 56, 8);
        }
    }

    private static void checkPart(byte[][] keys, KeyHash hash, int shift, int bits) {
        int[] counts = new int[1 << bits];
        for (byte[] key : keys) {
            counts[(int) (hash.hash(key) >>> shift) & (counts.length - 1)]++;
        }
        double expected = (double) keys.length / counts.length;
        double chiSquared = 0;
        for (int count : counts) {
            chiSquared += (count - expected) * (count - expected) / expected;
        }
        int freedom = counts.length - 1;
        // Six and a half standard deviations: of random keys, one test in millions is beyond.
        assertThat(chiSquared).isLessThan(freedom + 6.5 * Math.sqrt(2.0 * freedom));
    }

    private static byte[] longKey(long number) {
        return ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(number)
                .array();
    }

    private static byte[] twoWords(long first, long last) {
        return ByteBuffer.allocate(2 * Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(first)
                .putLong(last)
                .array();
    }

    /** The sum as the paper has it, in whole numbers. */
    private static long reference(SipHash secret, byte[] key) {
        if (key.length > 16) {
            return secret.hash(key, key.length);
        }
        long first = word(key, 0, Math.min(key.length, Long.BYTES));
        long last = key.length < Long.BYTES ? 0 : word(key, key.length - Long.BYTES, Long.BYTES);
        BigInteger sum = wide(secret.hash(5 + 2L * key.length), secret.hash(4 + 2L * key.length))
                .add(wide(secret.hash(0), secret.hash(1)).multiply(wide(0, first)))
                .add(wide(secret.hash(2), secret.hash(3)).multiply(wide(0, last)));
        long upper = sum.shiftRight(Long.SIZE).longValue();
        long mixed = (upper ^ upper >>> 32) * 0x9E3779B97F4A7C15L;
        return mixed ^ mixed >>> 32;
    }

    private static long word(byte[] key, int from, int bytes) {
        long word = 0;
        for (int index = 0; index < bytes; index++) {
            word |= (key[from + index] & 0xFFL) << (index * Byte.SIZE);
        }
        return word;
    }

    private static BigInteger wide(long high, long low) {
        return new BigInteger(Long.toUnsignedString(high))
                .shiftLeft(Long.SIZE)
                .add(new BigInteger(Long.toUnsignedString(low)));
    }
}
