package dev.zmalloc.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.Codecs;
import dev.zmalloc.store.MaxMemoryException;
import dev.zmalloc.store.OffHeapCache;
import dev.zmalloc.store.OffHeapStore;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What Prometheus would scrape. */
class MetersTest {
    private static final int LIMIT = 1 << 20;

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    @AfterEach
    void close() {
        registry.close();
    }

    @Test
    void aStoreIsShownUnderTheNamesOfACache() {
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(LIMIT)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build()) {
            StoreMeters.monitor(registry, store, "sessions", Tags.of("region", "here"));
            for (int key = 0; key < 10_000; key++) {
                store.put(key(key), new byte[200]);
            }
            assertThat(store.get(key(9_999))).isNotNull();
            assertThat(store.get(key(-1))).isNull();
            assertThat(store.get(key(-2))).isNull();
            assertThat(store.remove(key(9_998))).isTrue();
            assertThatThrownBy(() -> store.put(key(0), new byte[LIMIT])).isInstanceOf(MaxMemoryException.class);

            Map<String, Double> scraped = scrape();
            String tags = "{cache=\"sessions\",region=\"here\"}";
            assertThat(scraped)
                    .containsEntry("cache_size" + tags, (double) store.size())
                    .containsEntry("cache_puts_total" + tags, 10_000.0)
                    .containsEntry("cache_evictions_total" + tags, (double)
                            store.statistics().evictions())
                    .containsEntry(with("cache_gets_total", "result", "hit"), 1.0)
                    .containsEntry(with("cache_gets_total", "result", "miss"), 2.0)
                    .containsEntry("cache_memory_used_bytes" + tags, (double) store.usedMemory())
                    .containsEntry("cache_memory_max_bytes" + tags, (double) LIMIT)
                    .containsEntry("cache_memory_awaiting_bytes" + tags, (double)
                            store.statistics().awaitingReclamation())
                    .containsEntry(with("cache_puts_rejected_total", "reason", "too-large"), 1.0)
                    .containsEntry(with("cache_puts_rejected_total", "reason", "no-room"), 0.0)
                    .containsEntry(with("cache_removals_total", "cause", "explicit"), 1.0)
                    .containsEntry(with("cache_removals_total", "cause", "size"), (double)
                            store.statistics().evictions());
            assertThat(store.statistics().evictions()).isGreaterThan(1_000);
        }
        assertThat(scrape())
                .as("of a closed store")
                .containsEntry("cache_memory_used_bytes{cache=\"sessions\",region=\"here\"}", 0.0);
    }

    private static String with(String name, String tag, String value) {
        String first = tag.compareTo("region") < 0 ? "" : ",region=\"here\"";
        String last = tag.compareTo("region") < 0 ? ",region=\"here\"" : "";
        return tag.compareTo("cache") < 0
                ? name + "{" + tag + "=\"" + value + "\",cache=\"sessions\",region=\"here\"}"
                : name + "{cache=\"sessions\"" + first + "," + tag + "=\"" + value + "\"" + last + "}";
    }

    @Test
    void aCacheIsShownWithItsLoads() {
        try (OffHeapCache<String, String> cache =
                OffHeapCache.builder(Codecs.STRING, Codecs.STRING).recordStats().build()) {
            StoreMeters.monitor(registry, cache, "sessions", Tags.of("region", "here"));
            assertThat(cache.get("key", key -> "value")).isEqualTo("value");
            assertThat(cache.get("key", key -> "other")).isEqualTo("value");
            assertThatThrownBy(() -> cache.get("none", key -> {
                        throw new IllegalStateException("no value");
                    }))
                    .hasMessageContaining("no value");
            String tags = "{cache=\"sessions\",region=\"here\"}";
            assertThat(scrape())
                    .containsEntry("cache_size" + tags, 1.0)
                    .containsEntry("cache_memory_used_bytes" + tags, (double) cache.usedMemory())
                    .containsEntry(with("cache_load_total", "result", "success"), 1.0)
                    .containsEntry(with("cache_load_total", "result", "failure"), 1.0)
                    .containsEntry("cache_load_duration_seconds_count" + tags, 2.0);
        }
    }

    @Test
    void theAllocatorIsShownWithItsName() {
        new ZMallocMeters().bindTo(registry);
        long block = dev.zmalloc.RawZMalloc.zmalloc(8 << 20);
        Map<String, Double> scraped = scrape();
        double used = ZMalloc.zmallocUsedMemory();
        dev.zmalloc.RawZMalloc.zfree(block);

        String tags = "{allocator=\"" + ZMalloc.allocator().name() + "\"}";
        assertThat(scraped)
                .containsEntry("zmalloc_memory_used_bytes" + tags, used)
                .containsKeys(
                        "zmalloc_memory_peak_bytes" + tags,
                        "zmalloc_allocations_total" + tags,
                        "zmalloc_frees_total" + tags,
                        "zmalloc_fragmentation" + tags);
        assertThat(scraped.containsKey("zmalloc_allocator_active_bytes" + tags))
                .isEqualTo(ZMalloc.allocator().figures().activeBytes().isPresent());
        assertThat(scraped.get("zmalloc_fragmentation" + tags)).isGreaterThan(1);
    }

    private Map<String, Double> scrape() {
        return Arrays.stream(registry.scrape().split("\n"))
                .filter(line -> !line.startsWith("#"))
                .collect(Collectors.toMap(
                        line -> line.substring(0, line.lastIndexOf(' ')),
                        line -> Double.valueOf(line.substring(line.lastIndexOf(' ') + 1))));
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    }
}
