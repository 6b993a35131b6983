package dev.zmalloc.examples;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import net.openhft.chronicle.map.ChronicleMap;
import org.caffinitas.ohc.CacheSerializer;
import org.caffinitas.ohc.DirectValueAccess;
import org.caffinitas.ohc.Eviction;
import org.caffinitas.ohc.OHCache;
import org.caffinitas.ohc.OHCacheBuilder;

/**
 * What one comes from, as the documentation of each has it. OHC and Chronicle Map are compiled and not run: they need
 * what newer JDKs refuse.
 */
final class PeerExample {
    private PeerExample() {}

    static int ohc(CacheSerializer<byte[]> bytes) throws IOException {
        // @start region="ohc"
        try (OHCache<byte[], byte[]> cache = OHCacheBuilder.<byte[], byte[]>newBuilder()
                .keySerializer(bytes)
                .valueSerializer(bytes)
                .capacity(64 << 20)
                .eviction(Eviction.LRU)
                .timeouts(true)
                .build()) {
            cache.put("k".getBytes(UTF_8), new byte[100], System.currentTimeMillis() + 60_000);
            byte[] value = cache.get("k".getBytes(UTF_8));
            try (DirectValueAccess access = cache.getDirect("k".getBytes(UTF_8))) {
                ByteBuffer buffer = access.buffer();
                return value.length + buffer.get(0);
            }
        }
        // @end
    }

    static long caffeine() {
        // @start region="caffeine"
        Cache<String, byte[]> cache = Caffeine.newBuilder()
                .maximumWeight(64 << 20)
                .weigher((String key, byte[] value) -> value.length)
                .expireAfterWrite(Duration.ofMinutes(10))
                .recordStats()
                .build();
        cache.put("k", new byte[100]);
        byte[] value = cache.getIfPresent("k");
        byte[] loaded = cache.get("l", key -> new byte[50]);
        return value.length + loaded.length + cache.stats().hitCount();
        // @end
    }

    static long chronicleMap() {
        // @start region="chronicle"
        try (ChronicleMap<byte[], byte[]> map = ChronicleMap.of(byte[].class, byte[].class)
                .entries(1_000_000)
                .averageKeySize(16)
                .averageValueSize(100)
                .create()) {
            map.put("k".getBytes(UTF_8), new byte[100]);
            byte[] value = map.get("k".getBytes(UTF_8));
            return value.length + map.longSize();
        }
        // @end
    }
}
