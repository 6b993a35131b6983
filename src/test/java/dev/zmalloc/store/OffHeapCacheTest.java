package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.Evictor;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class OffHeapCacheTest {
    private static final Duration MILLI = Duration.ofMillis(1);

    /** Any origin: what counts is the difference. */
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 3_000_000);

    private final List<String> told = new ArrayList<>();

    private OffHeapCacheBuilder<String, String> builder() {
        return OffHeapCache.builder(Codecs.STRING, Codecs.STRING).ticker(nanos::get);
    }

    private void pass(long millis) {
        nanos.addAndGet(millis * 1_000_000);
    }

    private void tell(String key, String value, RemovalCause cause) {
        told.add(key + "=" + value + " " + cause);
    }

    @Test
    void holdsWhatWasPutUntilItIsInvalidated() {
        try (OffHeapCache<String, String> cache = builder().build()) {
            cache.putAll(Map.of("a", "1", "b", "2", "c", "3", "d", "4"));
            cache.put("a", "5");
            assertThat(cache.getIfPresent("a")).isEqualTo("5");
            cache.invalidate("a");
            assertThat(cache.getIfPresent("a")).isNull();
            cache.invalidateAll(List.of("b", "x"));
            assertThat(cache.asMap()).isEqualTo(Map.of("c", "3", "d", "4"));
            assertThat(cache.estimatedSize()).isEqualTo(2);
            cache.invalidateAll();
            assertThat(cache.estimatedSize()).isZero();
            assertThat(cache.statistics().hits()).isOne();
            assertThat(cache.statistics().misses()).isOne();
            assertThat(cache.statistics().hitRatio()).isEqualTo(0.5);
            assertThat(cache.statistics().averageLoadNanos()).isZero();
        }
    }

    @Test
    void keepsItsLimitsAndEvictsUnlessToldOtherwise() {
        try (OffHeapCache<String, String> cache = builder().maxMemory("1mb").build()) {
            for (int number = 0; number < 20_000; number++) {
                cache.put("key" + number, "value".repeat(10));
                assertThat(cache.usedMemory()).isLessThanOrEqualTo(1 << 20);
            }
            assertThat(cache.estimatedSize()).isBetween(5_000L, 19_000L);
            assertThat(cache.statistics().store().evictions()).isEqualTo(20_000 - cache.estimatedSize());
            assertThat(cache.policy().eviction().policy()).isEqualTo(EvictionPolicy.ALLKEYS_LRU);
            assertThat(cache.policy().eviction().maxMemory()).isEqualTo(1 << 20);
        }
        try (OffHeapCache<String, String> cache = builder()
                .maxEntries(10)
                .evictionPolicy(EvictionPolicy.NOEVICTION)
                .evictionParameters(EvictionParameters.DEFAULTS)
                .build()) {
            for (int number = 0; number < 10; number++) {
                cache.put("key" + number, "value");
            }
            assertThatThrownBy(() -> cache.put("more", "value")).isInstanceOf(MaxMemoryException.class);
            assertThatThrownBy(() -> cache.asMap().computeIfAbsent("more", key -> "value"))
                    .isInstanceOf(MaxMemoryException.class);
            assertThat(cache.get("more", key -> "loaded"))
                    .as("though there is no room")
                    .isEqualTo("loaded");
            assertThat(cache.asMap()).hasSize(10).doesNotContainKey("more");
            cache.put("key1", "other");
            cache.policy().eviction().setMaxEntries(11);
            cache.put("more", "value");
            assertThat(cache.asMap()).hasSize(11);
        }
    }

    @Test
    void chargesAnAccountAndRefusesWhatIsTooLong() {
        MemoryAccount account = new MemoryAccount("all", 1 << 20);
        try (OffHeapCache<String, String> cache = builder().account(account).build()) {
            cache.put("a", "1");
            // Beside it the pool of candidates of all stores that share the account.
            assertThat(account.usedMemory() - cache.usedMemory()).isBetween(1L, Evictor.poolBytesBound());
            assertThat(cache.policy().entryBytes("a").orElse(0)).isGreaterThan(3);
            String tooLong = "k".repeat(OffHeapStore.MAX_KEY_BYTES + 1);
            assertThatThrownBy(() -> cache.put(tooLong, "1"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("a key of 1048577 bytes");
            assertThatThrownBy(() -> cache.put("b", "v".repeat(2 << 20))).isInstanceOf(MaxMemoryException.class);
            assertThat(cache.asMap()).isEqualTo(Map.of("a", "1"));
        }
    }

    @Test
    void anEntryExpiresAfterItsWriting() {
        try (OffHeapCache<String, String> cache =
                builder().expireAfterWrite(Duration.ofNanos(9_000_001)).build()) {
            assertThat(cache.policy().expireAfterWrite()).isEqualTo(Duration.ofMillis(10));
            assertThat(cache.policy().expireAfterAccess()).isNull();
            cache.put("a", "1");
            assertThat(cache.policy().timeToLive("a")).isEqualTo(Duration.ofMillis(10));
            pass(9);
            assertThat(cache.getIfPresent("a")).isEqualTo("1");
            assertThat(cache.asMap().replace("a", "2")).isEqualTo("1");
            pass(9);
            assertThat(cache.getIfPresent("a")).isEqualTo("2");
            pass(1);
            assertThat(cache.getIfPresent("a")).isNull();
            assertThat(cache.policy().timeToLive("a")).isNull();
            assertThat(cache.asMap().putIfAbsent("a", "3")).isNull();
            assertThat(cache.getIfPresent("a")).isEqualTo("3");
        }
    }

    @Test
    void anEntryExpiresAfterItsLastUse() {
        try (OffHeapCache<String, String> cache =
                builder().expireAfterAccess(MILLI.multipliedBy(10)).build()) {
            cache.put("a", "1");
            cache.put("b", "1");
            long puts = cache.statistics().store().puts();
            long used = cache.usedMemory();
            for (int round = 0; round < 5; round++) {
                pass(9);
                assertThat(cache.getIfPresent("a")).isEqualTo("1");
                assertThat(cache.policy().timeToLive("a")).isEqualTo(MILLI.multipliedBy(10));
            }
            assertThat(cache.statistics().store().puts())
                    .as("nothing was copied")
                    .isEqualTo(puts);
            assertThat(cache.usedMemory()).isLessThanOrEqualTo(used);
            assertThat(cache.getIfPresent("b")).isNull();
            pass(5);
            assertThat(cache.asMap()).containsKey("a").hasSizeBetween(1, 2);
            assertThat(cache.asMap().values()).containsExactly("1");
            assertThat(cache.policy().timeToLive("a")).as("a look is no use").isEqualTo(MILLI.multipliedBy(5));
            pass(5);
            assertThat(cache.getIfPresent("a")).isNull();
        }
    }

    @Test
    void ofTwoTimesTheEarlierCounts() {
        try (OffHeapCache<String, String> cache = builder()
                .expireAfterAccess(MILLI.multipliedBy(10))
                .expireAfterWrite(MILLI.multipliedBy(25))
                .build()) {
            cache.put("a", "1");
            pass(9);
            assertThat(cache.getIfPresent("a")).isEqualTo("1");
            pass(9);
            assertThat(cache.getIfPresent("a")).isEqualTo("1");
            assertThat(cache.policy().timeToLive("a")).isEqualTo(MILLI.multipliedBy(7));
            pass(7);
            assertThat(cache.getIfPresent("a")).isNull();
            cache.put("b", "2");
            pass(10);
            assertThat(cache.getIfPresent("b")).isNull();
        }
    }

    @Test
    void timesMayBeAnEntrysOwn() {
        Expiry<String, String> byValue = new Expiry<>() {
            @Override
            public long expireAfterCreate(String key, String value, long currentTime) {
                assertThat(currentTime).isEqualTo(nanos.get());
                return millis(value);
            }

            @Override
            public long expireAfterUpdate(String key, String value, long currentTime, long currentDuration) {
                return value.isEmpty() ? currentDuration : millis(value);
            }

            @Override
            public long expireAfterRead(String key, String value, long currentTime, long currentDuration) {
                return switch (key) {
                    case "forever after" -> Long.MAX_VALUE;
                    case "no more" -> 1;
                    case "at all" -> 5_000_000;
                    default -> currentDuration;
                };
            }

            private long millis(String value) {
                return value.equals("never") ? Long.MAX_VALUE : Long.parseLong(value) * 1_000_000;
            }
        };
        try (OffHeapCache<String, String> cache = builder().expireAfter(byValue).build()) {
            cache.put("a", "10");
            assertThat(cache.getIfPresent("a")).isEqualTo("10");
            pass(4);
            cache.put("a", "");
            assertThat(cache.policy().timeToLive("a")).isEqualTo(MILLI.multipliedBy(6));
            pass(6);
            assertThat(cache.getIfPresent("a")).isNull();
            cache.put("a", "0");
            assertThat(cache.getIfPresent("a")).isNull();
            cache.put("a", "never");
            assertThat(cache.policy().timeToLive("a")).isNull();
            cache.put("forever after", "10");
            assertThat(cache.getIfPresent("forever after")).isEqualTo("10");
            cache.put("at all", "never");
            assertThat(cache.getIfPresent("at all")).isEqualTo("never");
            cache.put("no more", "never");
            assertThat(cache.getIfPresent("no more")).isEqualTo("never");
            pass(1);
            assertThat(cache.getIfPresent("no more")).isNull();
            pass(5);
            assertThat(cache.getIfPresent("at all")).isNull();
            pass(1_000_000_000);
            assertThat(cache.getIfPresent("forever after")).isEqualTo("10");
            assertThat(cache.getIfPresent("a")).isEqualTo("never");
        }
    }

    @Test
    void thePolicyTellsAndSetsTheTimeOfAnEntry() {
        try (OffHeapCache<String, String> cache =
                builder().expireAfterWrite(MILLI.multipliedBy(10)).build()) {
            assertThat(cache.policy().expire("a", MILLI)).isFalse();
            cache.put("a", "1");
            assertThat(cache.policy().expire("a", MILLI.multipliedBy(3))).isTrue();
            assertThat(cache.policy().timeToLive("a")).isEqualTo(MILLI.multipliedBy(3));
            pass(2);
            assertThat(cache.policy().expire("a", MILLI.multipliedBy(30))).isTrue();
            pass(29);
            assertThat(cache.getIfPresent("a")).isEqualTo("1");
            assertThat(cache.policy().expire("a", Duration.ZERO)).isTrue();
            assertThat(cache.getIfPresent("a")).isNull();
        }
        try (OffHeapCache<String, String> cache = builder().recordStats().build()) {
            cache.put("a", "1");
            assertThat(cache.policy().timeToLive("a")).isNull();
            assertThat(cache.policy().expire("a", MILLI)).isTrue();
            assertThat(cache.policy().timeToLive("a")).isEqualTo(MILLI);
            assertThat(cache.policy().isRecordingStats()).isTrue();
        }
    }

    @Test
    void anEntrysOwnTimeCountsUntilItIsReplacedOrItsReadIsCounted() {
        Duration own = Duration.ofHours(1);
        try (OffHeapCache<String, String> cache =
                builder().expireAfterWrite(MILLI).build()) {
            cache.put("a", "1", own);
            assertThat(cache.getIfPresent("a")).isEqualTo("1");
            assertThat(cache.policy().timeToLive("a")).isEqualTo(own);
            cache.put("a", "2");
            assertThat(cache.policy().timeToLive("a")).isEqualTo(MILLI);
        }
        try (OffHeapCache<String, String> cache =
                builder().expireAfterAccess(MILLI).build()) {
            cache.put("a", "1", own);
            assertThat(cache.getIfPresentQuietly("a")).isEqualTo("1");
            assertThat(cache.policy().timeToLive("a")).isEqualTo(own);
            assertThat(cache.getIfPresent("a")).isEqualTo("1");
            assertThat(cache.policy().timeToLive("a")).isEqualTo(MILLI);
        }
    }

    @Test
    void toExpireOrNoMoreToNeedsRoomForACopy() {
        try (OffHeapCache<String, String> cache = builder()
                .maxMemory("1mb")
                .evictionPolicy(EvictionPolicy.NOEVICTION)
                .build()) {
            // So that what is used is not less than a store needs when it is opened.
            cache.put("other", "x".repeat(10_000));
            cache.put("lasting", "1");
            cache.put("expiring", "1", MILLI);
            cache.policy().eviction().setMaxMemory(cache.usedMemory());
            assertThatThrownBy(() -> cache.policy().expire("lasting", MILLI)).isInstanceOf(MaxMemoryException.class);
            assertThatThrownBy(() -> cache.policy().expire("expiring", Duration.ofSeconds(Long.MAX_VALUE)))
                    .isInstanceOf(MaxMemoryException.class);
            assertThat(cache.policy().timeToLive("lasting")).isNull();
            assertThat(cache.policy().timeToLive("expiring")).isEqualTo(MILLI);
            assertThat(cache.policy().expire("expiring", MILLI.multipliedBy(2))).isTrue();
        }
    }

    @Test
    void aListenerIsToldOfWhatIsReplacedAndRemoved() {
        try (OffHeapCache<String, String> cache =
                builder().removalListener(this::tell).executor(Runnable::run).build()) {
            cache.put("a", "1");
            cache.put("a", "2");
            cache.asMap().compute("a", (key, value) -> "3");
            cache.asMap().replace("a", "3", "4");
            cache.asMap().remove("a", "x");
            cache.asMap().remove("a", "4");
            cache.invalidate("a");
            cache.put("b", "5");
            cache.asMap().computeIfPresent("b", (key, value) -> null);
            cache.put("c", "6");
            cache.invalidateAll();
            assertThat(told)
                    .containsExactly(
                            "a=1 REPLACED",
                            "a=2 REPLACED",
                            "a=3 REPLACED",
                            "a=4 REMOVED",
                            "b=5 REMOVED",
                            "c=6 REMOVED");
        }
    }

    @Test
    void aListenerThatThrowsOrCannotRunBreaksNothing() {
        try (OffHeapCache<String, String> throwing = builder()
                        .removalListener((key, value, cause) -> {
                            throw new IllegalStateException("a listener of a test");
                        })
                        .executor(Runnable::run)
                        .build();
                OffHeapCache<String, String> refusing = builder()
                        .removalListener(this::tell)
                        .executor(task -> {
                            throw new RejectedExecutionException("an executor of a test");
                        })
                        .build()) {
            throwing.put("a", "1");
            refusing.put("a", "1");
            QuietLog.during(() -> {
                throwing.put("a", "2");
                refusing.put("a", "2");
            });
            assertThat(throwing.getIfPresent("a")).isEqualTo("2");
            assertThat(refusing.getIfPresent("a")).isEqualTo("2");
            assertThat(told).isEmpty();
        }
    }

    @Test
    void aListenerMayUseTheCacheAndTheKeyItself() {
        List<OffHeapCache<String, String>> caches = new ArrayList<>();
        try (OffHeapCache<String, String> cache = builder()
                .removalListener(
                        (key, value, cause) -> told.add(caches.getFirst().get(key, other -> "again")))
                .executor(Runnable::run)
                .build()) {
            caches.add(cache);
            cache.put("a", "1");
            cache.invalidate("a");
            assertThat(told).containsExactly("again");
        }
    }

    /** What a listener of the store's will hand on. */
    @Test
    void whatLeavesTheStoreByItselfIsDecodedForTheListenersThatWantIt() {
        CacheListeners<String, String> listeners = new CacheListeners<>(
                Codecs.STRING,
                new CacheValues<>(Codecs.STRING, null),
                this::tell,
                (key, value, cause) -> told.add("eviction of " + key),
                Runnable::run);
        MemorySegment bytes = MemorySegment.ofArray(new byte[] {'x'}).asReadOnly();
        for (RemovalCause cause : RemovalCause.values()) {
            listeners.removed(cause, bytes, bytes);
        }
        assertThat(told)
                .containsExactly(
                        "x=x REPLACED", "x=x REMOVED", "eviction of x", "x=x EVICTED", "eviction of x", "x=x EXPIRED");
    }

    @Test
    void settingsThatExcludeEachOtherAreRefused() {
        Expiry<String, String> never = new Expiry<>() {
            @Override
            public long expireAfterCreate(String key, String value, long currentTime) {
                return Long.MAX_VALUE;
            }

            @Override
            public long expireAfterUpdate(String key, String value, long currentTime, long currentDuration) {
                return currentDuration;
            }

            @Override
            public long expireAfterRead(String key, String value, long currentTime, long currentDuration) {
                return currentDuration;
            }
        };
        assertThatThrownBy(() ->
                        builder().expireAfter(never).expireAfterWrite(MILLI).build())
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> builder().refreshAfterWrite(MILLI).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("build(loader)");
        assertThatThrownBy(() -> builder().refreshAfterWrite(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder().expireAfterWrite(MILLI.negated()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder().maxMemory(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void durationsBeyondTheClockNeverEnd() {
        try (OffHeapCache<String, String> cache =
                builder().expireAfterWrite(Duration.ofSeconds(Long.MAX_VALUE)).build()) {
            cache.put("a", "1");
            pass(1_000_000);
            assertThat(cache.getIfPresent("a")).isEqualTo("1");
        }
    }
}
