package dev.zmalloc.table;

import dev.zmalloc.ffi.ByteRange;
import dev.zmalloc.ffi.Memory;
import java.security.SecureRandom;
import org.jspecify.annotations.Nullable;

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
public record SipHash(long key0, long key1) {
    private static final long C0 = 0x736f6d6570736575L;
    private static final long C1 = 0x646f72616e646f6dL;
    private static final long C2 = 0x6c7967656e657261L;
    private static final long C3 = 0x7465646279746573L;

    /** A hash under a fresh random key. */
    public static SipHash random() {
        SecureRandom random = new SecureRandom();
        return new SipHash(random.nextLong(), random.nextLong());
    }

    /** The hash of all bytes of {@code array}. */
    public long hash(byte[] array) {
        return hash(array, array.length);
    }

    /** The hash of {@code source}, of {@code bytes}; see {@link ByteRange}. */
    public long hash(Object source, int bytes) {
        long tail = (long) bytes << 56;
        int whole = bytes & -Long.BYTES;
        for (int index = whole; index < bytes; index++) {
            tail |= (ByteRange.getByte(source, index) & 0xFFL) << ((index - whole) << 3);
        }
        return hash(source, 0, whole, tail);
    }

    /** The hash of {@code bytes} at {@code address}. */
    public long hash(long address, int bytes) {
        long tail = (long) bytes << 56;
        int whole = bytes & -Long.BYTES;
        for (int index = whole; index < bytes; index++) {
            tail |= (Memory.getByte(address + index) & 0xFFL) << ((index - whole) << 3);
        }
        return hash(null, address, whole, tail);
    }

    /**
     * Hashes {@code whole} bytes at {@code offset} of {@code source}, or at the address {@code offset} if there is
     * none, and then the word {@code tail}.
     */
    private long hash(@Nullable Object source, long address, int whole, long tail) {
        long v0 = key0 ^ C0;
        long v1 = key1 ^ C1;
        long v2 = key0 ^ C2;
        long v3 = key1 ^ C3;
        for (int index = 0; index <= whole; index += Long.BYTES) {
            long word = tail;
            if (index < whole) {
                word = source != null ? ByteRange.getLong(source, index) : Memory.getLong(address + index);
            }
            v3 ^= word;
            v0 += v1;
            v2 += v3;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 = Long.rotateLeft(v0, 32) + v3;
            v2 += v1;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 = Long.rotateLeft(v2, 32);
            v0 ^= word;
        }
        v2 ^= 0xFF;
        for (int round = 0; round < 3; round++) {
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
        return v0 ^ v1 ^ v2 ^ v3;
    }
}
