package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.PoolValidator;
import dev.zmalloc.fixtures.Seeds;
import dev.zmalloc.stress.StoreWorker;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Changing the policy of a store that is in use: nothing is lost but what is evicted, and nothing served wrong. */
@Tag("process") // once is enough: it takes seconds
@Timeout(120)
class PolicyChangeTest {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final EvictionPolicy[] POLICIES = EvictionPolicy.values();

    private static byte[] key(int number) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    }

    private static void assertComplete(OffHeapStore store) {
        assertThat(PoolValidator.size(store.evictor())).as("candidates").isZero();
        for (Stripe stripe : store.stripes()) {
            assertThat(stripe.underLock(stripe.books()::isPartial))
                    .as("lacks entries")
                    .isFalse();
        }
        StoreValidator.validate(store);
    }

    /** Of an entry that gives way to the new policy's index: a change within a change would lose that index. */
    @Test
    void aListenerCannotChangeThePolicyThatIsBeingChanged() {
        List<OffHeapStore> opened = new ArrayList<>();
        List<Throwable> refusals = new ArrayList<>();
        boolean[] changes = {false};
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(1 << 20)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .removalListener((cause, key, value) -> {
                    if (changes[0]) {
                        try {
                            opened.getFirst().eviction().setPolicy(EvictionPolicy.VOLATILE_LFU);
                        } catch (IllegalStateException e) {
                            refusals.add(e);
                        }
                    }
                })
                .build()) {
            opened.add(store);
            store.keeper().close();
            for (int key = 0; store.statistics().evictions() == 0; key++) {
                store.put(key(key), new byte[50], HOUR);
            }
            changes[0] = true;
            store.eviction().setPolicy(EvictionPolicy.VOLATILE_TTL);
            changes[0] = false;
            assertThat(refusals).isNotEmpty();
            assertThat(store.eviction().policy()).isEqualTo(EvictionPolicy.VOLATILE_TTL);
            assertComplete(store);
        }
        assertThat(opened.getFirst().usedMemory()).isZero();
    }

    /** From each policy to each other one. */
    @Test
    void allEntriesAreKeptAndEveryIndexIsComplete() {
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            for (int key = 0; key < 3_000; key++) {
                if (key % 2 == 0) {
                    store.put(key(key), key(key));
                } else {
                    store.put(key(key), key(key), HOUR);
                }
            }
            for (EvictionPolicy from : POLICIES) {
                for (EvictionPolicy to : POLICIES) {
                    store.eviction().setPolicy(from);
                    for (int key = 0; key < 3_000; key += 97) {
                        store.get(key(key));
                    }
                    store.eviction().setPolicy(to, EvictionParameters.DEFAULTS.with("maxmemory-samples", 9));
                    assertThat(store.eviction().policy()).isEqualTo(to);
                    assertThat(store.eviction().parameters().samples()).isEqualTo(9);
                }
                assertComplete(store);
            }
            assertThat(store.statistics().evictions()).isZero();
            for (int key = 0; key < 3_000; key++) {
                assertThat(store.get(key(key))).isEqualTo(key(key));
            }
        }
    }

    /** The index takes memory that the limit has not: some entries go for it, and as few as that takes. */
    @ParameterizedTest
    @EnumSource
    void aFullStoreMakesRoomForTheIndexOfItsNewPolicy(EvictionPolicy policy) {
        for (long maxMemory : new long[] {200 << 10, 3 << 20}) {
            try (OffHeapStore store =
                    OffHeapStore.builder().maxMemory(maxMemory).build()) {
                int number = fill(store);
                long size = store.size();
                store.eviction().setPolicy(policy);
                assertComplete(store);
                assertThat(store.usedMemory()).isLessThanOrEqualTo(maxMemory);
                assertThat((double) store.size())
                        .isGreaterThan(
                                // What S3-FIFO remembers of keys that are gone takes room too.
                                size * (policy.isQueued() ? 0.7 : 0.75));
                assertThat(store.size() + store.statistics().evictions()).isEqualTo(size);
                if (policy.evicts()) {
                    for (int more = 0; more < 5_000; more++) {
                        store.put(key(number + more), new byte[30], HOUR);
                    }
                }
                for (int key = 0; key < number; key += 2) {
                    if (policy.isVolatile() || !policy.evicts()) {
                        assertThat(store.containsKey(key(key))).as("lasts").isTrue();
                    }
                }
                StoreValidator.validate(store);
            }
        }
    }

    /** Entries of which every other one expires, until no more fit. Answers how many. */
    private static int fill(OffHeapStore store) {
        int number = 0;
        try {
            while (true) {
                if (number % 2 == 0) {
                    store.put(key(number), new byte[30]);
                } else {
                    store.put(key(number), new byte[30], HOUR);
                }
                number++;
            }
        } catch (MaxMemoryException full) {
            return number;
        }
    }

    @Test
    void everythingCountsAsNewAfterwards() {
        try (OffHeapStore store = OffHeapStore.builder().maxMemory(1 << 20).build()) {
            for (int key = 0; key < 2_000; key++) {
                store.put(key(key), new byte[10]);
            }
            store.eviction().setPolicy(EvictionPolicy.ALLKEYS_LFU);
            // What was a clock's value is no frequency: who was used since is more frequent than all others.
            for (int times = 0; times < 50; times++) {
                for (int key = 0; key < 100; key++) {
                    store.get(key(key));
                }
            }
            for (int eviction = 0; eviction < 1_000; eviction++) {
                assertThat(store.evictor().evictOne()).isPositive();
            }
            int kept = 0;
            for (int key = 0; key < 100; key++) {
                kept += store.containsKey(key(key)) ? 1 : 0;
            }
            assertThat(kept).isGreaterThan(97);
        }
    }

    @Test
    void aClosedStoreRefuses() {
        OffHeapStore store = OffHeapStore.builder().build();
        store.close();
        assertThatThrownBy(() -> store.eviction().setPolicy(EvictionPolicy.VOLATILE_LRU))
                .isInstanceOf(IllegalStateException.class);
    }

    /** What the old policy kept is given back without another operation. */
    @Test
    void theOldIndexIsFreedByItself() {
        try (OffHeapStore store = OffHeapStore.builder()
                .evictionPolicy(EvictionPolicy.ALLKEYS_S3FIFO)
                .build()) {
            for (int key = 0; key < 20_000; key++) {
                store.put(key(key), new byte[10]);
            }
            long before = store.usedMemory();
            store.eviction().setPolicy(EvictionPolicy.ALLKEYS_LRU);
            long start = System.nanoTime();
            while (before - store.usedMemory() < 20_000 * 8 && System.nanoTime() - start < 10_000_000_000L) {
                LockSupport.parkNanos(1_000_000);
            }
            assertThat(before - store.usedMemory()).isGreaterThan(20_000 * 8);
            StoreValidator.validate(store);
        }
    }

    @Test
    void policiesChangeWhileThreadsWorkAtALimit() throws InterruptedException {
        stress(2 << 20, new StoreWorker.Settings(4_000, 1_000, 400), 1_500);
    }

    /** Clearing meets the change in each of its steps. */
    @Test
    void policiesChangeWhileThreadsClear() throws InterruptedException {
        stress(0, new StoreWorker.Settings(300, 2_000, 30), 1_000);
    }

    @Test
    void policiesChangeInOneStripe() throws InterruptedException {
        stress(600 << 10, new StoreWorker.Settings(2_000, 1_000, 2_000), 1_000);
    }

    private static void stress(long maxMemory, StoreWorker.Settings settings, long millis) throws InterruptedException {
        long seed = Seeds.next("PolicyChangeTest.stress");
        AtomicReference<Throwable> failure = new AtomicReference<>();
        AtomicBoolean done = new AtomicBoolean();
        int changes = 0;
        try (OffHeapStore store = OffHeapStore.builder().maxMemory(maxMemory).build()) {
            List<Thread> threads = new ArrayList<>();
            for (int number = 0; number < 4; number++) {
                SplittableRandom random = new SplittableRandom(seed + number);
                threads.add(Thread.ofPlatform().start(() -> {
                    try (StoreWorker worker = new StoreWorker(store, random, settings)) {
                        while (!done.get() && failure.get() == null) {
                            worker.operate();
                        }
                    } catch (Throwable thrown) {
                        failure.compareAndSet(null, thrown);
                    }
                }));
            }
            SplittableRandom random = new SplittableRandom(~seed);
            long start = System.nanoTime();
            while (System.nanoTime() - start < millis * 1_000_000 && failure.get() == null) {
                store.eviction().setPolicy(POLICIES[random.nextInt(POLICIES.length)]);
                if (maxMemory != 0) {
                    store.eviction().setMaxMemory(maxMemory / 2 + random.nextLong(maxMemory / 2));
                }
                changes++;
            }
            done.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failure.get()).as("seed %d", seed).isNull();
            StoreValidator.validate(store);
            store.eviction().setPolicy(EvictionPolicy.ALLKEYS_LRU);
            store.eviction().setPolicy(EvictionPolicy.VOLATILE_TTL);
            assertComplete(store);
            store.eviction().setPolicy(EvictionPolicy.ALLKEYS_S3FIFO);
            assertComplete(store);
        }
        System.out.println("PolicyChangeTest: " + changes + " changes of policy");
        assertThat(changes).isGreaterThan(10);
    }
}
