package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.fixtures.Seeds;
import dev.zmalloc.stress.StoreWorker;
import dev.zmalloc.stress.TellingValue;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A store is closed in the middle of everything: nothing crashes, later calls are refused, and all memory comes back.
 */
@Tag("core")
@Timeout(120)
class StoreClosingTest {
    private static final int THREADS = 6;
    private static final byte[] KEY = {1, 2, 3};

    @Test
    void closesInTheMiddleOfOtherThreadsCalls() throws InterruptedException {
        long before = ZMalloc.zmallocUsedMemory();
        long seed = Seeds.next("StoreClosingTest");
        for (int round = 0; round < 40; round++) {
            OffHeapStore store = OffHeapStore.builder()
                    .maxMemory(round % 4 == 0 ? 0 : 256 << 10)
                    .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                    .build();
            AtomicReference<Throwable> failure = new AtomicReference<>();
            AtomicLong done = new AtomicLong();
            List<Thread> threads = new ArrayList<>();
            for (int number = 0; number < THREADS; number++) {
                SplittableRandom random = new SplittableRandom(seed + round * 31L + number);
                Runnable work = () -> workUntilClosed(store, random, done, failure);
                threads.add(
                        number % 2 == 0
                                ? Thread.ofPlatform().start(work)
                                : Thread.ofVirtual().start(work));
            }
            while (done.get() < 500 + 100 * round && failure.get() == null) {
                LockSupport.parkNanos(20_000);
            }
            store.close();
            assertEveryCallIsRefused(store);
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failure.get()).as("round %d, seed %d", round, seed).isNull();
            assertThat(store.close(Duration.ZERO)).isTrue();
            assertThat(store.usedMemory()).isZero();
            assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
        }
    }

    private static void workUntilClosed(
            OffHeapStore store, SplittableRandom random, AtomicLong done, AtomicReference<Throwable> failure) {
        try (StoreWorker worker = new StoreWorker(store, random, new StoreWorker.Settings(1_500, 300, 5_000))) {
            while (failure.get() == null) {
                worker.operate();
                done.incrementAndGet();
            }
        } catch (IllegalStateException e) {
            if (!"the store is closed".equals(e.getMessage()) || !store.isClosed()) {
                failure.compareAndSet(null, e);
            }
        } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
        }
    }

    @Test
    void refusesEveryCallOnceItIsClosed() {
        OffHeapStore store = OffHeapStore.builder().maxMemory(1 << 20).build();
        store.put(KEY, new byte[100]);
        store.close();
        assertEveryCallIsRefused(store);
        store.close();
        assertThat(store.isClosed()).isTrue();
        assertThat(store.size()).isZero();
        assertThat(store.usedMemory()).isZero();
        assertThat(store.statistics().puts()).isEqualTo(1);
    }

    private static void assertEveryCallIsRefused(OffHeapStore store) {
        byte[] value = {1};
        Map<String, ThrowingCallable> calls = new LinkedHashMap<>();
        calls.put("get", () -> store.get(KEY));
        calls.put("getInto", () -> store.getInto(KEY, new byte[200], 0));
        calls.put("getAll", () -> store.getAll(List.of(KEY)));
        calls.put("read", () -> store.<Object>read(KEY, segment -> segment));
        calls.put("lease", () -> store.lease(KEY));
        calls.put("leaseShared", () -> store.leaseShared(KEY));
        calls.put("containsKey", () -> store.containsKey(KEY));
        calls.put("put", () -> store.put(KEY, value));
        calls.put("put of what never fits", () -> store.put(KEY, new byte[2 << 20]));
        calls.put("put with expiry", () -> store.put(KEY, value, Duration.ofSeconds(1)));
        calls.put("putAll", () -> store.putAll(Map.of(KEY, value).entrySet()));
        calls.put("putIfAbsent", () -> store.putIfAbsent(KEY, value));
        calls.put("replace", () -> store.replace(KEY, value));
        calls.put("replace of a value", () -> store.replace(KEY, value, value));
        calls.put("getAndPut", () -> store.getAndPut(KEY, value));
        calls.put("getAndPut of what never fits", () -> store.getAndPut(KEY, new byte[2 << 20]));
        calls.put("update", () -> store.update(KEY, present -> value));
        calls.put("remove", () -> store.remove(KEY));
        calls.put("remove of a value", () -> store.remove(KEY, value));
        calls.put("getAndRemove", () -> store.getAndRemove(KEY));
        calls.put("expire", () -> store.expire(KEY, Duration.ofSeconds(1)));
        calls.put("persist", () -> store.persist(KEY));
        calls.put("timeToLive", () -> store.timeToLive(KEY));
        calls.put("entryBytes", () -> store.entryBytes(KEY));
        calls.put("clear", store::clear);
        calls.forEach((name, call) -> assertThatThrownBy(call)
                .as(name)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the store is closed"));
    }

    @Test
    void openLeasesOutliveTheStore() {
        long before = ZMalloc.zmallocUsedMemory();
        OffHeapStore store = OffHeapStore.builder().build();
        SplittableRandom random = new SplittableRandom(1);
        List<ValueLease> leases = new ArrayList<>();
        for (int number = 0; number < 500; number++) {
            store.put(TellingValue.key(number), TellingValue.of(number, random, 50));
            if (number % 5 == 0) {
                leases.add(store.lease(TellingValue.key(number)));
            }
        }
        // Of those that are leased, some have left the table before the store is closed.
        for (int number = 0; number < 100; number++) {
            store.remove(TellingValue.key(number));
        }
        assertThat(store.close(Duration.ofMillis(5))).isFalse();
        assertThat(store.usedMemory()).isPositive();
        for (int index = 0; index < leases.size(); index++) {
            assertThat(store.usedMemory()).isPositive();
            TellingValue.check(5 * index, leases.get(index).segment());
            leases.get(index).close();
        }
        assertThat(store.usedMemory()).isZero();
        assertThat(store.close(Duration.ZERO)).isTrue();
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
    }

    @Test
    void aSharedLeaseEndsOnAnotherThreadAfterTheStore() {
        OffHeapStore store = OffHeapStore.builder().build();
        store.put(KEY, new byte[100]);
        ValueLease lease = store.leaseShared(KEY);
        assertThat(lease).isNotNull();
        CompletableFuture<Boolean> closing = CompletableFuture.supplyAsync(() -> store.close(Duration.ofSeconds(60)));
        assertThat(closing).isNotDone();
        Thread.ofVirtual().start(lease::close);
        assertThat(closing.join()).isTrue();
        assertThat(store.usedMemory()).isZero();
    }

    @Test
    void anotherThreadClosesWhileAReaderIsInside() throws InterruptedException {
        OffHeapStore store = OffHeapStore.builder().build();
        store.put(KEY, new byte[5_000]);
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch closed = new CountDownLatch(1);
        CompletableFuture<MemorySegment> reader = CompletableFuture.supplyAsync(() -> store.read(KEY, segment -> {
            inside.countDown();
            try {
                closed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            assertThat(segment.mismatch(MemorySegment.ofArray(new byte[5_000]))).isEqualTo(-1);
            assertEveryCallIsRefused(store);
            return segment;
        }));
        inside.await();
        assertThat(store.close(Duration.ofMillis(20))).isFalse();
        assertThat(store.usedMemory()).isBetween(5_000L, 8_192L);
        closed.countDown();
        MemorySegment kept = reader.join();
        assertThat(store.close(Duration.ofSeconds(10))).isTrue();
        assertThat(kept.scope().isAlive()).isFalse();
    }

    @Test
    void aFunctionOfUpdateMayCloseTheStore() {
        OffHeapStore store = OffHeapStore.builder().build();
        store.put(KEY, new byte[100]);
        assertThatThrownBy(() -> store.update(KEY, value -> {
                    store.close();
                    return new byte[200];
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the store is closed");
        assertThat(store.usedMemory()).isZero();
    }

    /** Waiting as good as for ever is allowed. */
    @Test
    void closesWithAnyDuration() {
        OffHeapStore store = OffHeapStore.builder().build();
        store.put(KEY, new byte[100]);
        assertThat(store.close(Duration.ofSeconds(Long.MAX_VALUE))).isTrue();
        assertThat(store.close(Duration.ofSeconds(-1))).isTrue();
    }
}
