package dev.zmalloc.bench.peers;

import java.util.Arrays;

/** A byte string as a key of maps that go by {@code hashCode} and {@code equals}, with its hash worked out once. */
final class HeapKey {
    private final byte[] bytes;
    private final int hash;

    /** Keeps the array. */
    HeapKey(byte[] bytes) {
        this.bytes = bytes;
        this.hash = Arrays.hashCode(bytes);
    }

    byte[] bytes() {
        return bytes;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof HeapKey key && hash == key.hash && Arrays.equals(bytes, key.bytes);
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
