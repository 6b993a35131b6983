package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.EvictionStatistics;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a store tells of its entries' use and of its evictor. */
@Tag("core")
class EvictionInsightTest {
    private static final long MAX_MEMORY = 512 << 10;

    @Test
    void aNewKeyIsNotIdleAndCountsFive() {
        try (OffHeapStore store = open(EvictionPolicy.ALLKEYS_LRU)) {
            store.put(key(1), new byte[10]);
            assertThat(store.eviction().idleTime(key(1))).isEqualTo(Duration.ZERO);
            assertThat(store.eviction().idleTime(key(2))).isNull();
            store.eviction().setPolicy(EvictionPolicy.ALLKEYS_LFU);
            assertThat(store.eviction().accessFrequency(key(1))).hasValue(5);
            assertThat(store.eviction().accessFrequency(key(2))).isEmpty();
            for (int count = 0; count < 1_000; count++) {
                store.get(key(1));
            }
            int often = store.eviction().accessFrequency(key(1)).getAsInt();
            assertThat(often).isBetween(10, 40);
            assertThat(store.eviction().score(key(1))).hasValue(255 - often);
        }
    }

    @Test
    void idleTimeGrowsWhileOthersComeAndStartsAnewWithAUse() throws InterruptedException {
        try (OffHeapStore store = open(EvictionPolicy.ALLKEYS_LRU)) {
            store.put(key(-1), new byte[10]);
            long start = System.nanoTime();
            fill(store, 0, 1_000);
            Thread.sleep(50);
            fill(store, 1_000, 2_000);
            Duration idle = store.eviction().idleTime(key(-1));
            assertThat(idle).isBetween(Duration.ofMillis(50), Duration.ofNanos(System.nanoTime() - start));
            long score = store.eviction().score(key(-1)).getAsLong();
            store.get(key(-1));
            assertThat(store.eviction().idleTime(key(-1))).isLessThan(idle);
            assertThat(store.eviction().score(key(-1)).getAsLong()).isLessThan(score);
        }
    }

    @ParameterizedTest
    @EnumSource(EvictionPolicy.class)
    void whatAPolicyDoesNotKeepIsRefusedByItsName(EvictionPolicy policy) {
        String name = policy.toString();
        try (OffHeapStore store = open(policy)) {
            store.put(key(1), new byte[10], Duration.ofHours(1));
            StoreEviction eviction = store.eviction();
            for (boolean isThere : new boolean[] {true, false}) {
                byte[] key = key(isThere ? 1 : 2);
                if (name.endsWith("lru") || name.endsWith("lrm")) {
                    assertThat(eviction.idleTime(key) != null).isEqualTo(isThere);
                } else {
                    assertThatThrownBy(() -> eviction.idleTime(key))
                            .isInstanceOf(UnsupportedOperationException.class)
                            .hasMessageContaining("the policy " + name + " keeps no idle time");
                }
                if (name.endsWith("lfu") || name.endsWith("gdsf") || name.endsWith("s3fifo")) {
                    assertThat(eviction.accessFrequency(key).isPresent()).isEqualTo(isThere);
                } else {
                    assertThatThrownBy(() -> eviction.accessFrequency(key)).hasMessageContaining("no access frequency");
                }
                if (name.endsWith("random") || name.endsWith("s3fifo") || name.equals("noeviction")) {
                    assertThatThrownBy(() -> eviction.score(key)).hasMessageContaining("keeps no score");
                } else {
                    assertThat(eviction.score(key).isPresent()).isEqualTo(isThere);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(EvictionPolicy.class)
    void askingIsNoUse(EvictionPolicy policy) {
        try (OffHeapStore store = open(policy)) {
            for (int number = 0; number < 300; number++) {
                store.put(key(number), new byte[100], Duration.ofHours(1));
            }
            StoreStatistics before = store.statistics();
            EvictionStatistics evictionsBefore = store.eviction().statistics();
            List<Long> accesses = accesses(store);
            for (int count = 0; count < 20; count++) {
                for (int number = 0; number < 300; number++) {
                    byte[] key = key(number);
                    quietly(() -> store.eviction().idleTime(key));
                    quietly(() -> store.eviction().accessFrequency(key));
                    quietly(() -> store.eviction().score(key));
                    store.eviction().isProtected(key);
                }
                store.eviction().candidates();
            }
            assertThat(accesses(store)).isEqualTo(accesses);
            assertThat(store.statistics()).isEqualTo(before);
            assertThat(store.eviction().statistics()).isEqualTo(evictionsBefore);
        }
    }

    private static List<Long> accesses(OffHeapStore store) {
        StoreSlots slots = new StoreSlots(store.parts(), store.stripes(), store.operations(), store.evictor());
        return java.util.stream.IntStream.range(0, 300)
                .mapToObj(number -> slots.look(key(number), (entry, access) -> java.util.OptionalLong.of(access))
                        .getAsLong())
                .toList();
    }

    private static void quietly(Runnable question) {
        try {
            question.run();
        } catch (UnsupportedOperationException e) {
            assertThat(e).hasMessageContaining("keeps no");
        }
    }

    @Test
    void thePoolShowsWhoGoesNext() {
        try (OffHeapStore store = open(EvictionPolicy.ALLKEYS_LRU)) {
            fill(store, 0, 10_000);
            List<EvictionCandidate> candidates = store.eviction().candidates();
            assertThat(candidates).isNotEmpty().hasSizeLessThanOrEqualTo(16);
            assertThat(candidates.stream().map(EvictionCandidate::score).toList())
                    .isSortedAccordingTo(java.util.Comparator.reverseOrder());
            assertThat(candidates).allMatch(candidate -> store.containsKey(candidate.key()));
            EvictionCandidate best = candidates.getFirst();
            if (!best.isStale()) {
                assertThat(store.eviction().score(best.key()).getAsLong()).isGreaterThanOrEqualTo(best.score());
            }
            store.remove(best.key());
            assertThat(store.eviction().candidates())
                    .noneMatch(candidate -> Arrays.equals(candidate.key(), best.key()));
            EvictionStatistics statistics = store.eviction().statistics();
            assertThat(statistics.evictions()).isEqualTo(10_000 - store.size() - 1);
            assertThat(statistics.evictedBytes()).isGreaterThanOrEqualTo(106 * statistics.evictions());
            assertThat(statistics.samples()).isGreaterThan(statistics.evictions());
            store.eviction().setPolicy(EvictionPolicy.NOEVICTION, EvictionParameters.DEFAULTS);
            assertThat(store.eviction().candidates()).isEmpty();
        }
    }

    private static void fill(OffHeapStore store, int from, int to) {
        for (int number = from; number < to; number++) {
            store.put(key(number), new byte[100]);
        }
    }

    private static OffHeapStore open(EvictionPolicy policy) {
        return OffHeapStore.builder()
                .maxMemory(MAX_MEMORY)
                .evictionPolicy(policy)
                .build();
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(4).putInt(number).array();
    }
}
