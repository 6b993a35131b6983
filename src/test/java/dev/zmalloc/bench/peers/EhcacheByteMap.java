package dev.zmalloc.bench.peers;

import java.nio.ByteBuffer;
import org.ehcache.Cache;
import org.ehcache.CacheManager;
import org.ehcache.config.builders.CacheConfigurationBuilder;
import org.ehcache.config.builders.CacheManagerBuilder;
import org.ehcache.config.builders.ResourcePoolsBuilder;
import org.ehcache.config.units.MemoryUnit;
import org.ehcache.core.spi.time.TickingTimeSource;
import org.ehcache.impl.internal.TimeSourceConfiguration;
import org.ehcache.spi.serialization.Serializer;
import org.jspecify.annotations.Nullable;

/**
 * Ehcache with an off-heap tier alone, of the size that the others may take, no expiry, and what its page on
 * performance advises (https://www.ehcache.org/documentation/3.10/performance.html): serializers of one's own, and the
 * ticking time source.
 */
final class EhcacheByteMap implements ByteMap {
    private static final String NAME = "peer";

    private final CacheManager manager;
    private final Cache<HeapKey, byte[]> cache;

    EhcacheByteMap(int entries) {
        manager = CacheManagerBuilder.newCacheManagerBuilder()
                .using(new TimeSourceConfiguration(new TickingTimeSource(1, 1000)))
                .withCache(
                        NAME,
                        CacheConfigurationBuilder.newCacheConfigurationBuilder(
                                        HeapKey.class,
                                        byte[].class,
                                        ResourcePoolsBuilder.newResourcePoolsBuilder()
                                                .offheap(Peer.limitBytes(entries), MemoryUnit.B))
                                .withKeySerializer(new Keys())
                                .withValueSerializer(new Values()))
                .build(true);
        cache = manager.getCache(NAME, HeapKey.class, byte[].class);
    }

    @Override
    public byte @Nullable [] get(byte[] key) {
        return cache.get(new HeapKey(key));
    }

    @Override
    public void put(byte[] key, byte[] value) {
        cache.put(new HeapKey(key), value);
    }

    @Override
    public long size() {
        long size = 0;
        for (Cache.Entry<HeapKey, byte[]> entry : cache) {
            size += entry.getValue() == null ? 0 : 1;
        }
        return size;
    }

    @Override
    public void close() {
        manager.close();
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private static final class Keys implements Serializer<HeapKey> {
        @Override
        public ByteBuffer serialize(HeapKey key) {
            return ByteBuffer.wrap(key.bytes());
        }

        @Override
        public HeapKey read(ByteBuffer buffer) {
            return new HeapKey(bytes(buffer));
        }

        @Override
        public boolean equals(HeapKey key, ByteBuffer buffer) {
            return ByteBuffer.wrap(key.bytes()).equals(buffer);
        }
    }

    private static final class Values implements Serializer<byte[]> {
        @Override
        public ByteBuffer serialize(byte[] value) {
            return ByteBuffer.wrap(value);
        }

        @Override
        public byte[] read(ByteBuffer buffer) {
            return bytes(buffer);
        }

        @Override
        public boolean equals(byte[] value, ByteBuffer buffer) {
            return ByteBuffer.wrap(value).equals(buffer);
        }
    }
}
