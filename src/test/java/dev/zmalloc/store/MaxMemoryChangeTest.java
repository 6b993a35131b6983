package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.EvictionResult;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Changing the limit of a store that is in use. */
@Tag("process") // once is enough: it takes seconds
@Timeout(120)
class MaxMemoryChangeTest {
    private static final Duration HOUR = Duration.ofHours(1);

    private static byte[] key(int number) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    }

    private static OffHeapStore filled(EvictionPolicy policy, int entries) {
        OffHeapStore store = OffHeapStore.builder()
                .evictionPolicy(policy)
                .maxMemory(16 << 20)
                .build();
        for (int key = 0; key < entries; key++) {
            store.put(key(key), new byte[100], HOUR);
        }
        return store;
    }

    private static void reclaim(OffHeapStore store) {
        store.parts().lanes().reclaim();
        for (Stripe stripe : store.stripes()) {
            while (stripe.readableBytes() > 0) {
                stripe.reclaim();
            }
        }
    }

    private static long indexBytes(OffHeapStore store) {
        long bytes = 0;
        for (Stripe stripe : store.stripes()) {
            StripeIndex index = stripe.books().index();
            bytes += index == null ? 0 : index.bytes();
        }
        return bytes;
    }

    /** In steps of sixteen evictions where there is no time at all, and each step tells how far it is. */
    @ParameterizedTest
    @EnumSource
    void loweringEvictsInBoundedStepsAndTellsTheExcess(EvictionPolicy policy) {
        try (OffHeapStore store = filled(policy, 20_000)) {
            store.keeper().close();
            EvictionParameters hasty = EvictionParameters.DEFAULTS.with("maxmemory-eviction-tenacity", 0);
            store.eviction().setPolicy(policy, hasty);
            StoreValidator.validate(store);
            long used = store.usedMemory();
            long wanted = used / 2;
            store.eviction().setMaxMemory(wanted);
            assertThat(store.maxMemory()).isEqualTo(wanted);
            assertThat(store.usedMemory()).as("by itself it evicts nothing").isEqualTo(used);
            assertThat(store.eviction().excessBytes()).isEqualTo(used - wanted);
            if (!policy.evicts()) {
                assertThat(store.eviction().performEvictions()).isEqualTo(EvictionResult.FAIL);
                assertThatThrownBy(() -> store.put(key(0), new byte[100])).isInstanceOf(MaxMemoryException.class);
                assertThat(store.get(key(0))).hasSize(100);
                return;
            }
            // Puts make the room that they need, and no more.
            long indexBytes = indexBytes(store);
            store.put(key(30_000), new byte[100], HOUR);
            assertThat(store.usedMemory()).isLessThanOrEqualTo(used);
            // A bucket at most, and what the policy's index has grown by, in entries of more than a hundred bytes.
            long grown = indexBytes(store) - indexBytes;
            assertThat(store.statistics().evictions()).isBetween(1L, 4 + Math.max(0, grown) / 100);
            long excess = store.eviction().excessBytes();
            int steps = 0;
            long before = store.evictor().evictions();
            while (store.eviction().performEvictions() == EvictionResult.RUNNING) {
                assertThat(store.evictor().evictions() - before).isEqualTo(16);
                before += 16;
                assertThat(store.eviction().excessBytes()).isLessThan(excess);
                excess = store.eviction().excessBytes();
                steps++;
                if (steps % 100 == 0) {
                    used = store.usedMemory();
                    store.put(key(40_000 + steps), new byte[100], HOUR);
                    before = store.evictor().evictions();
                    assertThat(store.usedMemory()).isLessThanOrEqualTo(used);
                }
            }
            assertThat(steps).isGreaterThan(300);
            assertThat(store.eviction().excessBytes()).isZero();
            assertThat(store.usedMemory()).isBetween(wanted * 95 / 100, wanted);
            assertThat(store.eviction().performEvictions()).isEqualTo(EvictionResult.OK);
            StoreValidator.validate(store);
            store.put(key(50_000), new byte[100], HOUR);
            assertThat(store.usedMemory()).isLessThanOrEqualTo(wanted);
        }
    }

    /** What waits for readers is as good as free: no more is evicted in its place. */
    @Test
    void nothingMoreIsEvictedWhileFreesArePending() {
        try (OffHeapStore store = filled(EvictionPolicy.ALLKEYS_LRU, 20_000)) {
            store.keeper().close();
            long used = store.usedMemory();
            long wanted = used * 3 / 4;
            int reader = store.parts().epochs().enter();
            try {
                store.eviction().setMaxMemory(wanted);
                while (store.eviction().performEvictions() == EvictionResult.RUNNING) {
                    // Half a millisecond each.
                }
                assertThat(store.usedMemory()).as("the reader may hold it").isBetween(wanted + 1, used);
                assertThat(store.size()).isBetween(14_000L, 16_000L);
                assertThat(store.eviction().performEvictions()).isEqualTo(EvictionResult.OK);
            } finally {
                store.parts().epochs().exit(reader);
            }
            long size = store.size();
            reclaim(store);
            assertThat(store.eviction().performEvictions()).isEqualTo(EvictionResult.OK);
            assertThat(store.size()).isEqualTo(size);
            assertThat(store.usedMemory()).isLessThanOrEqualTo(wanted);
            StoreValidator.validate(store);
        }
    }

    /** Who waits for a reader evicts meanwhile what the next puts need: some entries, and these need no more then. */
    @Test
    void whatIsEvictedAheadIsBoundedAndUsedUp() {
        try (OffHeapStore store = filled(EvictionPolicy.ALLKEYS_LRU, 20_000)) {
            store.keeper().close();
            reclaim(store);
            store.eviction().setMaxMemory(store.usedMemory());
            long before = store.statistics().evictions();
            int reader = store.parts().epochs().enter();
            try {
                assertThatThrownBy(() -> store.put(key(30_000), new byte[100], HOUR))
                        .isInstanceOf(MaxMemoryException.class);
            } finally {
                store.parts().epochs().exit(reader);
            }
            long after = store.statistics().evictions();
            assertThat(after - before).isBetween(8L, 33L);
            for (int number = 0; number < (after - before) / 2; number++) {
                store.put(key(30_000 + number), new byte[100], HOUR);
            }
            assertThat(store.statistics().evictions()).isEqualTo(after);
            StoreValidator.validate(store);
        }
    }

    @Test
    void theStoresOwnThreadDoesItWhereNobodyElseDoes() {
        try (OffHeapStore store = filled(EvictionPolicy.ALLKEYS_LRU, 20_000)) {
            long wanted = store.usedMemory() / 3;
            store.eviction().setMaxMemory(wanted);
            long start = System.nanoTime();
            while (store.eviction().excessBytes() > 0 && System.nanoTime() - start < 20_000_000_000L) {
                LockSupport.parkNanos(1_000_000);
            }
            assertThat(store.usedMemory()).isLessThanOrEqualTo(wanted);
            // The account follows a moment later.
            while (store.parts().account().maxMemory() != wanted && System.nanoTime() - start < 20_000_000_000L) {
                LockSupport.parkNanos(1_000_000);
            }
            assertThat(store.parts().account().maxMemory()).isEqualTo(wanted);
            StoreValidator.validate(store);
        }
    }

    /** Chains get longer instead: near the limit the table grows for none of the entries that are there. */
    @ParameterizedTest
    @EnumSource(names = "NOEVICTION", mode = EnumSource.Mode.EXCLUDE)
    void nothingIsEvictedForTheTableToGrow(EvictionPolicy policy) {
        for (int entries : new int[] {1_535, 4_095, 6_143}) {
            try (OffHeapStore store = filled(policy, entries)) {
                store.keeper().close();
                store.eviction().setMaxMemory(store.usedMemory() + (10 << 10));
                for (int key = 0; key < 3; key++) {
                    store.put(key(100_000 + key), new byte[10], HOUR);
                }
                assertThat(store.size()).isEqualTo(entries + 3);
                assertThat(store.statistics().evictions()).isZero();
            }
        }
    }

    @Test
    void aLimitGoesUpAndDownToNoneAndBack() {
        MemoryAccount parent = new MemoryAccount("parent", 0);
        try (OffHeapStore store = OffHeapStore.builder()
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .maxMemory("128kb")
                .account(parent)
                .build()) {
            store.keeper().close();
            assertThat(store.maxMemory()).isEqualTo(128 << 10);
            assertThat(put(store, 5_000)).isLessThan(2_000);
            store.eviction().setMaxMemory("1mb");
            assertThat(put(store, 5_000)).isEqualTo(5_000);
            store.eviction().setMaxMemory(0);
            assertThat(store.eviction().maxMemory()).isZero();
            assertThat(put(store, 50_000)).isEqualTo(50_000);
            assertThat(store.eviction().excessBytes()).isZero();
            assertThat(store.overMemoryAfterAllocation(1L << 40)).isFalse();
            store.eviction().setMaxMemory("256KB");
            while (store.eviction().performEvictions() == EvictionResult.RUNNING) {
                // Half a millisecond each.
            }
            assertThat(store.usedMemory()).isLessThanOrEqualTo(256 << 10);
            assertThat(put(store, 5_000)).isLessThan(4_000);
            assertThat(store.usedMemory()).isLessThanOrEqualTo(256 << 10);
            assertThat(parent.usedMemory()).isEqualTo(store.usedMemory());
            store.eviction().setMaxMemory("70%");
            assertThat(store.maxMemory()).isGreaterThan(100 << 20);
            StoreValidator.validate(store);
        }
    }

    private static int put(OffHeapStore store, int entries) {
        store.clear();
        for (int key = 0; key < entries; key++) {
            store.put(key(key), new byte[50]);
        }
        return (int) store.size();
    }

    @Test
    void whatIsNoLimitIsRefusedAndChangesNothing() {
        try (OffHeapStore store = filled(EvictionPolicy.VOLATILE_LRU, 100)) {
            for (String wrong : new String[] {"", "1", "500b", "lots", "-1", "0%", "101%"}) {
                assertThatThrownBy(() -> store.eviction().setMaxMemory(wrong))
                        .as("'%s'", wrong)
                        .isInstanceOf(IllegalArgumentException.class);
            }
            assertThatThrownBy(() -> store.eviction().setMaxMemory(-1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> store.eviction().setMaxMemory(5_000))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(Long.toString(StoreSizing.minMaxMemory(EvictionPolicy.VOLATILE_LRU)));
            assertThat(store.maxMemory()).isEqualTo(16 << 20);
            store.eviction().setMaxMemory(StoreSizing.minMaxMemory(EvictionPolicy.VOLATILE_LRU));
        }
    }

    /** While it goes down, another thread reads and writes: never more is used than at the start, nothing is wrong. */
    @Test
    void operationsGoOnWhileTheLimitGoesDown() throws InterruptedException {
        try (OffHeapStore store = filled(EvictionPolicy.ALLKEYS_LFU, 60_000)) {
            long used = store.usedMemory();
            AtomicReference<Throwable> failure = new AtomicReference<>();
            AtomicLong most = new AtomicLong();
            AtomicLong operations = new AtomicLong();
            store.eviction().setMaxMemory(used / 2);
            Thread other = Thread.ofPlatform().start(() -> {
                try {
                    while (store.eviction().excessBytes() > 0) {
                        int number = (int) operations.incrementAndGet();
                        store.put(
                                key(number % 90_000),
                                ByteBuffer.allocate(100).putInt(number % 90_000).array());
                        byte[] found = store.get(key(number % 90_000));
                        assertThat(found == null || ByteBuffer.wrap(found).getInt() == number % 90_000)
                                .isTrue();
                        most.accumulateAndGet(store.usedMemory(), Math::max);
                    }
                } catch (Throwable thrown) {
                    failure.set(thrown);
                }
            });
            other.join();
            assertThat(failure.get()).isNull();
            assertThat(most.get()).isLessThanOrEqualTo(used);
            assertThat(operations.get()).isPositive();
            assertThat(store.statistics().rejections()).isZero();
            StoreValidator.validate(store);
        }
    }
}
