package dev.zmalloc.jcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapCache;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.expiry.Duration;
import javax.cache.expiry.ExpiryPolicy;
import javax.cache.integration.CacheLoader;
import org.junit.jupiter.api.Test;

/** Expiry where entries go, or find no room, in the middle of an operation. */
class ExpiryTest {
    private static final String VALUE = "v".repeat(1_000);

    /** What entries live for, besides an hour from their creation. */
    private abstract static class Hourly implements ExpiryPolicy {
        @Override
        public Duration getExpiryForCreation() {
            return Duration.ONE_HOUR;
        }

        @Override
        public Duration getExpiryForAccess() {
            return null;
        }

        @Override
        public Duration getExpiryForUpdate() {
            return null;
        }
    }

    private static OffHeapCache<String, String> memory(Cache<String, String> cache) {
        @SuppressWarnings("unchecked") // it has the same types
        OffHeapCache<String, String> memory = cache.unwrap(OffHeapCache.class);
        return memory;
    }

    private static OffHeapConfiguration<String, String> configuration(ExpiryPolicy policy) {
        OffHeapConfiguration<String, String> configuration = JCaches.strings();
        configuration.setExpiryPolicyFactory(() -> policy);
        return configuration;
    }

    @Test
    void anEntryThatIsEvictedWhileItIsReplacedDoesNotLiveForever() {
        try (CacheManager manager = JCaches.manager()) {
            boolean[] isEvicting = {false};
            AtomicReference<OffHeapCache<String, String>> memory = new AtomicReference<>();
            Cache<String, String> cache = manager.createCache("c", configuration(new Hourly() {
                @Override
                public Duration getExpiryForUpdate() {
                    if (isEvicting[0]) {
                        memory.get().invalidate("a");
                    }
                    return null;
                }
            }));
            memory.set(memory(cache));
            cache.put("a", "1");
            cache.put("a", "2");
            assertThat(memory(cache).policy().timeToLive("a")).isBetween(minutes(59), minutes(60));
            isEvicting[0] = true;
            cache.put("a", "3");
            assertThat(cache.get("a")).isEqualTo("3");
            assertThat(memory(cache).policy().timeToLive("a")).isBetween(minutes(59), minutes(60));
        }
    }

    private static java.time.Duration minutes(int minutes) {
        return java.time.Duration.ofMinutes(minutes);
    }

    @Test
    void whatIsReadIsAnsweredThoughThereIsNoRoomToLetItExpire() {
        OffHeapConfiguration<String, String> configuration = configuration(new Hourly() {
                    @Override
                    public Duration getExpiryForCreation() {
                        return Duration.ETERNAL;
                    }

                    @Override
                    public Duration getExpiryForAccess() {
                        return Duration.ONE_MINUTE;
                    }
                })
                .setMaxMemory(1 << 20)
                .setEvictionPolicy(EvictionPolicy.NOEVICTION);
        try (CacheManager manager = JCaches.manager()) {
            Cache<String, String> cache = manager.createCache("c", configuration);
            fill(cache);
            memory(cache).policy().eviction().setMaxMemory(memory(cache).usedMemory());
            assertThat(cache.get("key0")).isEqualTo(VALUE);
            assertThat(cache.iterator().next().getValue()).isEqualTo(VALUE);
            assertThat(memory(cache).policy().timeToLive("key0")).isNull();
        }
    }

    private static void fill(Cache<String, String> cache) {
        assertThatThrownBy(() -> {
                    for (int number = 0; ; number++) {
                        cache.put("key" + number, VALUE);
                    }
                })
                .isInstanceOf(CacheException.class);
    }

    /** Answers a value for each key. */
    private static final class Loader implements CacheLoader<String, String> {
        @Override
        public String load(String key) {
            return VALUE.repeat(100);
        }

        @Override
        public Map<String, String> loadAll(Iterable<? extends String> keys) {
            throw new AssertionError("not called");
        }
    }

    @Test
    void aProcessorSeesWhatWasLoadedThoughThereIsNoRoomForIt() {
        OffHeapConfiguration<String, String> configuration =
                JCaches.strings().setMaxMemory(1 << 20).setEvictionPolicy(EvictionPolicy.NOEVICTION);
        configuration.setReadThrough(true).setCacheLoaderFactory(Loader::new);
        try (CacheManager manager = JCaches.manager()) {
            Cache<String, String> cache = manager.createCache("c", configuration);
            fill(cache);
            assertThat(cache.get("new")).hasSize(100_000);
            assertThat(cache.<Integer>invoke(
                            "new", (entry, more) -> entry.getValue().length()))
                    .isEqualTo(100_000);
            assertThat(cache.containsKey("new")).isFalse();
        }
    }
}
