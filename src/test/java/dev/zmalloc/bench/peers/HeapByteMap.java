package dev.zmalloc.bench.peers;

import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Copies in a {@link ConcurrentHashMap}, as a user would keep them there: a key that can be compared, made for each
 * call, and copies on the way in and out.
 */
final class HeapByteMap implements ByteMap {
    private final ConcurrentHashMap<HeapKey, byte[]> map = new ConcurrentHashMap<>();

    @Override
    public byte @Nullable [] get(byte[] key) {
        byte[] value = map.get(new HeapKey(key));
        return value == null ? null : value.clone();
    }

    @Override
    public void put(byte[] key, byte[] value) {
        map.put(new HeapKey(key.clone()), value.clone());
    }

    @Override
    public long size() {
        return map.mappingCount();
    }

    @Override
    public void close() {
        map.clear();
    }
}
