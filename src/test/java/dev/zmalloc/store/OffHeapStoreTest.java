package dev.zmalloc.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.fixtures.Seeds;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class OffHeapStoreTest {
    private static final int SMALL = 1 << 20;

    @Test
    void keepsWhatIsPut() {
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            assertThat(store.get(key(1))).isNull();
            store.put(key(1), value("one"));
            store.put(key(2), value("two"));
            store.put(key(1), value("another one"));
            assertThat(store.get(key(1))).isEqualTo(value("another one"));
            assertThat(store.containsKey(key(2))).isTrue();
            assertThat(store.containsKey(key(3))).isFalse();
            assertThat(store.size()).isEqualTo(2);
            assertThat(store.remove(key(1))).isTrue();
            assertThat(store.remove(key(1))).isFalse();
            assertThat(store.get(key(1))).isNull();
            store.clear();
            assertThat(store.size()).isZero();
            StoreValidator.validate(store);
        }
    }

    @Test
    void takesEmptyAndLongKeysAndValues() {
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            byte[] longKey = new byte[70_000];
            byte[] longValue = new byte[9 << 20];
            Arrays.fill(longKey, (byte) 3);
            new java.util.Random(4).nextBytes(longValue);
            store.put(new byte[0], longValue);
            store.put(longKey, new byte[0]);
            assertThat(store.get(new byte[0])).isEqualTo(longValue);
            assertThat(store.get(longKey)).isEmpty();
            StoreValidator.validate(store);
        }
    }

    @Test
    void theCallersArraysStayTheCallers() {
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            byte[] key = key(1);
            byte[] value = value("as it was");
            store.put(key, value);
            key[0]++;
            value[0]++;
            byte[] first = store.get(key(1));
            assertThat(first).isEqualTo(value("as it was"));
            first[0]++;
            assertThat(store.get(key(1))).isEqualTo(value("as it was"));
        }
    }

    @Test
    void behavesLikeAHashMap() {
        long seed = Seeds.next("OffHeapStoreTest.behavesLikeAHashMap");
        SplittableRandom random = new SplittableRandom(seed);
        Map<Integer, byte[]> model = new HashMap<>();
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            for (int step = 0; step < 100_000; step++) {
                int key = random.nextInt(5_000);
                String context = "seed " + seed + ", step " + step + ", key " + key;
                switch (random.nextInt(6)) {
                    case 0, 1 -> {
                        byte[] value = new byte[random.nextInt(10) == 0 ? random.nextInt(40_000) : random.nextInt(300)];
                        random.nextBytes(value);
                        store.put(key(key), value);
                        model.put(key, value);
                    }
                    case 2 -> assertThat(store.remove(key(key))).as(context).isEqualTo(model.remove(key) != null);
                    case 3 ->
                        assertThat(store.containsKey(key(key))).as(context).isEqualTo(model.containsKey(key));
                    case 4 -> assertThat(store.get(key(key))).as(context).isEqualTo(model.get(key));
                    default -> {
                        Long bytes = store.read(key(key), MemorySegment::byteSize);
                        assertThat(bytes)
                                .as(context)
                                .isEqualTo(model.containsKey(key) ? (long) model.get(key).length : null);
                    }
                }
                if (step % 20_000 == 0) {
                    StoreValidator.validate(store);
                }
                if (step == 70_000) {
                    store.clear();
                    model.clear();
                }
            }
            assertThat(store.size()).isEqualTo(model.size());
            StoreValidator.validate(store);
        }
    }

    @Test
    void everyStoreHashesUnderAKeyOfItsOwn() {
        try (OffHeapStore first = OffHeapStore.builder().build();
                OffHeapStore second = OffHeapStore.builder().build()) {
            assertThat(first.parts().hash()).isNotEqualTo(second.parts().hash());
        }
    }

    @Test
    void evictsByLeastRecentUseAndNeverPassesTheLimit() {
        try (OffHeapStore store = lru(SMALL)) {
            int resident = 0;
            for (int key = 0; key < 20_000; key++) {
                store.put(key(key), new byte[200]);
                assertThat(store.usedMemory()).isLessThanOrEqualTo(SMALL);
                // Key 0 is in use all the time.
                assertThat(store.get(key(0))).as("after key %d", key).isNotNull();
            }
            for (int key = 0; key < 20_000; key++) {
                resident += store.containsKey(key(key)) ? 1 : 0;
                // Some 4,000 fit. Of sampling's making, in one run of 400 there is one that was put 10,000 before.
                if (key < 5_000 && key > 0) {
                    assertThat(store.containsKey(key(key)))
                            .as("old key %d", key)
                            .isFalse();
                }
            }
            assertThat(resident).isGreaterThan(3_500).isEqualTo((int) store.size());
            assertThat(store.statistics().evictions()).isEqualTo(20_000 - resident);
            assertThat(store.statistics().rejections()).isZero();
            StoreValidator.validate(store);
        }
    }

    @Test
    void whatIsThereIsAlwaysTheLastValueThatWasPut() {
        long seed = Seeds.next("OffHeapStoreTest.whatIsThereIsAlwaysTheLastValueThatWasPut");
        SplittableRandom random = new SplittableRandom(seed);
        Map<Integer, byte[]> model = new HashMap<>();
        try (OffHeapStore store = lru(3 * SMALL)) {
            for (int step = 0; step < 60_000; step++) {
                int key = random.nextInt(20_000);
                if (random.nextInt(10) == 0) {
                    boolean removed = store.remove(key(key));
                    assertThat(removed && !model.containsKey(key)).isFalse();
                    model.remove(key);
                } else {
                    byte[] value = new byte[random.nextInt(100) == 0 ? random.nextInt(50_000) : random.nextInt(500)];
                    random.nextBytes(value);
                    store.put(key(key), value);
                    model.put(key, value);
                    assertThat(store.get(key(key)))
                            .as("seed %d, step %d", seed, step)
                            .isEqualTo(value);
                }
                int probe = random.nextInt(20_000);
                byte[] found = store.get(key(probe));
                assertThat(found == null || Arrays.equals(found, model.get(probe)))
                        .as("seed %d, step %d, key %d", seed, step, probe)
                        .isTrue();
            }
            StoreValidator.validate(store);
        }
    }

    @Test
    void noevictionRefusesWithTheNumbersAndKeepsWhatItHas() {
        try (OffHeapStore store = OffHeapStore.builder().maxMemory(SMALL).build()) {
            int stored = 0;
            MaxMemoryException refusal = null;
            while (refusal == null) {
                int key = stored;
                refusal = catchThrowableOfType(MaxMemoryException.class, () -> store.put(key(key), new byte[1_000]));
                stored += refusal == null ? 1 : 0;
            }
            assertThat(refusal.requestedBytes()).isGreaterThanOrEqualTo(1_000);
            assertThat(refusal.usedMemory()).isEqualTo(store.usedMemory()).isLessThanOrEqualTo(SMALL);
            assertThat(refusal.usedMemory() + refusal.requestedBytes()).isGreaterThan(SMALL);
            assertThat(refusal.maxMemory()).isEqualTo(SMALL);
            assertThat(refusal.keyBytes()).isEqualTo(Integer.BYTES);
            assertThat(refusal)
                    .hasMessageContaining(Long.toString(refusal.requestedBytes()))
                    .hasMessageContaining(Integer.toString(SMALL))
                    .hasMessageContaining("noeviction");
            assertThat(store.size()).isEqualTo(stored);
            assertThat(store.statistics().rejections()).isEqualTo(1);
            for (int key = 0; key < stored; key++) {
                assertThat(store.get(key(key))).hasSize(1_000);
            }
            // A refused replacement leaves the old value.
            assertThatThrownBy(() -> store.put(key(0), new byte[2_000])).isInstanceOf(MaxMemoryException.class);
            assertThat(store.get(key(0))).hasSize(1_000);
            store.remove(key(1));
            store.put(key(1), new byte[900]);
            StoreValidator.validate(store);
        }
    }

    @Test
    void anEntryThatCannotFitEvictsNothing() {
        try (OffHeapStore store = lru(SMALL)) {
            for (int key = 0; key < 100; key++) {
                store.put(key(key), new byte[100]);
            }
            assertThatThrownBy(() -> store.put(key(0), new byte[SMALL]))
                    .isInstanceOf(MaxMemoryException.class)
                    .hasMessageContaining("larger than the limit can hold");
            assertThat(store.size()).isEqualTo(100);
            assertThat(store.get(key(0))).hasSize(100);
            assertThat(store.statistics().evictions()).isZero();
        }
    }

    @Test
    void oneLargeEntryEvictsWhatItNeeds() {
        try (OffHeapStore store = lru(SMALL)) {
            for (int key = 0; key < 6_000; key++) {
                store.put(key(key), new byte[100]);
            }
            store.put(key(-1), new byte[500_000]);
            assertThat(store.get(key(-1))).hasSize(500_000);
            assertThat(store.statistics().evictions()).isPositive();
            assertThat(store.usedMemory()).isLessThanOrEqualTo(SMALL);
            StoreValidator.validate(store);
        }
    }

    @Test
    void aLimitTooSmallToHoldAnythingIsRefusedWithTheOneThatWouldDo() {
        for (EvictionPolicy policy : EvictionPolicy.values()) {
            long before = ZMalloc.zmallocUsedMemory();
            IllegalArgumentException refusal = catchThrowableOfType(
                    IllegalArgumentException.class,
                    () -> OffHeapStore.builder()
                            .maxMemory(100)
                            .evictionPolicy(policy)
                            .build());
            assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
            assertThat(refusal).hasMessageContaining("maxMemory of 100 bytes");
            long enough = Long.parseLong(refusal.getMessage().replaceAll(".*at least (\\d+) .*", "$1"));
            assertThatThrownBy(() -> OffHeapStore.builder()
                            .maxMemory(enough - 1)
                            .evictionPolicy(policy)
                            .build())
                    .isInstanceOf(IllegalArgumentException.class);
            try (OffHeapStore store = OffHeapStore.builder()
                    .maxMemory(enough)
                    .evictionPolicy(policy)
                    .build()) {
                store.put(new byte[] {1}, new byte[] {2});
                assertThat(store.get(new byte[] {1})).containsExactly(2);
                StoreValidator.validate(store);
            }
        }
        assertThatThrownBy(() -> OffHeapStore.builder().maxMemory(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void tellsWhetherAnAllocationWouldPassTheLimit() {
        try (OffHeapStore store = lru(SMALL);
                OffHeapStore unlimited = OffHeapStore.builder().build()) {
            assertThat(store.overMemoryAfterAllocation(SMALL - store.usedMemory()))
                    .isFalse();
            assertThat(store.overMemoryAfterAllocation(SMALL - store.usedMemory() + 1))
                    .isTrue();
            assertThat(unlimited.overMemoryAfterAllocation(Long.MAX_VALUE)).isFalse();
            assertThat(unlimited.maxMemory()).isZero();
        }
    }

    @Test
    void countsWhatItDoes() {
        // So small a store has one stripe, and so one first chunk of buckets.
        try (OffHeapStore store = OffHeapStore.builder().maxMemory(SMALL).build()) {
            store.put(key(1), value("a"));
            store.put(key(1), value("b"));
            store.put(key(2), value("c"));
            store.get(key(1));
            store.get(key(9));
            store.read(key(2), segment -> null);
            store.containsKey(key(1));
            store.remove(key(2));
            store.remove(key(2));
            StoreStatistics statistics = store.statistics();
            assertThat(statistics)
                    .isEqualTo(new StoreStatistics(
                            2,
                            1,
                            3,
                            1,
                            0,
                            0,
                            0,
                            0,
                            0,
                            1,
                            store.usedMemory(),
                            statistics.awaitingReclamation(),
                            SMALL,
                            64,
                            0));
            assertThat(statistics.hitRatio()).isEqualTo(2.0 / 3);
        }
    }

    @Test
    void refusesEveryCallOnceClosedAndHoldsNothing() {
        long before = ZMalloc.zmallocUsedMemory();
        OffHeapStore store = lru(SMALL);
        for (int key = 0; key < 1_000; key++) {
            store.put(key(key), new byte[100]);
        }
        store.close();
        store.close();
        assertThat(store.usedMemory()).isZero();
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
        assertClosed(() -> store.get(key(1)));
        assertClosed(() -> store.put(key(1), key(1)));
        assertClosed(() -> store.remove(key(1)));
        assertClosed(() -> store.containsKey(key(1)));
        assertClosed(() -> store.read(key(1), segment -> 1));
        assertClosed(store::clear);
        assertThat(store.size()).isZero();
        assertThat(store.statistics().puts()).isEqualTo(1_000);
    }

    @Test
    void storesShareAnAccountAndItsLimit() {
        MemoryAccount shared = new MemoryAccount("shared", 3 << 20);
        try (OffHeapStore first = sharing(shared);
                OffHeapStore second = sharing(shared)) {
            for (int key = 0; key < 30_000; key++) {
                first.put(key(key), new byte[100]);
                second.put(key(key), new byte[200]);
                if (key % 1_000 == 0) {
                    // Beside the two there is the pool of what they share.
                    assertThat(shared.usedMemory() - first.usedMemory() - second.usedMemory())
                            .isEqualTo(first.evictor().poolBytes());
                }
            }
            assertThat(shared.peakMemory()).isLessThanOrEqualTo(3 << 20).isGreaterThan(2_900_000);
            assertThat(first.statistics().evictions()).isPositive();
            assertThat(second.statistics().evictions()).isPositive();
            assertThat(first.statistics().rejections()).isZero();
            StoreValidator.validate(first);
            StoreValidator.validate(second);
            // It may evict nothing of theirs.
            assertThatThrownBy(() -> OffHeapStore.builder()
                            .account(shared)
                            .evictionPolicy(EvictionPolicy.ALLKEYS_LFU)
                            .build())
                    .isInstanceOf(MaxMemoryException.class)
                    .hasMessageContaining("no room to open a store in shared");
        }
        assertThat(shared.usedMemory()).isZero();
    }

    /** What a store without a limit of its own is refused by is the shared account, also if that has room again. */
    @Test
    void aRefusalNamesTheSharedAccountThatIsFullForAMoment() throws InterruptedException {
        long limit = 3 << 20;
        MemoryAccount shared = new MemoryAccount("shared", limit);
        AtomicBoolean done = new AtomicBoolean();
        Thread toggling = null;
        try (OffHeapStore store = OffHeapStore.builder().account(shared).build()) {
            toggling = Thread.ofPlatform().start(() -> {
                while (!done.get()) {
                    long rest = limit - shared.usedMemory();
                    if (shared.tryReserve(rest)) {
                        Thread.onSpinWait();
                        shared.release(rest);
                    }
                }
            });
            long end = System.nanoTime() + 30_000_000_000L;
            int refused = 0;
            while (refused < 1_000 && System.nanoTime() < end) {
                try {
                    store.put(key(1), new byte[100]);
                    store.remove(key(1));
                } catch (MaxMemoryException e) {
                    refused++;
                    assertThat(e).hasMessageContaining(" in shared: ");
                    assertThat(e.maxMemory()).isEqualTo(limit);
                }
            }
            assertThat(refused).isEqualTo(1_000);
        } finally {
            done.set(true);
            if (toggling != null) {
                toggling.join();
            }
        }
    }

    private static OffHeapStore sharing(MemoryAccount account) {
        return OffHeapStore.builder()
                .account(account)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build();
    }

    private static void assertClosed(Runnable call) {
        assertThatThrownBy(call::run).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
    }

    private static OffHeapStore lru(long maxMemory) {
        return OffHeapStore.builder()
                .maxMemory(maxMemory)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build();
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    }

    private static byte[] value(String text) {
        return text.getBytes(UTF_8);
    }
}
