package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.NativeOutOfMemoryError;
import dev.zmalloc.testing.FaultInjectingAllocator;
import dev.zmalloc.testing.Faults;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Each operation with its Nth allocation failing: it happens, or leaves the cache as it was. */
@Tag("fault")
class CacheOutOfMemoryTest {
    private static final int MAX_ALLOCATIONS = 50;

    @AfterEach
    void stopFailing() {
        FaultInjectingAllocator.stopInjecting();
    }

    private static OffHeapCache<String, Long> open() {
        OffHeapCache<String, Long> cache = OffHeapCache.builder(Codecs.STRING, Codecs.LONG)
                .expireAfterAccess(Duration.ofHours(1))
                .expireAfterWrite(Duration.ofHours(1))
                .build();
        cache.put("a", 1L);
        return cache;
    }

    @Test
    void changesHappenOrDoNot() {
        Map<Consumer<OffHeapCache<String, Long>>, Map<String, Long>> changes = Map.of(
                cache -> cache.put("a", 2L), Map.of("a", 2L),
                cache -> cache.put("b", 2L), Map.of("a", 1L, "b", 2L),
                cache -> cache.asMap().put("a", 2L), Map.of("a", 2L),
                cache -> cache.asMap().merge("a", 2L, Long::sum), Map.of("a", 3L),
                cache -> cache.asMap().computeIfAbsent("b", key -> 2L), Map.of("a", 1L, "b", 2L),
                cache -> cache.asMap().replace("a", 1L, 2L), Map.of("a", 2L),
                cache -> cache.asMap().remove("a", 1L), Map.of());
        changes.forEach((change, after) -> {
            int allocation = 1;
            for (boolean isDone = false; !isDone; allocation++) {
                assertThat(allocation).isLessThan(MAX_ALLOCATIONS);
                try (OffHeapCache<String, Long> cache = open()) {
                    Faults.fromNth(allocation).inject();
                    try {
                        change.accept(cache);
                        isDone = FaultInjectingAllocator.stopInjecting() == 0;
                        assertThat(cache.asMap()).isEqualTo(after);
                    } catch (NativeOutOfMemoryError e) {
                        FaultInjectingAllocator.stopInjecting();
                        assertThat(cache.asMap()).isEqualTo(Map.of("a", 1L));
                    }
                    StoreValidator.validate(cache.entries().store());
                }
            }
        });
    }

    @Test
    void whatWasLoadedIsAnsweredThoughItCannotBeStored() {
        try (OffHeapCache<String, Long> cache = open()) {
            Faults.fromNth(1).inject();
            assertThat(cache.get("b", key -> 2L)).isEqualTo(2);
            assertThat(cache.getAll(List.of("a", "b"), keys -> Map.of("b", 3L))).isEqualTo(Map.of("a", 1L, "b", 3L));
            FaultInjectingAllocator.stopInjecting();
            assertThat(cache.getIfPresent("b")).isNull();
        }
    }
}
