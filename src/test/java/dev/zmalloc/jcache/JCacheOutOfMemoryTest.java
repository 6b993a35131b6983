package dev.zmalloc.jcache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.NativeOutOfMemoryError;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.testing.FaultInjectingAllocator;
import dev.zmalloc.testing.Faults;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.expiry.Duration;
import javax.cache.expiry.TouchedExpiryPolicy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Each operation with its Nth allocation failing: it happens, or leaves the cache as it was. */
@Tag("fault")
class JCacheOutOfMemoryTest {
    private static final int MAX_ALLOCATIONS = 60;

    @AfterEach
    void stopFailing() {
        FaultInjectingAllocator.stopInjecting();
    }

    @Test
    void changesHappenOrDoNot() {
        Map<Consumer<Cache<String, String>>, Map<String, String>> changes = Map.of(
                cache -> cache.put("a", "2"), Map.of("a", "2"),
                cache -> cache.put("b", "2"), Map.of("a", "1", "b", "2"),
                cache -> cache.getAndPut("a", "2"), Map.of("a", "2"),
                cache -> cache.putIfAbsent("b", "2"), Map.of("a", "1", "b", "2"),
                cache -> cache.replace("a", "1", "2"), Map.of("a", "2"),
                cache -> cache.remove("a", "1"), Map.of(),
                cache -> cache.getAndRemove("a"), Map.of(),
                cache -> cache.invoke("a", (entry, arguments) -> {
                            entry.setValue(entry.getValue() + "2");
                            return null;
                        }),
                        Map.of("a", "12"));
        OffHeapConfiguration<String, String> eternal = JCaches.strings();
        OffHeapConfiguration<String, String> expiring = JCaches.strings();
        expiring.setExpiryPolicyFactory(TouchedExpiryPolicy.factoryOf(Duration.ONE_HOUR));
        changes.forEach((change, after) -> {
            run(eternal, change, after);
            run(expiring, change, after);
        });
    }

    private static void run(
            OffHeapConfiguration<String, String> configuration,
            Consumer<Cache<String, String>> change,
            Map<String, String> after) {
        int allocation = 1;
        for (boolean isDone = false; !isDone; allocation++) {
            assertThat(allocation).isLessThan(MAX_ALLOCATIONS);
            long before = ZMalloc.zmallocUsedMemory();
            try (CacheManager manager = JCaches.manager()) {
                Cache<String, String> cache = manager.createCache("faulty", configuration);
                cache.put("a", "1");
                Faults.fromNth(allocation).inject();
                Map<String, String> expected = after;
                try {
                    change.accept(cache);
                    isDone = FaultInjectingAllocator.stopInjecting() == 0;
                } catch (NativeOutOfMemoryError e) {
                    FaultInjectingAllocator.stopInjecting();
                    expected = Map.of("a", "1");
                }
                Map<String, String> contents = new HashMap<>();
                cache.forEach(entry -> contents.put(entry.getKey(), entry.getValue()));
                assertThat(contents).isEqualTo(expected);
            }
            assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
        }
    }

    @Test
    void aCacheThatFindsNoMemoryIsNotThere() {
        long before = ZMalloc.zmallocUsedMemory();
        try (CacheManager manager = JCaches.manager()) {
            for (int allocation = 1; !manager.getCacheNames().iterator().hasNext(); allocation++) {
                assertThat(allocation).isLessThan(2_000);
                Faults.fromNth(allocation).inject();
                try {
                    manager.createCache("faulty", JCaches.strings());
                } catch (NativeOutOfMemoryError e) {
                    assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
                } finally {
                    FaultInjectingAllocator.stopInjecting();
                }
            }
        }
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
    }
}
