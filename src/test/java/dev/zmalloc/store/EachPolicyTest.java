package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.EvictionResult;
import dev.zmalloc.table.ChainWalk;
import dev.zmalloc.table.EntryLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds under every policy; most of it is asked of Redis by its own tests too. */
@Tag("process") // once is enough: it takes seconds
class EachPolicyTest {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final long LIMIT = 256 << 10;

    private final AtomicLong millis = new AtomicLong(1_000_000);

    private OffHeapStore open(EvictionPolicy policy, long maxMemory) {
        OffHeapStore store = OffHeapStore.builder()
                .evictionPolicy(policy)
                .maxMemory(maxMemory)
                .clock(millis::get)
                .build();
        // Nothing goes but what operations evict or remove.
        store.keeper().close();
        return store;
    }

    static Stream<EvictionPolicy> evicting() {
        return Arrays.stream(EvictionPolicy.values()).filter(EvictionPolicy::evicts);
    }

    static Stream<EvictionPolicy> sparing() {
        return Arrays.stream(EvictionPolicy.values()).filter(EvictionPolicy::isVolatile);
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    }

    private static byte[] value(int number) {
        byte[] value = new byte[20 + number % 150];
        Arrays.fill(value, (byte) number);
        return value;
    }

    /** Fills the store, adds as many again, and counts: what is not there was evicted, once. */
    @ParameterizedTest
    @MethodSource("evicting")
    void theLimitIsHonouredAndEachEvictionCountedOnce(EvictionPolicy policy) {
        try (OffHeapStore store = open(policy, LIMIT)) {
            int number = 0;
            while (store.statistics().evictions() == 0) {
                store.put(key(number), value(number), HOUR);
                number++;
            }
            int filled = number;
            assertThat(store.usedMemory()).isGreaterThan(LIMIT * 9 / 10);
            for (; number < 2 * filled; number++) {
                store.put(key(number), value(number), HOUR);
                assertThat(store.usedMemory()).isLessThanOrEqualTo(LIMIT);
                assertThat(store.get(key(number))).isEqualTo(value(number));
            }
            StoreStatistics statistics = store.statistics();
            assertThat(statistics.puts() - statistics.evictions()).isEqualTo(store.size());
            assertThat(statistics.expirations() + statistics.removals() + statistics.rejections())
                    .isZero();
            int there = 0;
            for (int key = 0; key < number; key++) {
                byte[] found = store.get(key(key));
                assertThat(found).isIn(value(key), null);
                there += found == null ? 0 : 1;
            }
            assertThat(there).isEqualTo((int) store.size());
            assertThat((double) there)
                    .as("full, and not more evicted than need be")
                    .isGreaterThan(filled * 0.8);
            assertThat(store.eviction().statistics().evictions()).isEqualTo(statistics.evictions());
            StoreValidator.validate(store);
        }
    }

    @ParameterizedTest
    @MethodSource("sparing")
    void volatilePoliciesNeverTouchWhatLasts(EvictionPolicy policy) {
        try (OffHeapStore store = open(policy, LIMIT)) {
            for (int key = 0; key < 600; key++) {
                store.put(key(key), value(key));
            }
            // Far more that expire than fit; every fourth is made to last, or to expire again.
            int lasting = 600;
            for (int key = 1_000; key < 6_000; key++) {
                store.put(key(key), value(key), HOUR);
                if (key % 50 == 0) {
                    assertThat(store.persist(key(key))).isTrue();
                    lasting++;
                }
                if (key % 100 == 1) {
                    store.put(key(key), value(key));
                    store.expire(key(key), HOUR);
                }
            }
            assertThat(store.statistics().evictions()).isPositive();
            for (int key = 0; key < 6_000; key++) {
                if (key < 600 || (key >= 1_000 && key % 50 == 0)) {
                    assertThat(store.get(key(key))).as("key %d", key).isEqualTo(value(key));
                }
            }
            StoreValidator.validate(store);
            // All that expire go in the end; then it refuses.
            while (store.evictor().evictOne() > 0) {
                assertThat(store.size()).isGreaterThanOrEqualTo(lasting);
            }
            assertThat(store.size()).isEqualTo(lasting);
            StoreValidator.validate(store);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatCannotBeMadeRoomForIsRefusedWithAClearError(EvictionPolicy policy) {
        if (policy.evicts() && !policy.isVolatile()) {
            return;
        }
        try (OffHeapStore store = open(policy, LIMIT)) {
            int[] number = {0};
            assertThatThrownBy(() -> {
                        for (; ; number[0]++) {
                            store.put(key(number[0]), value(number[0]));
                        }
                    })
                    .isInstanceOf(MaxMemoryException.class)
                    .hasMessageContaining("nothing to evict by policy " + policy)
                    .hasMessageContaining(Long.toString(LIMIT));
            assertThat(store.size()).isEqualTo(number[0]);
            assertThat(store.statistics().rejectedNoRoom()).isEqualTo(1);
            assertThatThrownBy(() -> store.put(key(3), new byte[4_000], HOUR)).isInstanceOf(MaxMemoryException.class);
            assertThat(store.get(key(3))).as("the old value stays").isEqualTo(value(3));
            assertThat(store.evictor().evictOne()).isZero();
            assertThat(store.eviction().performEvictions()).isEqualTo(EvictionResult.OK);
            StoreValidator.validate(store);
            // What has a time to live makes room, where policy and size allow.
            store.remove(key(0));
            store.remove(key(1));
            store.remove(key(2));
            store.put(key(1), new byte[20], HOUR);
            assertThat(store.evictor().evictOne() > 0).isEqualTo(policy.isVolatile());
            StoreValidator.validate(store);
        }
    }

    /** An entry that has expired is met in a sample and goes before one that lives; it is not counted as evicted. */
    @ParameterizedTest
    @MethodSource("evicting")
    void whatHasExpiredGoesFirst(EvictionPolicy policy) {
        try (OffHeapStore store = open(policy, LIMIT)) {
            int number = 0;
            while (store.usedMemory() < LIMIT - 6_000) {
                store.put(key(number), new byte[50], number % 2 == 0 ? Duration.ofMillis(50) : HOUR);
                number++;
            }
            long entries = store.size();
            millis.addAndGet(100);
            for (int removal = 0; removal < entries / 4; removal++) {
                assertThat(store.evictor().evictOne()).isPositive();
            }
            StoreStatistics statistics = store.statistics();
            assertThat(statistics.evictions() + statistics.expirations()).isEqualTo(entries / 4);
            assertThat(store.evictor().removals()).isEqualTo(entries / 4);
            assertThat(store.eviction().statistics().evictions()).isEqualTo(statistics.evictions());
            if (policy.isQueued()) {
                // Queues go by their order.
                assertThat(statistics.expirations()).isGreaterThan(entries / 10);
            } else {
                assertThat(statistics.evictions()).isLessThan(entries / 40);
            }
            StoreValidator.validate(store);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aNewEntryHasTheFieldOfANewEntryAndOneThatIsReadWhatItsPolicyMakesOfThat(EvictionPolicy policy) {
        try (OffHeapStore store = open(policy, 8 << 20)) {
            for (int key = 0; key < 10_000; key++) {
                store.put(key(key), new byte[1], HOUR);
            }
            int fresh = access(store, 9_999);
            String name = policy.toString();
            if (name.endsWith("-lfu")) {
                assertThat(fresh & 0xFF).as("frequency of a new key").isEqualTo(5);
            } else if (name.endsWith("-lru") || name.endsWith("-lrm")) {
                assertThat(store.evictor().clock().now() - fresh)
                        .as("idle time of a new key")
                        .isBetween(0, 1);
                assertThat(store.evictor().clock().now() - access(store, 0)).isGreaterThan(1_000);
            }
            int before = access(store, 0);
            assertThat(store.get(key(0))).isNotNull();
            assertThat(store.containsKey(key(1))).isTrue();
            if (name.endsWith("-lru")) {
                assertThat(access(store, 0)).isEqualTo(store.evictor().clock().now());
                assertThat(access(store, 1))
                        .as("asking whether it is there is no use")
                        .isLessThan(100);
            } else if (name.endsWith("-lfu")) {
                assertThat(access(store, 0) & 0xFF).isEqualTo(6);
            } else if (policy.isQueued() || name.endsWith("-gdsf")) {
                assertThat(access(store, 0)).isEqualTo(before + 1);
            } else {
                assertThat(access(store, 0)).as("a read changes nothing").isEqualTo(before);
            }
            store.put(key(0), new byte[2], HOUR);
            if (name.endsWith("-lrm")) {
                assertThat(access(store, 0))
                        .as("a write")
                        .isEqualTo(store.evictor().clock().now());
            } else if (name.endsWith("-lfu")) {
                assertThat(access(store, 0) & 0xFF)
                        .as("a new value keeps the counter")
                        .isBetween(6, 7);
            }
        }
    }

    private static int access(OffHeapStore store, int number) {
        int[] found = {-1};
        for (Stripe stripe : store.stripes()) {
            stripe.exclusively(() -> ChainWalk.stamp(stripe.table(), 0, 1 << 30, (entry, access, expires) -> {
                if (EntryLayout.keyBytes(entry) == Integer.BYTES
                        && ByteBuffer.wrap(EntryLayout.copyOfKey(entry)).getInt() == number) {
                    found[0] = access;
                }
                return access;
            }));
        }
        return found[0];
    }

    /** What is used again and again stays, whatever comes once, under those policies that go by use. */
    @ParameterizedTest
    @MethodSource("evicting")
    void whatIsUsedStays(EvictionPolicy policy) {
        String name = policy.toString();
        if (name.endsWith("-random") || name.endsWith("-ttl") || name.endsWith("-lrm")) {
            return;
        }
        try (OffHeapStore store = open(policy, LIMIT)) {
            int lost = 0;
            for (int number = 0; number < 10_000; number++) {
                store.put(key(number + 1_000), new byte[50], HOUR);
                int hot = number % 100;
                if (store.get(key(hot)) == null) {
                    lost++;
                    store.put(key(hot), new byte[50], HOUR);
                }
            }
            assertThat(lost)
                    .as("misses of 100 hot keys, their first ones included")
                    .isBetween(100, 300);
        }
    }

    @Test
    void ttlEvictsWhatExpiresSoonest() {
        try (OffHeapStore store = open(EvictionPolicy.VOLATILE_TTL, 1 << 20)) {
            for (int key = 0; key < 1_000; key++) {
                store.put(key(key), new byte[10], Duration.ofSeconds(10 + (key * 7919) % 1_000));
            }
            for (int eviction = 0; eviction < 300; eviction++) {
                assertThat(store.evictor().evictOne()).isPositive();
            }
            long late = Stream.iterate(0, key -> key + 1)
                    .limit(1_000)
                    .filter(key -> (key * 7919) % 1_000 >= 500 && !store.containsKey(key(key)))
                    .count();
            assertThat(late).as("of the later half").isLessThan(6);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aCapOnEntriesStandsAloneAndBesideALimit(EvictionPolicy policy) {
        for (long maxMemory : new long[] {0, LIMIT}) {
            try (OffHeapStore store = OffHeapStore.builder()
                    .evictionPolicy(policy)
                    .maxMemory(maxMemory)
                    .maxEntries(500)
                    .build()) {
                store.keeper().close();
                assertThat(store.eviction().maxEntries()).isEqualTo(500);
                for (int key = 0; key < 500; key++) {
                    store.put(key(key), new byte[8], HOUR);
                }
                store.put(key(7), new byte[100], HOUR);
                if (policy.evicts()) {
                    for (int key = 500; key < 2_000; key++) {
                        store.put(key(key), new byte[8], HOUR);
                        assertThat(store.size()).isEqualTo(500);
                    }
                    assertThat(store.statistics().evictions()).isEqualTo(1_500);
                } else {
                    assertThatThrownBy(() -> store.put(key(500), new byte[8]))
                            .isInstanceOf(MaxMemoryException.class)
                            .hasMessageContaining("no room among the entries");
                }
                store.eviction().setMaxEntries(200);
                EvictionResult result = EvictionResult.RUNNING;
                while (result == EvictionResult.RUNNING) {
                    result = store.eviction().performEvictions();
                }
                assertThat(result).isEqualTo(policy.evicts() ? EvictionResult.OK : EvictionResult.FAIL);
                assertThat(store.size()).isEqualTo(policy.evicts() ? 200 : 500);
                StoreValidator.validate(store);
                store.eviction().setMaxEntries(10_000);
                store.put(key(5_000), new byte[8], HOUR);
                assertThat(store.size()).isEqualTo(policy.evicts() ? 201 : 501);
                store.clear();
                for (int key = 0; key < 1_000; key++) {
                    store.put(key(key), new byte[8], HOUR);
                }
                assertThat(store.size()).isEqualTo(1_000);
                StoreValidator.validate(store);
            }
        }
        try (OffHeapStore store = open(policy, 0)) {
            assertThat(store.eviction().maxEntries()).isZero();
            assertThatThrownBy(() -> store.eviction().setMaxEntries(10)).isInstanceOf(IllegalStateException.class);
        }
        assertThatThrownBy(() -> OffHeapStore.builder().maxEntries(0)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @MethodSource("evicting")
    void parametersAtTheirBoundsWork(EvictionPolicy policy) {
        EvictionParameters least = new EvictionParameters(1, 0, 0, 0, 64, 1, 1, 0);
        EvictionParameters most = new EvictionParameters(64, 100, Integer.MAX_VALUE, Integer.MAX_VALUE, 8192, 50, 3, 1);
        for (EvictionParameters parameters : new EvictionParameters[] {least, most}) {
            try (OffHeapStore store = OffHeapStore.builder()
                    .evictionPolicy(policy)
                    .maxMemory(LIMIT)
                    .evictionParameters(parameters)
                    .build()) {
                assertThat(store.eviction().parameters()).isEqualTo(parameters);
                for (int key = 0; key < 5_000; key++) {
                    store.put(key(key), new byte[50], HOUR);
                    store.get(key(key / 2));
                }
                assertThat(store.statistics().rejections()).isZero();
                StoreValidator.validate(store);
            }
        }
    }
}
