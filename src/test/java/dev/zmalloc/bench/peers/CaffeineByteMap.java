package dev.zmalloc.bench.peers;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;

/**
 * Copies in Caffeine, bounded by {@code maximumSize} as its guide begins with
 * (https://github.com/ben-manes/caffeine/wiki/Eviction); it asks for no other setting. A limit in bytes is a
 * {@code maximumWeight} with a {@code weigher}, as the same page has it; Caffeine leaves to its user what weighs how
 * much.
 */
final class CaffeineByteMap implements ByteMap {
    /**
     * Bytes that an entry takes besides its arrays, with references of 4 bytes: 24 of the key's object, 40 of
     * Caffeine's node, 32 of the map's, 6 of its table, 12 of the sketch. With arrays of 32 and 120 bytes that makes
     * 266, which is also what {@code make bench-peers} measures.
     */
    private static final int OVERHEAD_BYTES = 114;

    private static final int ARRAY_HEADER_BYTES = 16;
    private static final int ALIGNMENT = 8;

    private final Cache<HeapKey, byte[]> cache;

    CaffeineByteMap(int entries) {
        cache = Caffeine.newBuilder().maximumSize(entries).build();
    }

    /**
     * With a limit in bytes.
     *
     * @param payloadOnly whether it is on the lengths of keys and values alone, or on all that they take of the heap
     */
    CaffeineByteMap(long maxBytes, boolean payloadOnly) {
        cache = Caffeine.newBuilder()
                .maximumWeight(maxBytes)
                .weigher((HeapKey key, byte[] value) -> payloadOnly
                        ? key.bytes().length + value.length
                        : heapBytes(key.bytes()) + heapBytes(value) + OVERHEAD_BYTES)
                .build();
    }

    private static int heapBytes(byte[] array) {
        return (array.length + ARRAY_HEADER_BYTES + ALIGNMENT - 1) & -ALIGNMENT;
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
