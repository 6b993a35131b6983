package dev.zmalloc.bench.eviction;

import dev.zmalloc.bench.peers.ByteMap;
import dev.zmalloc.bench.peers.Peer;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What is filled beyond its limit. All have the same limit in bytes, each by its own way to set one. */
enum Contender {
    /** The store as users get it. */
    ALLKEYS_LRU("allkeys-lru", Peer.ZMALLOC, EvictionPolicy.ALLKEYS_LRU),
    /** The store with another policy, like those below. */
    ALLKEYS_LFU("allkeys-lfu", Peer.ZMALLOC, EvictionPolicy.ALLKEYS_LFU),
    /** By the last write. */
    ALLKEYS_LRM("allkeys-lrm", Peer.ZMALLOC, EvictionPolicy.ALLKEYS_LRM),
    /** Any. */
    ALLKEYS_RANDOM("allkeys-random", Peer.ZMALLOC, EvictionPolicy.ALLKEYS_RANDOM),
    /** By queues. */
    ALLKEYS_S3FIFO("allkeys-s3fifo", Peer.ZMALLOC, EvictionPolicy.ALLKEYS_S3FIFO),
    /** By uses and size. */
    ALLKEYS_GDSF("allkeys-gdsf", Peer.ZMALLOC, EvictionPolicy.ALLKEYS_GDSF),
    /** OHC, whose capacity counts its entries with their headers, and not its tables. */
    OHC("OHC", Peer.OHC, null),
    /** Caffeine, whose weigher tells what an entry takes of the heap. */
    CAFFEINE("Caffeine", Peer.CAFFEINE, null),
    /** Caffeine, whose weigher tells the lengths of key and value: it takes more memory than its limit. */
    CAFFEINE_PAYLOAD("Caffeine, limit on payload", Peer.CAFFEINE, null);

    private final String title;
    private final Peer peer;
    private final @Nullable EvictionPolicy policy;

    Contender(String title, Peer peer, @Nullable EvictionPolicy policy) {
        this.title = title;
        this.peer = peer;
        this.policy = policy;
    }

    /** For people. */
    String title() {
        return title;
    }

    /** For figures. */
    String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whose JVM it is measured in. */
    Peer peer() {
        return peer;
    }

    /** The store's policy; {@code null} for others. */
    @Nullable
    EvictionPolicy policy() {
        return policy;
    }

    /** Opens it with that limit. */
    ByteMap open(long maxBytes) {
        if (policy == null) {
            return peer.openLimited(maxBytes, this == CAFFEINE_PAYLOAD);
        }
        OffHeapStore store = OffHeapStore.builder()
                .maxMemory(maxBytes)
                .evictionPolicy(policy)
                .build();
        return ByteMap.of(store);
    }
}
