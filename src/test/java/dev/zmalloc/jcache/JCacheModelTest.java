package dev.zmalloc.jcache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.Seeds;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.configuration.MutableCacheEntryListenerConfiguration;
import javax.cache.event.CacheEntryCreatedListener;
import javax.cache.event.CacheEntryEvent;
import javax.cache.event.CacheEntryRemovedListener;
import javax.cache.event.CacheEntryUpdatedListener;
import javax.cache.expiry.CreatedExpiryPolicy;
import javax.cache.expiry.Duration;
import javax.cache.expiry.TouchedExpiryPolicy;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Random operations against a {@link HashMap}, which a listener's events keep up with too. */
@Tag("process") // once is enough: no allocator makes a difference
class JCacheModelTest {
    private static final int STEPS = 8_000;
    private static final int KEYS = 40;

    /** Makes a map of what it is told. */
    private static final class Following
            implements CacheEntryCreatedListener<String, String>,
                    CacheEntryUpdatedListener<String, String>,
                    CacheEntryRemovedListener<String, String> {
        final Map<String, String> map = new HashMap<>();

        @Override
        public void onCreated(Iterable<CacheEntryEvent<? extends String, ? extends String>> events) {
            events.forEach(event ->
                    assertThat(map.put(event.getKey(), event.getValue())).isNull());
        }

        @Override
        public void onUpdated(Iterable<CacheEntryEvent<? extends String, ? extends String>> events) {
            events.forEach(event ->
                    assertThat(map.put(event.getKey(), event.getValue())).isEqualTo(event.getOldValue()));
        }

        @Override
        public void onRemoved(Iterable<CacheEntryEvent<? extends String, ? extends String>> events) {
            events.forEach(
                    event -> assertThat(map.remove(event.getKey())).isNotNull().isEqualTo(event.getOldValue()));
        }
    }

    @Test
    void plain() {
        run("plain", JCaches.strings(), new HashMap<>());
    }

    @Test
    void thatExpires() {
        OffHeapConfiguration<String, String> configuration = JCaches.strings();
        configuration.setExpiryPolicyFactory(CreatedExpiryPolicy.factoryOf(Duration.ONE_HOUR));
        run("thatExpires", configuration, new HashMap<>());
        configuration.setExpiryPolicyFactory(TouchedExpiryPolicy.factoryOf(Duration.ONE_HOUR));
        run("thatExpires", configuration, new HashMap<>());
    }

    @Test
    void withAListener() {
        Following following = new Following();
        OffHeapConfiguration<String, String> configuration = JCaches.strings();
        configuration.addCacheEntryListenerConfiguration(
                new MutableCacheEntryListenerConfiguration<>(() -> following, null, true, true));
        Map<String, String> model = new HashMap<>();
        run("withAListener", configuration, model);
        assertThat(following.map).isEqualTo(model);
    }

    private static void run(
            String name, OffHeapConfiguration<String, String> configuration, Map<String, String> model) {
        long seed = Seeds.next("JCacheModelTest." + name);
        SplittableRandom random = new SplittableRandom(seed);
        try (CacheManager manager = JCaches.manager()) {
            Cache<String, String> cache = manager.createCache("model", configuration);
            for (int step = 0; step < STEPS; step++) {
                String key = "key" + random.nextInt(KEYS);
                String value = "v".repeat(random.nextInt(4) == 0 ? random.nextInt(2_000) : 1) + random.nextInt(3);
                int kind = random.nextInt(18);
                Object ours = apply(cache, kind, key, value);
                Object theirs = apply(model, kind, key, value);
                if (!Objects.equals(ours, theirs)) {
                    throw new AssertionError("seed " + seed + ", step " + step + ", kind " + kind + " of " + key
                            + ": the cache says " + ours + ", the model " + theirs);
                }
                if (step % 500 == 0) {
                    assertThat(contents(cache)).isEqualTo(model);
                }
            }
            assertThat(contents(cache)).isEqualTo(model);
        }
    }

    private static Map<String, String> contents(Cache<String, String> cache) {
        Map<String, String> all = new HashMap<>();
        cache.forEach(entry -> all.put(entry.getKey(), entry.getValue()));
        return all;
    }

    private static Object apply(Cache<String, String> cache, int kind, String key, String value) {
        return switch (kind) {
            case 0, 1 -> {
                cache.put(key, value);
                yield "put";
            }
            case 2 -> cache.get(key);
            case 3 -> cache.getAndPut(key, value);
            case 4 -> cache.putIfAbsent(key, value);
            case 5 -> cache.remove(key);
            case 6 -> cache.remove(key, value);
            case 7 -> cache.getAndRemove(key);
            case 8 -> cache.replace(key, value);
            case 9 -> cache.replace(key, value, value + "r");
            case 10 -> cache.getAndReplace(key, value);
            case 11 -> cache.containsKey(key);
            case 12 -> cache.getAll(Set.of(key, "other"));
            case 13 -> {
                cache.putAll(Map.of(key, value, "other", value));
                yield "put";
            }
            case 14 -> {
                cache.removeAll(Set.of(key, "other"));
                yield "removed";
            }
            case 15 ->
                cache.invoke(key, (entry, arguments) -> {
                    String before = entry.getValue();
                    if (before == null || before.length() < 10) {
                        entry.setValue(before + value);
                    } else {
                        entry.remove();
                    }
                    return before;
                });
            case 16 -> {
                cache.iterator().forEachRemaining(entry -> {});
                yield "looked";
            }
            default -> {
                var iterator = cache.iterator();
                while (iterator.hasNext()) {
                    if (iterator.next().getKey().equals(key)) {
                        iterator.remove();
                    }
                }
                yield "removed";
            }
        };
    }

    private static Object apply(Map<String, String> map, int kind, String key, String value) {
        return switch (kind) {
            case 0, 1 -> {
                map.put(key, value);
                yield "put";
            }
            case 2 -> map.get(key);
            case 3 -> map.put(key, value);
            case 4 -> map.putIfAbsent(key, value) == null;
            case 5 -> map.remove(key) != null;
            case 6 -> map.remove(key, value);
            case 7 -> map.remove(key);
            case 8 -> map.replace(key, value) != null;
            case 9 -> map.replace(key, value, value + "r");
            case 10 -> map.replace(key, value);
            case 11 -> map.containsKey(key);
            case 12 -> {
                Map<String, String> found = new HashMap<>(map);
                found.keySet().retainAll(Set.of(key, "other"));
                yield found;
            }
            case 13 -> {
                map.putAll(Map.of(key, value, "other", value));
                yield "put";
            }
            case 14 -> {
                map.keySet().removeAll(Set.of(key, "other"));
                yield "removed";
            }
            case 15 -> {
                String before = map.get(key);
                if (before == null || before.length() < 10) {
                    map.put(key, before + value);
                } else {
                    map.remove(key);
                }
                yield before;
            }
            case 16 -> "looked";
            default -> {
                map.remove(key);
                yield "removed";
            }
        };
    }
}
