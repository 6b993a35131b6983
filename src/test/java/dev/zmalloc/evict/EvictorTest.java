package dev.zmalloc.evict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.ZMalloc;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("core")
class EvictorTest {
    /** Items of ten bytes, by number, with their access fields. */
    private static final class Items implements EvictionTarget {
        final Map<Long, Integer> access = new HashMap<>();
        final List<Long> evicted = new ArrayList<>();
        boolean held;

        @Override
        public int sample(long random, int count, CandidateSink sink) {
            SplittableRandom choice = new SplittableRandom(random);
            List<Long> items = new ArrayList<>(access.keySet());
            int offered = Math.min(count, items.size());
            for (int draw = 0; draw < offered; draw++) {
                long item = items.get(offered < count ? draw : choice.nextInt(items.size()));
                sink.offer(item, 0, access.get(item));
            }
            return offered;
        }

        @Override
        public long evict(long item, long location, int expected) {
            Integer now = access.get(item);
            if (held || now == null || (expected != ANY_ACCESS && now != expected)) {
                return 0;
            }
            access.remove(item);
            evicted.add(item);
            return 10;
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
                .seed(1)
                .build();
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
    void noevictionEvictsNothingAndTakesNoPool() {
        long before = ZMalloc.zmallocUsedMemory();
        items.access.put(1L, 0);
        try (Evictor evictor = evictor(EvictionPolicy.NOEVICTION, 10)) {
            assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
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
