package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.Seeds;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.junit.jupiter.api.Test;

/** Random sequences of all operations of a cache and its map, against a {@link ConcurrentHashMap}. */
class CacheModelTest {
    private static final int STEPS = 8_000;
    private static final int KEYS = 40;

    /** Writes straight into native memory. */
    private static final Codec<String> DIRECT = new Codec<>() {
        @Override
        public long encodedBytes(String value) {
            return StringCodec.encode(value).length;
        }

        @Override
        public long encode(String value, MemorySegment target) {
            byte[] bytes = StringCodec.encode(value);
            target.copyFrom(MemorySegment.ofArray(bytes));
            return bytes.length;
        }

        @Override
        public String decode(MemorySegment encoded) {
            return Codecs.STRING.decode(encoded);
        }
    };

    @Test
    void strings() {
        run("strings", OffHeapCache.builder(Codecs.STRING, Codecs.STRING));
    }

    @Test
    void aCodecThatWritesIntoMemory() {
        run("aCodecThatWritesIntoMemory", OffHeapCache.builder(DIRECT, DIRECT));
    }

    @Test
    void withStampsAndTimes() {
        run(
                "withStampsAndTimes",
                OffHeapCache.builder(Codecs.STRING, DIRECT)
                        .expireAfterAccess(Duration.ofHours(1))
                        .expireAfterWrite(Duration.ofHours(2)));
    }

    @Test
    void withAListener() {
        List<String> told = new ArrayList<>();
        run(
                "withAListener",
                OffHeapCache.builder(Codecs.STRING, Codecs.STRING)
                        .executor(Runnable::run)
                        .removalListener((key, value, cause) -> told.add(key + value + cause)));
        assertThat(told).isNotEmpty();
    }

    private static void run(String name, OffHeapCacheBuilder<String, String> builder) {
        long seed = Seeds.next("CacheModelTest." + name);
        SplittableRandom random = new SplittableRandom(seed);
        ConcurrentMap<String, String> model = new ConcurrentHashMap<>();
        try (OffHeapCache<String, String> cache = builder.build()) {
            for (int step = 0; step < STEPS; step++) {
                String key = "key" + random.nextInt(KEYS);
                String value = "v".repeat(random.nextInt(4) == 0 ? random.nextInt(2_000) : random.nextInt(3))
                        + random.nextInt(3);
                int kind = random.nextInt(24);
                Object ours = apply(cache, kind, key, value);
                Object theirs = apply(model, kind, key, value);
                if (!Objects.equals(ours, theirs)) {
                    throw new AssertionError("seed " + seed + ", step " + step + ", kind " + kind + " of " + key
                            + ": the cache says " + ours + ", the model " + theirs);
                }
                if (step % 1_000 == 0) {
                    check(cache, model);
                }
            }
            check(cache, model);
            cache.asMap().clear();
            assertThat(cache.estimatedSize()).isZero();
        }
    }

    private static void check(OffHeapCache<String, String> cache, Map<String, String> model) {
        assertThat(cache.asMap()).isEqualTo(model);
        assertThat(cache.asMap().hashCode()).isEqualTo(model.hashCode());
        StoreValidator.validate(cache.entries().store());
    }

    /** What the cache has of its own is here, the rest is done to its map. */
    private static Object apply(OffHeapCache<String, String> cache, int kind, String key, String value) {
        return switch (kind) {
            case 0, 1 -> {
                cache.put(key, value);
                yield "put";
            }
            case 2 -> cache.get(key, missing -> value);
            case 3 -> cache.getIfPresent(key);
            case 4 -> {
                cache.invalidate(key);
                yield "invalidated";
            }
            case 5 -> cache.getAll(List.of(key, "key1", "key2"), missing -> Map.of(key, value));
            default -> apply(cache.asMap(), kind, key, value);
        };
    }

    private static Object apply(ConcurrentMap<String, String> map, int kind, String key, String value) {
        return switch (kind) {
            case 0, 1 -> {
                map.put(key, value);
                yield "put";
            }
            case 2 -> map.computeIfAbsent(key, missing -> value);
            case 3 -> map.get(key);
            case 4 -> {
                map.remove(key);
                yield "invalidated";
            }
            case 5 -> {
                // Whatever of the three is missing, one value is loaded, and stored if there is none.
                if (!map.keySet().containsAll(List.of(key, "key1", "key2"))) {
                    map.putIfAbsent(key, value);
                }
                Map<String, String> all = new HashMap<>();
                for (String wanted : new HashSet<>(Arrays.asList("key1", "key2", key))) {
                    if (map.get(wanted) != null) {
                        all.put(wanted, map.get(wanted));
                    }
                }
                yield all;
            }
            case 6 -> map.put(key, value);
            case 7 -> map.remove(key);
            case 8 -> map.remove(key, value);
            case 9 -> map.putIfAbsent(key, value);
            case 10 -> map.replace(key, value);
            case 11 -> map.replace(key, value, value + "r");
            case 12 -> map.compute(key, (same, before) -> before == null ? value : before.length() > 5 ? null : value);
            case 13 -> map.computeIfPresent(key, (same, before) -> before.length() % 2 == 0 ? null : before + value);
            case 14 -> map.merge(key, value, (before, added) -> before.length() > 3_000 ? null : before + added);
            case 15 -> map.containsKey(key);
            case 16 -> map.getOrDefault(key, "none");
            case 17 -> map.keySet().remove(key);
            case 18 -> map.entrySet().contains(Map.entry(key, value));
            case 19 -> map.entrySet().remove(Map.entry(key, value));
            case 20 -> map.size();
            case 21 -> map.containsValue(value);
            case 22 -> map.values().removeIf(present -> present.equals(value) && !value.isEmpty());
            default -> new HashSet<>(map.keySet());
        };
    }
}
