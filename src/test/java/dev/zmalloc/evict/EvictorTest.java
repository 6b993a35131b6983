package dev.zmalloc.evict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.ZMalloc;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("core")
class EvictorTest {
    /** Items of ten bytes, by number, with their access fields. */
    private static final class Items implements EvictionTarget {
        final Map<Long, Integer> access = new HashMap<>();
        final List<Long> evicted = new ArrayList<>();
        final Set<Long> expired = new HashSet<>();
        boolean held;

        @Override
        public int sample(long random, int count, CandidateSink sink) {
            SplittableRandom choice = new SplittableRandom(random);
            List<Long> items = new ArrayList<>(access.keySet());
            int offered = Math.min(count, items.size());
            for (int draw = 0; draw < offered; draw++) {
                long item = items.get(offered < count ? draw : choice.nextInt(items.size()));
                sink.offer(item, 0, expired.contains(item) ? EXPIRED : access.get(item));
            }
            return offered;
        }

        @Override
        public long evict(long item, long location, int expected) {
            Integer now = access.get(item);
            if (held || now == null || (expected >= 0 && now != expected)) {
                return 0;
            }
            access.remove(item);
            evicted.add(item);
            return expired.contains(item) ? -10 : 10;
        }

        long bytes() {
            return access.size() * 10L;
        }
    }

    private final Items items = new Items();

    private Evictor evictor(EvictionPolicy policy, long maxMemory) {
        return Evictor.builder()
                .policy(policy)
                .target(items)
                .maxMemory(maxMemory)
                .usedMemory(items::bytes)
                .parameters(EvictionParameters.DEFAULTS.with("maxmemory-eviction-tenacity", 100))
                .seed(1)
                .build();
    }

    /** Whatever is wrong with what it was given: what was reserved for its pool is used up, and free again. */
    @Test
    void anEvictorThatCannotBeMadeLeavesNothingInItsAccount() {
        MemoryAccount account = new MemoryAccount("evictor", 1 << 20);
        assertThat(account.tryReserve(Evictor.poolBytesBound())).isTrue();
        assertThatThrownBy(() ->
                        Evictor.builder().account(account).reserved().build().close())
                .isInstanceOf(NullPointerException.class);
        assertThat(account.usedMemory()).isZero();
        assertThat(account.tryReserve(Evictor.poolBytesBound())).isTrue();
        Evictor.Builder failing = Evictor.builder()
                .target(items)
                .policy(EvictionPolicy.ALLKEYS_LFU)
                .account(account)
                .reserved()
                .nanoTime(() -> {
                    throw new IllegalStateException("of the clock");
                });
        assertThatThrownBy(failing::build).hasMessage("of the clock");
        assertThat(account.usedMemory()).isZero();
    }

    @Test
    void tellsWhetherMemoryWouldBeOverTheLimit() {
        try (Evictor evictor = evictor(EvictionPolicy.NOEVICTION, 100)) {
            assertThat(evictor.overMemoryAfterAllocation(100)).isFalse();
            assertThat(evictor.overMemoryAfterAllocation(101)).isTrue();
            items.access.put(1L, 0);
            assertThat(evictor.overMemoryAfterAllocation(91)).isTrue();
            assertThat(evictor.overMemoryAfterAllocation(Long.MAX_VALUE)).isTrue();
        }
        try (Evictor unlimited = evictor(EvictionPolicy.NOEVICTION, 0)) {
            assertThat(unlimited.overMemoryAfterAllocation(Long.MAX_VALUE)).isFalse();
        }
    }

    @Test
    void noevictionEvictsNothing() {
        items.access.put(1L, 0);
        try (Evictor evictor = evictor(EvictionPolicy.NOEVICTION, 10)) {
            assertThat(evictor.evictOne()).isZero();
            assertThat(evictor.makeRoom(1)).isFalse();
            assertThat(evictor.makeRoom(0)).isTrue();
        }
        assertThat(items.evicted).isEmpty();
    }

    @Test
    void thePoolLivesInCountedMemory() {
        long before = ZMalloc.zmallocUsedMemory();
        try (Evictor evictor = evictor(EvictionPolicy.ALLKEYS_LRU, 10)) {
            assertThat(ZMalloc.zmallocUsedMemory() - before).isBetween(512L, Evictor.poolBytesBound());
            assertThat(evictor.policy()).isEqualTo(EvictionPolicy.ALLKEYS_LRU);
        }
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
    }

    @Test
    void makesJustTheRoomThatIsAskedFor() {
        try (Evictor evictor = evictor(EvictionPolicy.ALLKEYS_LRU, 1_000)) {
            for (long item = 0; item < 100; item++) {
                insert(evictor, item);
            }
            assertThat(evictor.makeRoom(0)).isTrue();
            assertThat(items.evicted).isEmpty();
            assertThat(evictor.makeRoom(35)).isTrue();
            assertThat(items.evicted).hasSize(4).doesNotHaveDuplicates();
            assertThat(evictor.evictions()).isEqualTo(4);
            assertThat(evictor.makeRoom(1_001)).isFalse();
            assertThat(items.access).isEmpty();
        }
    }

    /** Sampling five with the pool comes close to exact least-recent use: victims are mostly of the oldest part. */
    @Test
    void evictsWhatWasNotUsed() {
        try (Evictor evictor = evictor(EvictionPolicy.ALLKEYS_LRU, 10_000)) {
            for (long item = 0; item < 1_000; item++) {
                insert(evictor, item);
            }
            for (long item = 0; item < 500; item++) {
                items.access.put(item, evictor.clock().now());
            }
            for (int eviction = 0; eviction < 300; eviction++) {
                assertThat(evictor.evictOne()).isEqualTo(10);
            }
            long used = items.evicted.stream().filter(item -> item < 500).count();
            assertThat(used).isLessThan(6);
            long oldestUnused = items.evicted.stream()
                    .filter(item -> item >= 500 && item < 850)
                    .count();
            assertThat(oldestUnused).isGreaterThan(250);
        }
    }

    @Test
    void aCandidateThatWasUsedMeanwhileOrIsGoneIsPassedOver() {
        // More samples than items: every item is seen each time.
        try (Evictor evictor = Evictor.builder()
                .policy(EvictionPolicy.ALLKEYS_LRU)
                .target(items)
                .samples(64)
                .build()) {
            for (long item = 0; item < 40; item++) {
                insert(evictor, item);
            }
            evictor.evictOne();
            // The pool is full of old ones now; all of them are used, or gone.
            int now = evictor.clock().now();
            items.access.replaceAll((item, access) -> item < 30 ? now : access);
            items.access.keySet().removeIf(item -> item >= 30 && item < 35);
            items.evicted.clear();
            for (int eviction = 0; eviction < 5; eviction++) {
                assertThat(evictor.evictOne()).isEqualTo(10);
            }
            assertThat(items.evicted).allMatch(item -> item >= 35);
        }
    }

    @Test
    void givesUpWhenEverythingIsHeld() {
        try (Evictor evictor = evictor(EvictionPolicy.ALLKEYS_LRU, 10)) {
            insert(evictor, 1);
            insert(evictor, 2);
            items.held = true;
            assertThat(evictor.makeRoom(1)).isFalse();
            items.held = false;
            assertThat(evictor.makeRoom(1)).isTrue();
        }
    }

    @Test
    void whatHasExpiredGoesFirstAndIsNotCountedAsEvicted() {
        for (EvictionPolicy policy : EvictionPolicy.values()) {
            items.access.clear();
            items.evicted.clear();
            items.expired.clear();
            try (Evictor evictor = evictor(policy, 10)) {
                for (long item = 0; item < 16; item++) {
                    items.access.put(item, 0);
                }
                items.expired.addAll(List.of(3L, 11L));
                for (int eviction = 0; eviction < 12 && policy.evicts(); eviction++) {
                    assertThat(evictor.evictOne()).as("%s", policy).isEqualTo(10);
                }
                int gone = items.evicted.size();
                assertThat(evictor.removals()).isEqualTo(gone);
                assertThat(evictor.evictions()).isEqualTo(Math.max(0, gone - 2));
                assertThat(evictor.statistics().evictedBytes()).isEqualTo(10 * evictor.evictions());
                // Sixteen items, five a sample: they may not be met at once, but go as soon as they are.
                assertThat(items.access).doesNotContainKeys(policy.evicts() ? new Long[] {3L, 11L} : new Long[0]);
            }
        }
    }

    @Test
    void performsEvictionsUntilWithinTheLimit() {
        try (Evictor evictor = evictor(EvictionPolicy.ALLKEYS_LRU, 1_000)) {
            for (long item = 0; item < 150; item++) {
                insert(evictor, item);
            }
            assertThat(evictor.performEvictions()).isEqualTo(EvictionResult.OK);
            assertThat(items.access).hasSize(100);
            assertThat(evictor.statistics().evictions()).isEqualTo(50);
            assertThat(evictor.statistics().evictedBytes()).isEqualTo(500);
            assertThat(evictor.statistics().cycles()).isEqualTo(1);
            assertThat(evictor.statistics().samples()).isBetween(50L, 300L);
            assertThat(evictor.performEvictions()).isEqualTo(EvictionResult.OK);
            assertThat(evictor.statistics().cycles()).as("with nothing to do").isEqualTo(1);
            evictor.setMaxMemory(0);
            assertThat(evictor.performEvictions()).isEqualTo(EvictionResult.OK);
            items.held = true;
            evictor.setMaxMemory(995);
            assertThat(evictor.performEvictions()).isEqualTo(EvictionResult.FAIL);
            assertThat(evictor.statistics().staleCandidates()).isPositive();
        }
        try (Evictor never = evictor(EvictionPolicy.NOEVICTION, 5)) {
            assertThat(never.performEvictions()).isEqualTo(EvictionResult.FAIL);
        }
    }

    /** The clock is looked at after each 16 evictions, also without any tenacity. */
    @Test
    void tenacityLimitsTheTimeOfOneCycle() {
        try (Evictor evictor = evictor(EvictionPolicy.ALLKEYS_LRU, 100)) {
            for (long item = 0; item < 100; item++) {
                insert(evictor, item);
            }
            evictor.setPolicy(EvictionPolicy.ALLKEYS_LRU, evictor.parameters().with("maxmemory-eviction-tenacity", 0));
            int steps = 1;
            while (evictor.performEvictions() == EvictionResult.RUNNING) {
                assertThat(items.evicted).hasSize(16 * steps++);
            }
            assertThat(items.evicted).hasSize(90);
            assertThat(steps).isEqualTo(6);
        }
    }

    @Test
    void evictsForALimitOfTheCallersOwn() {
        try (Evictor evictor = evictor(EvictionPolicy.ALLKEYS_LRU, 0)) {
            for (long item = 0; item < 20; item++) {
                insert(evictor, item);
            }
            assertThat(evictor.performEvictions(() -> items.access.size() - 13)).isEqualTo(EvictionResult.OK);
            assertThat(items.access).hasSize(13);
        }
    }

    @Test
    void aChangeOfPolicyEmptiesThePool() {
        long before = ZMalloc.zmallocUsedMemory();
        try (Evictor evictor = evictor(EvictionPolicy.ALLKEYS_LRU, 0)) {
            for (long item = 0; item < 100; item++) {
                insert(evictor, item);
            }
            evictor.evictOne();
            assertThat(PoolValidator.size(evictor)).isPositive();
            AccessRule old = evictor.rule();
            evictor.setPolicy(EvictionPolicy.ALLKEYS_LFU, EvictionParameters.DEFAULTS.with("maxmemory-samples", 7));
            assertThat(PoolValidator.size(evictor)).isZero();
            assertThat(evictor.rule()).isNotSameAs(old);
            assertThat(evictor.parameters().samples()).isEqualTo(7);
            evictor.evictOne();
            evictor.forgetCandidates();
            assertThat(PoolValidator.size(evictor)).isZero();
            evictor.setPolicy(EvictionPolicy.NOEVICTION, EvictionParameters.DEFAULTS);
            assertThat(PoolValidator.size(evictor)).isZero();
            assertThat(evictor.evictOne()).isZero();
            evictor.forgetCandidates();
            evictor.setPolicy(EvictionPolicy.ALLKEYS_RANDOM, EvictionParameters.DEFAULTS);
            assertThat(evictor.evictOne()).isEqualTo(10);
        }
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
        Evictor closed = evictor(EvictionPolicy.ALLKEYS_LRU, 0);
        closed.close();
        closed.forgetCandidates();
        assertThatThrownBy(() -> closed.setPolicy(EvictionPolicy.ALLKEYS_LRU, EvictionParameters.DEFAULTS))
                .isInstanceOf(IllegalStateException.class);
    }

    /** The commonest change there is: a full store that refuses, and is told to evict. */
    @Test
    void aChangeOfPolicyNeedsNoMemory() {
        MemoryAccount account = new MemoryAccount("full", 2_000);
        try (Evictor evictor = Evictor.builder().target(items).account(account).build()) {
            assertThat(account.tryReserve(2_000 - account.usedMemory())).isTrue();
            items.access.put(1L, 0);
            evictor.setPolicy(EvictionPolicy.ALLKEYS_LRU, EvictionParameters.DEFAULTS);
            assertThat(evictor.evictOne()).isEqualTo(10);
        }
    }

    @Test
    void theClocksResolutionIsChangedWithTheParameters() {
        try (Evictor evictor = evictor(EvictionPolicy.ALLKEYS_LRU, 0)) {
            evictor.setPolicy(EvictionPolicy.ALLKEYS_LRU, EvictionParameters.DEFAULTS.with("lru-clock-resolution", 64));
            int before = evictor.clock().now();
            for (int insertion = 0; insertion < 100_000; insertion++) {
                evictor.clock().inserted(100_000);
            }
            assertThat(evictor.clock().now() - before).isBetween(60, 70);
        }
    }

    @Test
    void evictsNothingOnceClosed() {
        Evictor evictor = evictor(EvictionPolicy.ALLKEYS_LRU, 10);
        insert(evictor, 1);
        evictor.close();
        evictor.close();
        assertThat(evictor.evictOne()).isZero();
    }

    @Test
    void refusesSettingsOutOfRange() {
        assertThatThrownBy(() -> Evictor.builder().samples(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Evictor.builder().samples(65)).hasMessageContaining("65");
        assertThatThrownBy(() -> Evictor.builder().maxMemory(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Evictor.builder().build()).isInstanceOf(NullPointerException.class);
    }

    private void insert(Evictor evictor, long item) {
        evictor.clock().inserted(items.access.size());
        items.access.put(item, evictor.clock().now());
    }
}
