package dev.zmalloc.bench.peers;

import dev.zmalloc.store.OffHeapStore;
import org.jspecify.annotations.Nullable;

/** What all peers are called through. Arrays that go in are the caller's again after the call, and may change then. */
public interface ByteMap extends AutoCloseable {
    /** The entries of a store, which is closed with it. */
    static ByteMap of(OffHeapStore store) {
        return new StoreByteMap(store);
    }

    /** A copy of the value, which is the caller's; {@code null} if the key is not there. */
    byte @Nullable [] get(byte[] key);

    /** Stores copies of both, in place of an earlier value. */
    void put(byte[] key, byte[] value);

    /** Counted, or looked through: not for use while something is measured. */
    long size();

    @Override
    void close();
}
