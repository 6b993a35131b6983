package dev.zmalloc.examples;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.Codecs;
import dev.zmalloc.store.OffHeapCache;
import dev.zmalloc.store.OffHeapStore;
import java.lang.foreign.ValueLayout;
import java.time.Duration;

/**
 * What {@link PeerExample} does, with a store or a cache. The regions are shown by the Javadoc of
 * {@code dev.zmalloc.store}, side by side.
 */
final class MovingExample {
    private MovingExample() {}

    public static void main(String[] arguments) {
        System.out.println(ofOhc() + ", " + ofCaffeine() + ", " + ofChronicleMap());
    }

    static int ofOhc() {
        // @start region="ohc"
        try (OffHeapStore cache = OffHeapStore.builder()
                .maxMemory(64 << 20) // everything counts, table and rounding too
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build()) {
            cache.put("k".getBytes(UTF_8), new byte[100], Duration.ofSeconds(60));
            byte[] value = cache.get("k".getBytes(UTF_8));
            Byte first = cache.read("k".getBytes(UTF_8), bytes -> bytes.get(ValueLayout.JAVA_BYTE, 0));
            return value.length + first;
        }
        // @end
    }

    static long ofCaffeine() {
        // @start region="caffeine"
        try (OffHeapCache<String, byte[]> cache = OffHeapCache.builder(Codecs.STRING, Codecs.BYTES)
                .maxMemory(64 << 20)
                .evictionPolicy(EvictionPolicy.ALLKEYS_S3FIFO)
                .expireAfterWrite(Duration.ofMinutes(10))
                .build()) {
            cache.put("k", new byte[100]);
            byte[] value = cache.getIfPresent("k"); // a copy, yours
            byte[] loaded = cache.get("l", key -> new byte[50]);
            return value.length + loaded.length + cache.statistics().hits();
        }
        // @end
    }

    static long ofChronicleMap() {
        // @start region="chronicle"
        try (OffHeapStore map = OffHeapStore.builder().build()) { // grows as it fills: no number of entries to guess
            map.put("k".getBytes(UTF_8), new byte[100]);
            byte[] value = map.get("k".getBytes(UTF_8));
            return value.length + map.size();
        }
        // @end
    }
}
