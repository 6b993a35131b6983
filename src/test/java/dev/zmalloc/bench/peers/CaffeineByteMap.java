package dev.zmalloc.bench.peers;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;

/**
 * Copies in Caffeine, bounded by {@code maximumSize} as its guide begins with
 * (https://github.com/ben-manes/caffeine/wiki/Eviction); it asks for no other setting.
 */
final class CaffeineByteMap implements ByteMap {
    private final Cache<HeapKey, byte[]> cache;

    CaffeineByteMap(int entries) {
        cache = Caffeine.newBuilder().maximumSize(entries).build();
    }

    @Override
    public byte @Nullable [] get(byte[] key) {
        byte[] value = cache.getIfPresent(new HeapKey(key));
        return value == null ? null : value.clone();
    }

    @Override
    public void put(byte[] key, byte[] value) {
        cache.put(new HeapKey(key.clone()), value.clone());
    }

    @Override
    public long size() {
        cache.cleanUp();
        return cache.estimatedSize();
    }

    @Override
    public void close() {
        cache.invalidateAll();
    }
}
