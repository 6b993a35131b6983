package dev.zmalloc.bench.peers;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;
import org.jspecify.annotations.Nullable;

/** The store through its public methods. */
final class StoreByteMap implements ByteMap {
    private final OffHeapStore store;

    /** As users get it: a limit, {@code allkeys-lru}, and defaults for the rest. */
    StoreByteMap(int entries) {
        this(OffHeapStore.builder()
                .maxMemory(Peer.limitBytes(entries))
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build());
    }

    StoreByteMap(OffHeapStore store) {
        this.store = store;
    }

    @Override
    public byte @Nullable [] get(byte[] key) {
        return store.get(key);
    }

    @Override
    public void put(byte[] key, byte[] value) {
        store.put(key, value);
    }

    @Override
    public long size() {
        return store.size();
    }

    @Override
    public void close() {
        store.close();
    }
}
