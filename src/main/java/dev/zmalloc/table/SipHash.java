package dev.zmalloc.table;

import dev.zmalloc.ffi.Bytes;
import dev.zmalloc.ffi.Memory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.SecureRandom;

/**
 * SipHash-1-3: a keyed 64-bit hash of a byte string. Who does not know the key cannot choose strings that collide.
 *
 * <p>One compression round for each eight bytes and three at the end, the variant that Rust and Python use for their
 * tables. The same bytes give the same hash whether they lie on the heap or in native memory. Source: Aumasson and
 * Bernstein, SipHash: a fast short-input PRF, INDOCRYPT 2012.
 *
 * @param key0 the first half of the key
 * @param key1 the second half of the key
 */
record SipHash(long key0, long key1) {
    private static final long C0 = 0x736f6d6570736575L;
    private static final long C1 = 0x646f72616e646f6dL;
    private static final long C2 = 0x6c7967656e657261L;
    private static final long C3 = 0x7465646279746573L;

    /** A hash under a fresh random key. */
    static SipHash random() {
        SecureRandom random = new SecureRandom();
        return new SipHash(random.nextLong(), random.nextLong());
    }

    /** The hash of the eight bytes of {@code number}. */
    long hash(long number) {
        Rounds rounds = new Rounds(key0, key1);
        rounds.compress(number);
        return rounds.finish(0, Long.BYTES);
    }

    // The same three times, and not once for any source: which kind it is would be asked again at each word.

    /** The hash of the first {@code bytes} of {@code array}. */
    long hash(byte[] array, int bytes) {
        Rounds rounds = new Rounds(key0, key1);
        int whole = bytes & -Long.BYTES;
        for (int index = 0; index < whole; index += Long.BYTES) {
            rounds.compress(Bytes.getLong(array, index));
        }
        long tail = 0;
        for (int index = bytes - 1; index >= whole; index--) {
            tail = tail << Byte.SIZE | (array[index] & 0xFF);
        }
        return rounds.finish(tail, bytes);
    }

    /** The hash of the first {@code bytes} of {@code segment}. */
    long hash(MemorySegment segment, int bytes) {
        Rounds rounds = new Rounds(key0, key1);
        int whole = bytes & -Long.BYTES;
        for (int index = 0; index < whole; index += Long.BYTES) {
            rounds.compress(segment.get(ValueLayout.JAVA_LONG_UNALIGNED, index));
        }
        long tail = 0;
        for (int index = bytes - 1; index >= whole; index--) {
            tail = tail << Byte.SIZE | (segment.get(ValueLayout.JAVA_BYTE, index) & 0xFF);
        }
        return rounds.finish(tail, bytes);
    }

    /** The hash of {@code bytes} at {@code address}. */
    long hash(long address, int bytes) {
        Rounds rounds = new Rounds(key0, key1);
        int whole = bytes & -Long.BYTES;
        for (int index = 0; index < whole; index += Long.BYTES) {
            rounds.compress(Memory.getLong(address + index));
        }
        long tail = 0;
        for (int index = bytes - 1; index >= whole; index--) {
            tail = tail << Byte.SIZE | (Memory.getByte(address + index) & 0xFF);
        }
        return rounds.finish(tail, bytes);
    }

    /** The state of a hash under way: four variables in registers, since the JIT sees the whole life of the object. */
    private static final class Rounds {
        private long v0;
        private long v1;
        private long v2;
        private long v3;

        Rounds(long key0, long key1) {
            v0 = key0 ^ C0;
            v1 = key1 ^ C1;
            v2 = key0 ^ C2;
            v3 = key1 ^ C3;
        }

        void compress(long word) {
            v3 ^= word;
            round();
            v0 ^= word;
        }

        /** Takes in the last bytes, fewer than eight, and the number of all, and answers the hash. */
        long finish(long tail, int bytes) {
            compress(tail | (long) bytes << 56);
            v2 ^= 0xFF;
            round();
            round();
            round();
            return v0 ^ v1 ^ v2 ^ v3;
        }

        private void round() {
            v0 += v1;
            v2 += v3;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 = Long.rotateLeft(v0, 32) + v3;
            v2 += v1;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 = Long.rotateLeft(v2, 32);
        }
    }
}
