package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.fixtures.Seeds;
import dev.zmalloc.stress.StoreWorker;
import dev.zmalloc.testing.FaultInjectingAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The limit under every operation that there is at once, leases and clearing among them. Not by polling: the allocator
 * itself keeps the highest number of bytes that were ever live.
 */
@Tag("fault")
@Timeout(120)
class HardLimitTest {
    private static final int THREADS = 8;
    private static final int OPERATIONS = 25_000;

    @Test
    void holdsInOneStripe() throws InterruptedException {
        stress(EvictionPolicy.ALLKEYS_LRU, 512 << 10, new StoreWorker.Settings(4_000, 1_000, 3_000));
    }

    @Test
    void holdsInSeveralStripes() throws InterruptedException {
        stress(EvictionPolicy.ALLKEYS_LRU, 4 << 20, new StoreWorker.Settings(40_000, 1_000, 30_000));
    }

    @Test
    void holdsWhereNothingIsEvicted() throws InterruptedException {
        stress(EvictionPolicy.NOEVICTION, 256 << 10, new StoreWorker.Settings(2_000, 1_000, 3_000));
    }

    @ParameterizedTest
    @EnumSource(
            names = {"ALLKEYS_LFU", "ALLKEYS_S3FIFO", "ALLKEYS_GDSF", "VOLATILE_LRU", "VOLATILE_TTL", "VOLATILE_S3FIFO"
            })
    void holdsUnderEachKindOfPolicy(EvictionPolicy policy) throws InterruptedException {
        stress(policy, 512 << 10, new StoreWorker.Settings(4_000, 1_000, 3_000), OPERATIONS / 4, false);
    }

    /** The highest limit that was set, whatever is set meanwhile. */
    @Test
    void holdsWhilePolicyAndLimitChange() throws InterruptedException {
        stress(
                EvictionPolicy.ALLKEYS_LRU,
                512 << 10,
                new StoreWorker.Settings(4_000, 1_000, 3_000),
                OPERATIONS / 2,
                true);
    }

    private static void stress(EvictionPolicy policy, long maxMemory, StoreWorker.Settings settings)
            throws InterruptedException {
        stress(policy, maxMemory, settings, OPERATIONS, false);
    }

    private static void change(OffHeapStore store, long maxMemory, SplittableRandom random) {
        EvictionPolicy[] policies = EvictionPolicy.values();
        store.eviction().setPolicy(policies[random.nextInt(policies.length)]);
        store.eviction().setMaxMemory(maxMemory / 2 + random.nextLong(maxMemory / 2));
    }

    private static void stress(
            EvictionPolicy policy, long maxMemory, StoreWorker.Settings settings, int operations, boolean changes)
            throws InterruptedException {
        long seed = Seeds.next("HardLimitTest");
        long before = FaultInjectingAllocator.heldBytes();
        FaultInjectingAllocator.resetHighest();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(maxMemory)
                .evictionPolicy(policy)
                .build()) {
            fill(store, before + maxMemory * 8 / 10, new StoreWorker(store, new SplittableRandom(~seed), settings));
            List<Thread> threads = new ArrayList<>();
            for (int number = 0; number < THREADS; number++) {
                SplittableRandom random = new SplittableRandom(seed + number);
                Runnable work = () -> {
                    try (StoreWorker worker = new StoreWorker(store, random, settings)) {
                        for (int count = 0; count < operations && failure.get() == null; count++) {
                            worker.operate();
                        }
                    } catch (Throwable thrown) {
                        failure.compareAndSet(null, thrown);
                    }
                };
                threads.add(
                        number % 2 == 0
                                ? Thread.ofPlatform().start(work)
                                : Thread.ofVirtual().start(work));
            }
            SplittableRandom changing = new SplittableRandom(seed - 1);
            while (changes && threads.stream().anyMatch(Thread::isAlive)) {
                change(store, maxMemory, changing);
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failure.get()).isNull();
            StoreValidator.validate(store);
            if (policy.evicts() && !policy.isVolatile() && !changes) {
                assertThat(store.statistics().rejections()).isZero();
            }
        }
        assertThat(FaultInjectingAllocator.highestHeldBytes() - before).isBetween(maxMemory * 8 / 10, maxMemory);
        assertThat(FaultInjectingAllocator.heldBytes()).isEqualTo(before);
    }

    /** So that the limit is near from the start, and not only where no clearing happens to come between. */
    private static void fill(OffHeapStore store, long highestBytes, StoreWorker worker) {
        try (worker) {
            while (FaultInjectingAllocator.highestHeldBytes() < highestBytes) {
                worker.operate();
            }
        }
        StoreValidator.validate(store);
    }
}
