package dev.zmalloc.bench.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.caffinitas.ohc.CacheSerializer;
import org.caffinitas.ohc.Eviction;
import org.caffinitas.ohc.OHCache;
import org.caffinitas.ohc.OHCacheBuilder;
import org.jspecify.annotations.Nullable;

/**
 * OHC as its README has it (https://github.com/snazy/ohc): twice as many segments as processors, which is the default;
 * "a large hash table", so large that it need not grow; LRU; and jemalloc preloaded, which the JVM of this peer is
 * started with where it is installed.
 */
final class OhcByteMap implements ByteMap {
    private static final double LOAD_FACTOR = 0.75;
    private static final int CHUNKS = 64;

    /** Its header, key and value: for the number of entries that a limit has room for. */
    private static final int BYTES_PER_ENTRY = 176;

    private final OHCache<byte[], byte[]> cache;

    private OhcByteMap(OHCacheBuilder<byte[], byte[]> builder) {
        cache = builder.keySerializer(new Bytes())
                .valueSerializer(new Bytes())
                .eviction(Eviction.LRU)
                .build();
    }

    /** A block of memory for each entry: the default. */
    static OhcByteMap linked(int entries) {
        return new OhcByteMap(builder(entries).capacity(Peer.limitBytes(entries)));
    }

    /**
     * Entries one after the other in chunks of memory that are taken at the start: "intended for small entries", "still
     * considered experimental". The capacity is what it fills, so less of it than for the others.
     */
    static OhcByteMap chunked(int entries) {
        long capacity = Math.max(64L << 20, 192L * entries);
        int segments = segments();
        return new OhcByteMap(builder(entries)
                .segmentCount(segments)
                .chunkSize((int) (capacity / segments / CHUNKS))
                .capacity(capacity));
    }

    /** The same with a limit in bytes, of which OHC counts what it allocates for entries, and not its tables. */
    static OhcByteMap limited(long maxBytes) {
        return new OhcByteMap(builder((int) Math.min(Integer.MAX_VALUE, maxBytes / BYTES_PER_ENTRY))
                .capacity(maxBytes));
    }

    private static OHCacheBuilder<byte[], byte[]> builder(int entries) {
        int buckets = (int) (entries / LOAD_FACTOR / segments());
        return OHCacheBuilder.<byte[], byte[]>newBuilder().hashTableSize(powerOfTwo(Math.max(8192, buckets)));
    }

    private static int segments() {
        return powerOfTwo(2 * Runtime.getRuntime().availableProcessors());
    }

    /** The least power of two that is not less. */
    private static int powerOfTwo(int number) {
        return Integer.highestOneBit(number - 1) << 1;
    }

    @Override
    public byte @Nullable [] get(byte[] key) {
        return cache.get(key);
    }

    @Override
    public void put(byte[] key, byte[] value) {
        if (!cache.put(key, value)) {
            throw new IllegalStateException("OHC has refused an entry");
        }
    }

    @Override
    public long size() {
        return cache.size();
    }

    @Override
    public void close() {
        try {
            cache.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Bytes as they are. */
    private static final class Bytes implements CacheSerializer<byte[]> {
        @Override
        public void serialize(byte[] bytes, ByteBuffer buffer) {
            buffer.put(bytes);
        }

        @Override
        public byte[] deserialize(ByteBuffer buffer) {
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
            return bytes;
        }

        @Override
        public int serializedSize(byte[] bytes) {
            return bytes.length;
        }
    }
}
