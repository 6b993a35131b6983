package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.EvictionResult;
import dev.zmalloc.fixtures.Seeds;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Several stores under an account with a limit: who loses entries when it is reached, and who does not. */
@Timeout(120)
class SharedLimitTest {
    private static final long LIMIT = 2 << 20;
    private static final int VALUE_BYTES = 100;

    /** Of the store's number in a location of {@link StoreEntries}. */
    private static final int STORE_SHIFT = 40;

    private final MemoryAccount shared = new MemoryAccount("shared", LIMIT);
    private final List<OffHeapStore> opened = new ArrayList<>();

    @AfterEach
    void closeAll() {
        opened.forEach(OffHeapStore::close);
        assertThat(shared.usedMemory()).isZero();
        assertThat(StoreGroup.count()).isZero();
    }

    private OffHeapStore open(MemoryAccount account, EvictionPolicy policy, long maxMemory) {
        OffHeapStore store = OffHeapStore.builder()
                .account(account)
                .evictionPolicy(policy)
                .maxMemory(maxMemory)
                .build();
        opened.add(store);
        return store;
    }

    private OffHeapStore open(EvictionPolicy policy) {
        // So that it has one stripe: an empty store takes little then.
        return open(shared, policy, LIMIT - 1);
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    }

    private static void put(OffHeapStore store, int from, int to) {
        for (int number = from; number < to; number++) {
            store.put(key(number), new byte[VALUE_BYTES]);
        }
    }

    private static int present(OffHeapStore store, int from, int to) {
        int present = 0;
        for (int number = from; number < to; number++) {
            present += store.containsKey(key(number)) ? 1 : 0;
        }
        return present;
    }

    /** Puts until something is evicted somewhere. Answers the next number. */
    private int fill(OffHeapStore store, int from) {
        int number = from;
        while (evictions() == 0) {
            put(store, number, ++number);
        }
        return number;
    }

    private long evictions() {
        return opened.stream().mapToLong(SharedLimitTest::evictions).sum();
    }

    private static long evictions(OffHeapStore store) {
        return store.statistics().evictions();
    }

    @Test
    @Tag("core")
    void theStoreThatIsNotUsedLosesItsEntriesWhoeverPuts() {
        OffHeapStore cold = open(EvictionPolicy.ALLKEYS_LRU);
        OffHeapStore hot = open(EvictionPolicy.ALLKEYS_LRU);
        OffHeapStore third = open(EvictionPolicy.ALLKEYS_LRU);
        int colds = 4_000;
        int hots = 4_000;
        put(cold, 0, colds);
        put(hot, 0, hots);
        fill(third, 0);
        long before = evictions();
        for (int round = 0; round < 20; round++) {
            for (int number = 0; number < hots; number++) {
                hot.get(key(number));
            }
            put(hot, 100_000 + round * 30, 100_030 + round * 30);
            put(third, 200_000 + round * 30, 200_030 + round * 30);
            put(cold, 300_000 + round * 30, 300_030 + round * 30);
        }
        long evicted = evictions() - before;
        assertThat(evicted).isGreaterThan(1_500);
        assertThat(present(hot, 0, hots)).isGreaterThan(hots * 995 / 1_000);
        int lost = colds - present(cold, 0, colds);
        assertThat(lost).isGreaterThan((int) (evicted * 8 / 10));
        assertThat(cold.eviction().evictionsForOthers()).isBetween(lost / 2L, evictions(cold) - 100);
        assertThat(evictions(cold)).isGreaterThanOrEqualTo(lost);
        assertThat(cold.eviction().statistics().evictedBytes()).isGreaterThan(lost * 100L);
        assertThat(shared.peakMemory()).isLessThanOrEqualTo(LIMIT);
        opened.forEach(StoreValidator::validate);
    }

    @ParameterizedTest
    @EnumSource(names = {"ALLKEYS_RANDOM", "ALLKEYS_S3FIFO", "VOLATILE_RANDOM"})
    void victimsComeFromEachStoreInProportion(EvictionPolicy policy) {
        OffHeapStore small = open(policy);
        OffHeapStore large = open(policy);
        // Far more stripes, which must make no difference.
        OffHeapStore striped = open(shared, policy, 0);
        int unit = 1_400;
        putExpiring(small, 0, unit, 1_000);
        putExpiring(large, 0, 3 * unit, 1_000);
        putExpiring(striped, 0, unit, 1_000);
        OffHeapStore putting = open(policy);
        assertThat(evictions()).isZero();
        int number = 0;
        while (evictions() < 2_000) {
            putExpiring(putting, number, ++number, 1_000);
        }
        double all = evictions(small) + evictions(large) + evictions(striped);
        assertThat(evictions(small) / all).isCloseTo(0.2, within(0.06));
        assertThat(evictions(striped) / all).isCloseTo(0.2, within(0.06));
        assertThat(evictions(large) / all).isCloseTo(0.6, within(0.06));
    }

    private static void putExpiring(OffHeapStore store, int from, int to, long seconds) {
        for (int number = from; number < to; number++) {
            store.put(key(number), new byte[VALUE_BYTES], Duration.ofSeconds(seconds));
        }
    }

    @Test
    void whatExpiresFirstGoesFirstWhereverItIs() {
        OffHeapStore late = open(EvictionPolicy.VOLATILE_TTL);
        OffHeapStore soon = open(EvictionPolicy.VOLATILE_TTL);
        OffHeapStore never = open(EvictionPolicy.VOLATILE_TTL);
        putExpiring(late, 0, 3_000, 10_000);
        putExpiring(soon, 0, 3_000, 1_000);
        int puts = fill(never, 0);
        put(never, puts, puts + 2_000);
        assertThat(evictions(soon)).isBetween(1_500L, 2_990L);
        assertThat(evictions(late)).isLessThan(evictions(soon) / 50);
        put(never, puts + 2_000, puts + 5_000);
        assertThat(evictions(late)).isGreaterThan(1_000);
        assertThat(evictions(never)).isZero();
        assertThat(present(never, 0, puts + 5_000)).isEqualTo(puts + 5_000);
    }

    /** Each entry of a sample is of a store chosen for it alone, or else a sample could be of late ones throughout. */
    @Test
    void aSampleOfThoseThatExpireIsOfAllStoresInProportion() {
        OffHeapStore few = open(EvictionPolicy.VOLATILE_TTL);
        OffHeapStore many = open(EvictionPolicy.VOLATILE_TTL);
        putExpiring(few, 0, 1_000, 1_000);
        putExpiring(many, 0, 3_000, 1_000);
        put(few, 1_000, 3_000);
        GroupEntries entries = new GroupEntries(true);
        entries.add(few.memory());
        entries.add(many.memory());
        SplittableRandom random = new SplittableRandom(Seeds.next("SharedLimitTest.aSampleOfThoseThatExpire"));
        int samples = 2_000;
        int fromFew = 0;
        int mixed = 0;
        for (int sample = 0; sample < samples; sample++) {
            List<Long> numbers = new ArrayList<>();
            int offered = entries.sample(
                    random.nextLong(), 5, (item, location, access) -> numbers.add(location >>> STORE_SHIFT));
            assertThat(offered).isEqualTo(numbers.size()).isEqualTo(5);
            int ofFew = Collections.frequency(numbers, 1L);
            fromFew += ofFew;
            mixed += ofFew > 0 && ofFew < 5 ? 1 : 0;
        }
        assertThat(fromFew / (5.0 * samples)).isCloseTo(0.25, within(0.03));
        // All but those with five of one store: 1 - 0.25^5 - 0.75^5.
        assertThat(mixed / (double) samples).isCloseTo(0.76, within(0.06));
    }

    @Test
    void atItsOwnLimitAStoreEvictsItsOwnEntriesAlone() {
        OffHeapStore old = open(EvictionPolicy.ALLKEYS_LRU);
        put(old, 0, 2_000);
        OffHeapStore limited = open(shared, EvictionPolicy.ALLKEYS_LRU, 256 << 10);
        put(limited, 0, 20_000);
        assertThat(evictions(limited)).isGreaterThan(15_000);
        assertThat(evictions(old)).isZero();
        assertThat(limited.eviction().evictionsForOthers()).isZero();
        assertThat(old.size()).isEqualTo(2_000);
    }

    @Test
    void storesOfOtherPoliciesLoseNothing() {
        OffHeapStore kept = open(EvictionPolicy.NOEVICTION);
        OffHeapStore random = open(EvictionPolicy.ALLKEYS_RANDOM);
        OffHeapStore tuned = OffHeapStore.builder()
                .account(shared)
                .maxMemory(LIMIT - 1)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .evictionParameters(EvictionParameters.DEFAULTS.with("maxmemory-samples", 9))
                .build();
        opened.add(tuned);
        OffHeapStore lru = open(EvictionPolicy.ALLKEYS_LRU);
        put(kept, 0, 2_000);
        put(random, 0, 2_000);
        put(tuned, 0, 2_000);
        put(lru, 0, 20_000);
        assertThat(evictions(lru)).isEqualTo(evictions()).isGreaterThan(8_000);
        long refused = 0;
        for (int number = 2_000; number < 2_100; number++) {
            try {
                put(kept, number, number + 1);
            } catch (MaxMemoryException e) {
                assertThat(e).hasMessageContaining("noeviction").hasMessageContaining("shared");
                assertThat(e.maxMemory()).isEqualTo(LIMIT);
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(90);
        assertThat(present(kept, 0, 2_000)).isEqualTo(2_000);
        assertThat(evictions(random)).isZero();
        assertThat(evictions(tuned)).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void aStoreOpensUnderAnAccountThatIsFull(EvictionPolicy policy) {
        OffHeapStore full = open(policy);
        try {
            put(full, 0, 1_000_000 / VALUE_BYTES);
            while (evictions() == 0) {
                putExpiring(full, (int) full.size(), (int) full.size() + 1, 1_000);
            }
        } catch (MaxMemoryException e) {
            assertThat(policy).isEqualTo(EvictionPolicy.NOEVICTION);
        }
        // Not one block more.
        long withheld = 0;
        while (shared.tryReserve(64)) {
            withheld += 64;
        }
        if (policy.evicts()) {
            OffHeapStore second = open(policy);
            putExpiring(second, 0, 10, 1_000);
            assertThat(second.size()).isEqualTo(10);
            assertThat(full.eviction().evictionsForOthers()).isPositive();
        } else {
            // No room for the pool, which is there whatever the policy.
            assertThatThrownBy(() -> open(policy))
                    .isInstanceOf(MaxMemoryException.class)
                    .hasMessageContaining("to open a store");
        }
        shared.release(withheld);
    }

    @Test
    void whereAccountsAreNestedTheLimitThatRefusesSaysWhoLoses() {
        MemoryAccount region = shared.child("region", 1 << 20);
        OffHeapStore outside = open(EvictionPolicy.ALLKEYS_LRU);
        OffHeapStore first = open(region, EvictionPolicy.ALLKEYS_LRU, LIMIT - 1);
        OffHeapStore second = open(region, EvictionPolicy.ALLKEYS_LRU, LIMIT - 1);
        put(outside, 0, 3_000);
        put(first, 0, 3_000);
        put(second, 0, 9_000);
        assertThat(region.peakMemory()).isLessThanOrEqualTo(1 << 20);
        assertThat(evictions(outside)).isZero();
        assertThat(evictions(first)).isGreaterThan(2_000);
        assertThat(first.eviction().evictionsForOthers()).isEqualTo(evictions(first));
        // The root's: whoever was used least, inside the region or not.
        long inside = evictions(first) + evictions(second);
        for (int round = 0; round < 10; round++) {
            for (int number = 0; number < 3_000; number++) {
                outside.get(key(number));
            }
            put(outside, 3_000 + round * 1_000, 4_000 + round * 1_000);
        }
        assertThat(evictions(first) + evictions(second) - inside).isGreaterThan(4_000);
        assertThat(shared.peakMemory()).isLessThanOrEqualTo(LIMIT);
    }

    @Test
    void aStoreThatChangesItsPolicyChangesSides() {
        OffHeapStore first = open(EvictionPolicy.ALLKEYS_LRU);
        OffHeapStore second = open(EvictionPolicy.ALLKEYS_LRU);
        put(first, 0, 3_000);
        fill(second, 0);
        put(second, 100_000, 101_000);
        long before = evictions(first);
        assertThat(before).isGreaterThan(500);
        first.eviction().setPolicy(EvictionPolicy.ALLKEYS_LFU);
        assertThat(StoreGroup.count()).isEqualTo(2);
        // The new group's pool took the room of a few.
        assertThat(evictions()).isLessThan(before + evictions(second) + 10);
        before = evictions(first);
        put(second, 200_000, 203_000);
        assertThat(evictions(first)).isEqualTo(before);
        second.eviction().setPolicy(EvictionPolicy.ALLKEYS_LFU);
        second.eviction().setPolicy(EvictionPolicy.ALLKEYS_LFU);
        assertThat(StoreGroup.count()).isEqualTo(1);
        put(second, 300_000, 303_000);
        assertThat(evictions(first)).isGreaterThan(before + 200);
        first.eviction().setPolicy(EvictionPolicy.NOEVICTION);
        before = evictions(first);
        put(second, 400_000, 403_000);
        assertThat(evictions(first)).isEqualTo(before);
        StoreValidator.validate(first);
        StoreValidator.validate(second);
        second.close();
        assertThatThrownBy(() -> second.eviction().setPolicy(EvictionPolicy.ALLKEYS_LRU))
                .isInstanceOf(IllegalStateException.class);
        assertThat(StoreGroup.count()).isEqualTo(1);
    }

    /** Whoever is told that an entry made room for the pool of a new group may wait for a thread that opens a store. */
    @Test
    void aListenerThatIsToldWhileAGroupIsMadeHoldsUpNobody() {
        List<Boolean> ended = new ArrayList<>();
        boolean[] opens = {false};
        OffHeapStore store = OffHeapStore.builder()
                .account(shared)
                .maxMemory(LIMIT - 1)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .removalListener((cause, key, value) -> {
                    if (opens[0]) {
                        Thread opening = Thread.ofPlatform()
                                .start(() -> OffHeapStore.builder().build().close());
                        try {
                            ended.add(opening.join(Duration.ofSeconds(5)));
                        } catch (InterruptedException e) {
                            throw new AssertionError(e);
                        }
                    }
                })
                .build();
        opened.add(store);
        fill(store, 0);
        long withheld = 0;
        while (shared.tryReserve(16)) {
            withheld += 16;
        }
        opens[0] = true;
        store.eviction().setPolicy(EvictionPolicy.ALLKEYS_LFU);
        opens[0] = false;
        shared.release(withheld);
        assertThat(ended).isNotEmpty().containsOnly(true);
    }

    @Test
    void whatOneStoreHasClearedIsTakenBeforeAnythingIsEvicted() {
        OffHeapStore cleared = open(EvictionPolicy.NOEVICTION);
        cleared.keeper().close();
        OffHeapStore first = open(EvictionPolicy.ALLKEYS_LRU);
        OffHeapStore second = open(EvictionPolicy.ALLKEYS_LRU);
        put(cleared, 0, 4_000);
        put(first, 0, 3_000);
        fill(second, 0);
        long before = evictions();
        cleared.clear();
        put(second, 100_000, 103_000);
        assertThat(evictions()).isEqualTo(before);
        opened.forEach(StoreValidator::validate);
    }

    @Test
    void aClosedStoreIsPassedOver() {
        OffHeapStore first = open(EvictionPolicy.ALLKEYS_LRU);
        OffHeapStore second = open(EvictionPolicy.ALLKEYS_LRU);
        put(first, 0, 3_000);
        int puts = fill(second, 0);
        put(second, puts, puts + 500);
        // The pool is full of entries of the first by now.
        first.close();
        OffHeapStore third = open(EvictionPolicy.ALLKEYS_LRU);
        put(third, 0, 3_000);
        put(second, 100_000, 120_000);
        assertThat(evictions(third)).isPositive();
        StoreValidator.validate(second);
        StoreValidator.validate(third);
    }

    /** Who is in an epoch holds up what was removed since, which is free soon: nothing more is evicted for it. */
    @Test
    void aReaderThatStandsStillInOneStoreMakesTheOthersEvictNothingMore() {
        OffHeapStore read = open(EvictionPolicy.ALLKEYS_LRU);
        OffHeapStore other = open(EvictionPolicy.ALLKEYS_LRU);
        fill(read, 0);
        put(read, 100_000, 100_100);
        long before = evictions();
        int ticket = read.parts().epochs().enter();
        try {
            assertThatThrownBy(() -> put(other, 0, 100)).isInstanceOf(MaxMemoryException.class);
            assertThat(evictions() - before).isBetween(1L, 200L);
        } finally {
            read.parts().epochs().exit(ticket);
        }
        put(other, 0, 1_000);
        assertThat(other.size()).isEqualTo(1_000);
    }

    @Test
    void anEntryThatIsTooLargeForTheSharedLimitCostsNobodyAnything() {
        OffHeapStore first = open(shared, EvictionPolicy.ALLKEYS_LRU, 8 << 20);
        OffHeapStore second = open(shared, EvictionPolicy.ALLKEYS_LRU, 8 << 20);
        put(first, 0, 1_000);
        assertThatThrownBy(() -> second.put(key(1), new byte[(int) LIMIT]))
                .isInstanceOf(MaxMemoryException.class)
                .hasMessageContaining("larger than the limit can hold");
        assertThat(evictions()).isZero();
        assertThat(second.statistics().rejectedTooLarge()).isEqualTo(1);
        second.put(key(1), new byte[(int) LIMIT / 3]);
        assertThat(second.size()).isEqualTo(1);
    }

    @Test
    void loweringTheSharedLimitEvictsFromAllInSteps() {
        OffHeapStore first = open(EvictionPolicy.ALLKEYS_RANDOM);
        OffHeapStore second = open(EvictionPolicy.ALLKEYS_RANDOM);
        put(first, 0, 5_000);
        put(second, 0, 5_000);
        assertThat(first.eviction().performEvictions()).isEqualTo(EvictionResult.OK);
        assertThat(evictions()).isZero();
        shared.setMaxMemory(LIMIT / 4);
        assertThat(second.overMemoryAfterAllocation(1)).isTrue();
        assertThat(second.eviction().excessBytes()).isZero();
        EvictionResult result = EvictionResult.RUNNING;
        while (result == EvictionResult.RUNNING) {
            result = second.eviction().performEvictions();
        }
        assertThat(result).isEqualTo(EvictionResult.OK);
        assertThat(shared.usedMemory()).isBetween(LIMIT / 5, LIMIT / 4);
        assertThat((double) first.size() / second.size()).isBetween(0.8, 1.25);
        opened.forEach(StoreValidator::validate);
    }
}
