package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.NativeOutOfMemoryError;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.fixtures.Seeds;
import dev.zmalloc.stress.StoreWorker;
import dev.zmalloc.testing.FaultInjectingAllocator;
import dev.zmalloc.testing.Faults;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A limit that several stores share, with all of them at work at once, and while others open, change their policy and
 * close. Not by polling: the allocator itself keeps the highest number of bytes that were ever live.
 */
@Tag("fault")
@Timeout(120)
class SharedLimitStressTest {
    private static final int STORES = 3;
    private static final int THREADS = 6;
    private static final int OPERATIONS = 15_000;
    private static final StoreWorker.Settings SETTINGS = new StoreWorker.Settings(6_000, 1_000, 6_000);

    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final List<Thread> threads = new ArrayList<>();
    private final long before = FaultInjectingAllocator.heldBytes();

    @AfterEach
    void nothingIsLeft() {
        FaultInjectingAllocator.stopInjecting();
        assertThat(FaultInjectingAllocator.heldBytes()).isEqualTo(before);
        assertThat(StoreGroup.count()).isZero();
    }

    private static OffHeapStore open(MemoryAccount account, EvictionPolicy policy) {
        return OffHeapStore.builder()
                .account(account)
                .maxMemory(4 << 20)
                .evictionPolicy(policy)
                .build();
    }

    private void start(Runnable work) {
        Runnable watched = () -> {
            try {
                work.run();
            } catch (Throwable thrown) {
                failure.compareAndSet(null, thrown);
            }
        };
        threads.add(
                threads.size() % 2 == 0
                        ? Thread.ofPlatform().start(watched)
                        : Thread.ofVirtual().start(watched));
    }

    private void work(OffHeapStore store, int operations, SplittableRandom random) {
        try (StoreWorker worker = new StoreWorker(store, random, SETTINGS)) {
            for (int count = 0; count < operations && failure.get() == null; count++) {
                worker.operate();
            }
        }
    }

    private void join() throws InterruptedException {
        for (Thread thread : threads) {
            thread.join();
        }
        threads.clear();
    }

    @ParameterizedTest
    @EnumSource(names = {"ALLKEYS_LRU", "ALLKEYS_GDSF", "ALLKEYS_S3FIFO"})
    void holdsForThreeStoresAtOnce(EvictionPolicy policy) throws InterruptedException {
        SplittableRandom random = new SplittableRandom(Seeds.next("SharedLimitStressTest"));
        long limit = 1 << 20;
        FaultInjectingAllocator.resetHighest();
        MemoryAccount shared = new MemoryAccount("shared", limit);
        List<OffHeapStore> stores = new ArrayList<>();
        for (int count = 0; count < STORES; count++) {
            stores.add(open(shared, policy));
        }
        for (int number = 0; number < THREADS; number++) {
            OffHeapStore store = stores.get(number % STORES);
            SplittableRandom own = random.split();
            start(() -> work(store, OPERATIONS, own));
        }
        join();
        assertThat(failure.get()).isNull();
        for (OffHeapStore store : stores) {
            StoreValidator.validate(store);
            assertThat(store.statistics().rejections()).isZero();
            store.close();
        }
        assertThat(FaultInjectingAllocator.highestHeldBytes() - before).isBetween(limit * 8 / 10, limit);
        assertThat(shared.usedMemory()).isZero();
    }

    /** Beside a store that is there throughout: others that come and go, are cleared, and change sides. */
    @Test
    void holdsWhileMembersOpenChangeAndClose() throws InterruptedException {
        SplittableRandom random = new SplittableRandom(Seeds.next("SharedLimitStressTest"));
        long limit = 1 << 20;
        FaultInjectingAllocator.resetHighest();
        MemoryAccount shared = new MemoryAccount("shared", limit);
        OffHeapStore lasting = open(shared, EvictionPolicy.ALLKEYS_LRU);
        AtomicBoolean isOver = new AtomicBoolean();
        for (int number = 0; number < 2; number++) {
            SplittableRandom own = random.split();
            start(() -> work(lasting, 4 * OPERATIONS, own));
        }
        for (int number = 0; number < 2; number++) {
            SplittableRandom own = random.split();
            start(() -> comeAndGo(shared, own, isOver));
        }
        for (int number = 0; number < 2; number++) {
            threads.get(number).join();
        }
        isOver.set(true);
        join();
        assertThat(failure.get()).isNull();
        StoreValidator.validate(lasting);
        assertThat(lasting.statistics().rejections()).isZero();
        lasting.close();
        assertThat(FaultInjectingAllocator.highestHeldBytes() - before).isBetween(limit * 8 / 10, limit);
        assertThat(shared.usedMemory()).isZero();
    }

    private void comeAndGo(MemoryAccount shared, SplittableRandom random, AtomicBoolean isOver) {
        while (!isOver.get() && failure.get() == null) {
            try (OffHeapStore store = open(shared, EvictionPolicy.ALLKEYS_LRU)) {
                try (StoreWorker worker = new StoreWorker(store, random.split(), SETTINGS)) {
                    int operations = random.nextInt(2_000);
                    for (int count = 0; count < operations; count++) {
                        worker.operate();
                    }
                }
                if (random.nextBoolean()) {
                    store.clear();
                } else {
                    changeSides(store, random);
                }
            }
        }
    }

    private static void changeSides(OffHeapStore store, SplittableRandom random) {
        EvictionPolicy[] policies = {
            EvictionPolicy.ALLKEYS_LRU, EvictionPolicy.ALLKEYS_LFU, EvictionPolicy.VOLATILE_TTL,
        };
        EvictionPolicy policy = policies[random.nextInt(policies.length)];
        try {
            store.eviction().setPolicy(policy);
        } catch (MaxMemoryException e) {
            // The others have all the room there is, and this one has nothing to evict.
            assertThat(store.eviction().policy()).isEqualTo(EvictionPolicy.ALLKEYS_LRU);
        }
    }

    @Test
    void storesThatOpenTogetherTakeEverythingOrNothing() {
        for (EvictionPolicy policy : EvictionPolicy.values()) {
            int failures = 0;
            for (int nth = 1; ; nth++) {
                long used = ZMalloc.zmallocUsedMemory();
                MemoryAccount shared = new MemoryAccount("shared", 4 << 20);
                MemoryAccount nested = shared.child("nested", 2 << 20);
                Faults.nth(nth).inject();
                try (OffHeapStore first = open(nested, policy);
                        OffHeapStore second = open(shared, policy)) {
                    first.put(new byte[] {1}, new byte[10]);
                    second.put(new byte[] {1}, new byte[10]);
                } catch (NativeOutOfMemoryError e) {
                    failures++;
                }
                boolean wasInjected = FaultInjectingAllocator.stopInjecting() > 0;
                assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(used);
                assertThat(shared.usedMemory()).isZero();
                assertThat(StoreGroup.count()).isZero();
                if (!wasInjected) {
                    break;
                }
            }
            assertThat(failures).isGreaterThan(policy.evicts() ? 8 : 4);
        }
    }
}
