package dev.zmalloc.table;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ffi.Memory;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SipHashTest {
    /**
     * The vector printed in the paper's appendix: SipHash-2-4 of 00 .. 0e under the key 00 .. 0f. It vouches for the
     * reference here.
     */
    @Test
    void theReferenceGivesThePapersValue() {
        byte[] message = counting(15);
        assertThat(reference(0x0706050403020100L, 0x0F0E0D0C0B0A0908L, message, 2, 4))
                .isEqualTo(0xa129ca6149be45e5L);
    }

    @Test
    void agreesWithTheReferenceOnTheHeapAndInNativeMemory() {
        Random random = new Random(5);
        for (int bytes = 0; bytes < 200; bytes++) {
            byte[] message = new byte[bytes];
            random.nextBytes(message);
            SipHash hash = new SipHash(random.nextLong(), random.nextLong());
            long expected = reference(hash.key0(), hash.key1(), message, 1, 3);
            assertThat(hash.hash(message, bytes)).isEqualTo(expected);
            assertThat(hash.hash(MemorySegment.ofArray(message), bytes)).isEqualTo(expected);
            if (bytes == Long.BYTES) {
                long number =
                        ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN).getLong();
                assertThat(hash.hash(number)).isEqualTo(expected);
            }
            long copy = RawZMalloc.zmalloc(bytes + 1);
            Memory.copyIn(message, 0, copy + 1, bytes);
            assertThat(hash.hash(copy + 1, bytes)).isEqualTo(expected);
            RawZMalloc.zfree(copy);
        }
    }

    @Test
    void everyRandomKeyIsAnother() {
        assertThat(SipHash.random().hash(0)).isNotEqualTo(SipHash.random().hash(0));
    }

    private static byte[] counting(int bytes) {
        byte[] message = new byte[bytes];
        for (int index = 0; index < bytes; index++) {
            message[index] = (byte) index;
        }
        return message;
    }

    /** SipHash with c and d rounds, written down from the paper step by step. */
    private static long reference(long key0, long key1, byte[] message, int c, int d) {
        long[] v = {
            key0 ^ 0x736f6d6570736575L,
            key1 ^ 0x646f72616e646f6dL,
            key0 ^ 0x6c7967656e657261L,
            key1 ^ 0x7465646279746573L
        };
        byte[] padded = Arrays.copyOf(message, message.length / 8 * 8 + 8);
        padded[padded.length - 1] = (byte) message.length;
        ByteBuffer words = ByteBuffer.wrap(padded).order(ByteOrder.LITTLE_ENDIAN);
        while (words.hasRemaining()) {
            long word = words.getLong();
            v[3] ^= word;
            rounds(v, c);
            v[0] ^= word;
        }
        v[2] ^= 0xFF;
        rounds(v, d);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
    }

    private static void rounds(long[] v, int count) {
        for (int round = 0; round < count; round++) {
            v[0] += v[1];
            v[1] = Long.rotateLeft(v[1], 13);
            v[1] ^= v[0];
            v[0] = Long.rotateLeft(v[0], 32);
            v[2] += v[3];
            v[3] = Long.rotateLeft(v[3], 16);
            v[3] ^= v[2];
            v[0] += v[3];
            v[3] = Long.rotateLeft(v[3], 21);
            v[3] ^= v[0];
            v[2] += v[1];
            v[1] = Long.rotateLeft(v[1], 17);
            v[1] ^= v[2];
            v[2] = Long.rotateLeft(v[2], 32);
        }
    }
}
