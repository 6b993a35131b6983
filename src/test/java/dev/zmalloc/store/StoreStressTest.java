package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.fixtures.Seeds;
import dev.zmalloc.stress.StoreWorker;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Threads, platform and virtual ones, on one store, with every operation that there is. Each value tells its key, and
 * so whether it was served for another or torn; at the debug level guard, blocks that were freed are filled, and a
 * value that is read after its block was freed is torn too.
 */
@Tag("core")
@Timeout(120)
class StoreStressTest {
    private static final int THREADS = 8;
    private static final int OPERATIONS = 40_000;
    private static final StoreWorker.Settings SETTINGS = new StoreWorker.Settings(4_000, 200, 50_000);

    /** Few keys: the operations meet at them, and the table is small and cleared often. */
    private static final StoreWorker.Settings FEW_KEYS = new StoreWorker.Settings(20, 2_000, 500);

    @Test
    void servesWholeValuesOfTheRightKeyAtTheLimit() throws InterruptedException {
        OffHeapStore store = OffHeapStore.builder()
                .maxMemory(1 << 20)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build();
        stress(store, SETTINGS);
    }

    /** One of each kind, in turn; volatile ones refuse, where what lasts fills the store. */
    @Test
    void servesWholeValuesOfTheRightKeyUnderEachKindOfPolicy() throws InterruptedException {
        for (EvictionPolicy policy : List.of(
                EvictionPolicy.ALLKEYS_LFU,
                EvictionPolicy.ALLKEYS_S3FIFO,
                EvictionPolicy.ALLKEYS_GDSF,
                EvictionPolicy.VOLATILE_LRU,
                EvictionPolicy.VOLATILE_TTL,
                EvictionPolicy.VOLATILE_S3FIFO)) {
            OffHeapStore store = OffHeapStore.builder()
                    .maxMemory(1 << 20)
                    .evictionPolicy(policy)
                    .build();
            stress(store, SETTINGS, OPERATIONS / 8, policy.isVolatile());
        }
    }

    @Test
    void servesWholeValuesOfTheRightKeyInSeveralStripes() throws InterruptedException {
        OffHeapStore store = OffHeapStore.builder()
                .maxMemory(4 << 20)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build();
        stress(store, new StoreWorker.Settings(30_000, 200, 50_000));
    }

    @Test
    void servesWholeValuesOfTheRightKeyWithoutALimit() throws InterruptedException {
        stress(OffHeapStore.builder().build(), SETTINGS);
    }

    @Test
    void servesWholeValuesOfFewKeys() throws InterruptedException {
        OffHeapStore store = OffHeapStore.builder()
                .maxMemory(1 << 20)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build();
        stress(store, FEW_KEYS);
    }

    /** What was cleared is neither in a table, to be evicted, nor retired yet; it is waited for all the same. */
    @Test
    void refusesNoPutWhileOthersClear() throws InterruptedException {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        AtomicBoolean done = new AtomicBoolean();
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(256 << 10)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build()) {
            Thread clearing = start(0, failure, () -> {
                while (!done.get()) {
                    store.clear();
                }
            });
            List<Thread> putting = new ArrayList<>();
            for (int number = 1; number < THREADS; number++) {
                byte[] key = {(byte) number, 0};
                putting.add(start(number, failure, () -> {
                    for (int put = 0; put < 6_000 && failure.get() == null; put++) {
                        key[1] = (byte) put;
                        store.put(key, new byte[20_000]);
                    }
                }));
            }
            for (Thread thread : putting) {
                thread.join();
            }
            done.set(true);
            clearing.join();
            assertThat(failure.get()).isNull();
            assertThat(store.statistics().rejections()).isZero();
            StoreValidator.validate(store);
        }
    }

    /** Each entry takes most of the limit, so that what one put has reserved is what another has to wait for. */
    @Test
    void largeEntriesAtTheLimitWaitForOneAnother() throws InterruptedException {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(900 << 10)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build()) {
            List<Thread> threads = new ArrayList<>();
            for (int number = 0; number < 4; number++) {
                byte[] key = {(byte) number};
                threads.add(start(number, failure, () -> {
                    for (int round = 0; round < 500; round++) {
                        store.put(key, new byte[500_000]);
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failure.get()).isNull();
            assertThat(store.statistics().puts()).isEqualTo(2_000);
            StoreValidator.validate(store);
        }
    }

    private static void stress(OffHeapStore store, StoreWorker.Settings settings) throws InterruptedException {
        stress(store, settings, OPERATIONS, false);
    }

    private static void stress(OffHeapStore store, StoreWorker.Settings settings, int operations, boolean mayRefuse)
            throws InterruptedException {
        long seed = Seeds.next("StoreStressTest.stress");
        AtomicReference<Throwable> failure = new AtomicReference<>();
        AtomicBoolean done = new AtomicBoolean();
        AtomicLong highest = new AtomicLong();
        Thread watch = Thread.ofPlatform().start(() -> {
            while (!done.get()) {
                highest.accumulateAndGet(store.usedMemory(), Math::max);
                LockSupport.parkNanos(20_000);
            }
        });
        try (store) {
            List<Thread> threads = new ArrayList<>();
            for (int number = 0; number < THREADS; number++) {
                SplittableRandom random = new SplittableRandom(seed + number);
                threads.add(start(number, failure, () -> {
                    try (StoreWorker worker = new StoreWorker(store, random, settings)) {
                        for (int operation = 0; operation < operations && failure.get() == null; operation++) {
                            worker.operate();
                        }
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failure.get()).as("seed %d", seed).isNull();
            StoreValidator.validate(store);
            if (!mayRefuse) {
                assertThat(store.statistics().rejections()).as("seed %d", seed).isZero();
            }
        } finally {
            done.set(true);
            watch.join();
        }
        if (store.maxMemory() != 0) {
            assertThat(highest.get()).isLessThanOrEqualTo(store.maxMemory());
        }
        assertThat(store.usedMemory()).isZero();
    }

    private static Thread start(int number, AtomicReference<Throwable> failure, Runnable work) {
        Runnable task = () -> {
            try {
                work.run();
            } catch (Throwable thrown) {
                failure.compareAndSet(null, thrown);
            }
        };
        return number % 2 == 0
                ? Thread.ofPlatform().start(task)
                : Thread.ofVirtual().start(task);
    }
}
