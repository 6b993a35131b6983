package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.fixtures.Seeds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Threads that use the same few keys of a small cache, whose entries expire while they are read, so that reads set
 * times in place while entries leave, are evicted and replaced. Each value tells its key.
 */
@Timeout(60)
class CacheThreadsTest {
    private static final int THREADS = 4;
    private static final int STEPS = 30_000;
    private static final int KEYS = 2_000;

    @Test
    void timesSetInPlaceWhileEntriesLeave() throws Exception {
        for (EvictionPolicy policy : new EvictionPolicy[] {EvictionPolicy.ALLKEYS_LRU, EvictionPolicy.VOLATILE_TTL}) {
            long before = ZMalloc.zmallocUsedMemory();
            try (OffHeapCache<String, String> cache = OffHeapCache.builder(Codecs.STRING, Codecs.STRING)
                    .maxMemory(300 << 10)
                    .evictionPolicy(policy)
                    .expireAfterAccess(Duration.ofMillis(2))
                    .build()) {
                useBy(cache, Seeds.next("CacheThreadsTest." + policy));
                StoreValidator.validate(cache.entries().store());
            }
            assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
        }
    }

    private static void useBy(OffHeapCache<String, String> cache, long seed) throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            List<Future<?>> running = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                SplittableRandom random = new SplittableRandom(seed + thread);
                running.add(threads.submit(() -> use(cache, random)));
            }
            for (Future<?> each : running) {
                each.get();
            }
        }
        cache.entries().store().keeper().close();
    }

    private static void use(OffHeapCache<String, String> cache, SplittableRandom random) {
        for (int step = 0; step < STEPS; step++) {
            int number = random.nextInt(random.nextBoolean() ? KEYS : 20);
            String key = "key" + number;
            String value = key + ":" + "v".repeat(random.nextInt(300));
            String seen = null;
            switch (random.nextInt(10)) {
                case 0 -> cache.put(key, value);
                case 1 -> seen = cache.get(key, missing -> value);
                case 2 ->
                    seen = cache.asMap().merge(key, value, (old, added) -> old.length() > 500 ? null : old + added);
                case 3 -> seen = cache.asMap().putIfAbsent(key, value);
                case 4 -> {
                    if (step % 20 == 0) {
                        cache.invalidate(key);
                    }
                }
                case 5 -> cache.policy().expire(key, Duration.ofMillis(random.nextInt(4)));
                default -> seen = cache.getIfPresent(key);
            }
            if (seen != null && !seen.startsWith(key + ":")) {
                throw new AssertionError(key + " has " + seen);
            }
        }
    }
}
