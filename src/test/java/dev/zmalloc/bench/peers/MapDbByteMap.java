package dev.zmalloc.bench.peers;

import org.jspecify.annotations.Nullable;
import org.mapdb.DB;
import org.mapdb.DBMaker;
import org.mapdb.HTreeMap;
import org.mapdb.Serializer;

/**
 * MapDB in direct memory, without transactions, which is the default there. As its page on this map asks
 * (https://mapdb.org/book/htreemap/): serializers named, and a layout whose table is not too small, since the default
 * one ends at half a million. The page's sharded form is on the heap only.
 */
final class MapDbByteMap implements ByteMap {
    private static final int SEGMENTS = 8;
    private static final int NODE_SIZE = 32;
    private static final int LEVELS = 4;

    private final DB database = DBMaker.memoryDirectDB().make();
    private final HTreeMap<byte[], byte[]> map = database.hashMap("peer", Serializer.BYTE_ARRAY, Serializer.BYTE_ARRAY)
            .layout(SEGMENTS, NODE_SIZE, LEVELS)
            .create();

    @Override
    public byte @Nullable [] get(byte[] key) {
        return map.get(key);
    }

    @Override
    public void put(byte[] key, byte[] value) {
        map.put(key, value);
    }

    @Override
    public long size() {
        return map.sizeLong();
    }

    @Override
    public void close() {
        database.close();
    }
}
