package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.EvictionResult;
import dev.zmalloc.fixtures.Seeds;
import dev.zmalloc.testing.Faults;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(120)
class RemovalListenerTest {
    private static final long MAX_MEMORY = 512 << 10;

    private record Told(RemovalCause cause, int key, int value, int valueBytes) {}

    private final ConcurrentLinkedQueue<Told> told = new ConcurrentLinkedQueue<>();

    private void note(RemovalCause cause, MemorySegment key, MemorySegment value) {
        assertThat(key.isReadOnly() && value.isReadOnly()).isTrue();
        told.add(new Told(cause, number(key), value.byteSize() < 4 ? -1 : number(value), (int) value.byteSize()));
    }

    @Test
    @Tag("core")
    void eachChangeTellsWhatItTookOut() {
        AtomicLong now = new AtomicLong(1_000);
        try (OffHeapStore store = OffHeapStore.builder()
                .clock(now::get)
                .removalListener(this::note)
                .build()) {
            store.put(key(1), value(10));
            assertThat(told).isEmpty();
            store.put(key(1), value(11));
            assertTold(new Told(RemovalCause.REPLACED, 1, 10, 8));
            assertThat(store.getAndPut(key(1), value(12))).isEqualTo(value(11));
            assertTold(new Told(RemovalCause.REPLACED, 1, 11, 8));
            assertThat(store.replace(key(1), value(13))).isTrue();
            assertTold(new Told(RemovalCause.REPLACED, 1, 12, 8));
            assertThat(store.replace(key(1), value(9), value(14))).isFalse();
            assertThat(store.putIfAbsent(key(1), value(14))).isFalse();
            assertThat(store.remove(key(1), value(14))).isFalse();
            assertThat(store.expire(key(1), Duration.ofHours(1))).isTrue();
            assertThat(store.persist(key(1))).isTrue();
            assertTold();
            store.update(key(1), old -> value(14));
            assertTold(new Told(RemovalCause.REPLACED, 1, 13, 8));
            store.update(key(1), old -> null);
            assertTold(new Told(RemovalCause.REMOVED, 1, 14, 8));
            assertThat(store.remove(key(1))).isFalse();
            store.put(key(2), value(20));
            assertThat(store.getAndRemove(key(2))).isEqualTo(value(20));
            assertTold(new Told(RemovalCause.REMOVED, 2, 20, 8));
            store.put(key(3), value(30));
            assertThat(store.remove(key(3), value(30))).isTrue();
            assertTold(new Told(RemovalCause.REMOVED, 3, 30, 8));
            // What has expired and is come across.
            for (int number = 4; number < 8; number++) {
                store.put(key(number), value(number), Duration.ofSeconds(1));
            }
            store.keeper().close();
            now.addAndGet(2_000);
            assertThat(store.getAndPut(key(4), value(40))).isNull();
            assertTold(new Told(RemovalCause.EXPIRED, 4, 4, 8));
            assertThat(store.remove(key(5))).isFalse();
            assertTold(new Told(RemovalCause.EXPIRED, 5, 5, 8));
            assertThat(store.getAndRemove(key(6))).isNull();
            assertTold(new Told(RemovalCause.EXPIRED, 6, 6, 8));
            while (!expireSome(store)) {}
            assertTold(new Told(RemovalCause.EXPIRED, 7, 7, 8));
            store.clear();
            StoreValidator.validate(store);
        }
        assertThat(told).as("of clearing and closing").isEmpty();
    }

    private static boolean expireSome(OffHeapStore store) {
        boolean isDone = true;
        for (Stripe stripe : store.stripes()) {
            isDone &= stripe.victims().removeExpired(64);
        }
        return isDone;
    }

    private void assertTold(Told... expected) {
        assertThat(told).containsExactly(expected);
        told.clear();
    }

    /** Every entry that was put is either there, or was told of once, with its own value. */
    @ParameterizedTest
    @EnumSource(EvictionPolicy.class)
    @Tag("core")
    void everyEvictionIsToldOnce(EvictionPolicy policy) {
        SplittableRandom random = new SplittableRandom(Seeds.next("RemovalListenerTest.everyEvictionIsToldOnce"));
        Map<Integer, Integer> model = new HashMap<>();
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(MAX_MEMORY)
                .evictionPolicy(policy)
                .removalListener(this::note)
                .build()) {
            for (int step = 0; step < 20_000; step++) {
                int number = random.nextInt(6_000);
                boolean isThere = model.containsKey(number);
                try {
                    store.put(key(number), value(step, random.nextInt(8, 200)), Duration.ofHours(1));
                } catch (MaxMemoryException e) {
                    assertThat(policy).isEqualTo(EvictionPolicy.NOEVICTION);
                    continue;
                }
                for (Told event = told.poll(); event != null; event = told.poll()) {
                    boolean ofThis = event.key == number && event.cause == RemovalCause.REPLACED;
                    assertThat(ofThis || event.cause == RemovalCause.EVICTED).isTrue();
                    assertThat(model.remove(event.key)).isEqualTo(event.value);
                    isThere &= !(event.key == number);
                }
                assertThat(isThere).as("replaced, and not told").isFalse();
                model.put(number, step);
            }
            assertThat(store.size()).isEqualTo(model.size());
            model.forEach(
                    (number, step) -> assertThat(number(store.get(key(number)))).isEqualTo(step));
            StoreValidator.validate(store);
        }
    }

    /** What the evictor finds dead is told as expired, what it finds alive as evicted, as the statistics have it. */
    @ParameterizedTest
    @EnumSource(value = EvictionPolicy.class, mode = EnumSource.Mode.EXCLUDE, names = "NOEVICTION")
    @Tag("core")
    void whatIsFoundDeadIsToldAsExpired(EvictionPolicy policy) {
        AtomicLong now = new AtomicLong(1_000);
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(MAX_MEMORY)
                .evictionPolicy(policy)
                .clock(now::get)
                .removalListener(this::note)
                .build()) {
            store.keeper().close();
            for (int number = 0; store.statistics().evictions() == 0; number++) {
                store.put(key(number), value(number, 100), number % 2 == 0 ? Duration.ofHours(1) : Duration.ofDays(1));
            }
            told.clear();
            long evictions = store.statistics().evictions();
            now.addAndGet(Duration.ofHours(2).toMillis());
            for (int number = -1; number > -1_000; number--) {
                store.put(key(number), value(number, 100), Duration.ofDays(1));
            }
            assertThat(told.stream().filter(event -> event.cause == RemovalCause.EXPIRED))
                    .isNotEmpty()
                    .hasSize((int) store.statistics().expirations())
                    .allMatch(event -> event.key >= 0 && event.key % 2 == 0);
            assertThat(told.stream().filter(event -> event.cause == RemovalCause.EVICTED))
                    .hasSize((int) (store.statistics().evictions() - evictions))
                    .noneMatch(event -> event.key >= 0 && event.key % 2 == 0);
            StoreValidator.validate(store);
        }
    }

    /** The pins of what is told keep no room from the thread that tells, nor from others. */
    @Test
    void aListenerCostsNoEvictions() {
        long[] evictions = new long[3];
        long[] sizes = new long[3];
        for (int form = 0; form < 3; form++) {
            OffHeapStoreBuilder builder =
                    OffHeapStore.builder().maxMemory(MAX_MEMORY).evictionPolicy(EvictionPolicy.ALLKEYS_LRU);
            try (ExecutorService executor = Executors.newSingleThreadExecutor();
                    OffHeapStore store = (form == 0
                                    ? builder
                                    : form == 1
                                            ? builder.removalListener((cause, key, value) -> {})
                                            : builder.removalListener((cause, key, value) -> {}, executor))
                            .build()) {
                for (int number = 0; number < 20_000; number++) {
                    store.put(key(number), value(number, 100));
                }
                evictions[form] = store.eviction().statistics().evictions();
                sizes[form] = store.size();
            }
        }
        assertThat(evictions[1]).isBetween(evictions[0] - 40, evictions[0] + 40);
        assertThat(evictions[2]).isBetween(evictions[0] - 40, evictions[0] + 40);
        assertThat(sizes[1]).isCloseTo(sizes[0], org.assertj.core.data.Percentage.withPercentage(1));
    }

    @Test
    void oneThatThrowsIsLoggedOnceAndChangesNothing() {
        AtomicInteger calls = new AtomicInteger();
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(MAX_MEMORY)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .removalListener((cause, key, value) -> {
                    if (calls.incrementAndGet() % 2 == 0) {
                        throw new AssertionError("of the listener, and expected");
                    }
                    throw new IllegalStateException("of the listener, and expected");
                })
                .build()) {
            for (int number = 0; number < 10_000; number++) {
                store.put(key(number), value(number, 100));
                assertThat(number(store.get(key(number)))).isEqualTo(number);
            }
            assertThat(calls.get())
                    .isEqualTo((int) store.statistics().evictions())
                    .isPositive();
            StoreValidator.validate(store);
        }
    }

    @Test
    @Tag("core")
    void oneThatStandsStillHoldsUpNobodyElse() throws InterruptedException {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch released = new CountDownLatch(1);
        AtomicReference<Thread> slow = new AtomicReference<>();
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(MAX_MEMORY)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .removalListener((cause, key, value) -> {
                    if (Thread.currentThread() == slow.get()) {
                        int first = number(value);
                        inside.countDown();
                        awaitQuietly(released);
                        assertThat(number(value)).isEqualTo(first);
                    }
                })
                .build()) {
            for (int number = 0; number < 5_000; number++) {
                store.put(key(number), value(number, 100));
            }
            CompletableFuture<?> held = CompletableFuture.runAsync(() -> {
                slow.set(Thread.currentThread());
                store.put(key(-1), value(1, 5_000));
            });
            assertThat(inside.await(30, TimeUnit.SECONDS)).isTrue();
            long size = store.size();
            long evictions = store.statistics().evictions();
            long start = System.nanoTime();
            for (int number = 5_000; number < 15_000; number++) {
                store.put(key(number), value(number, 100));
            }
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
            long evicted = store.statistics().evictions() - evictions;
            assertThat(evicted).isLessThanOrEqualTo(10_000 + size / 50);
            assertThat(store.statistics().rejections()).isZero();
            assertThat(held).isNotDone();
            released.countDown();
            held.join();
            assertThat(store.containsKey(key(-1))).isTrue();
            StoreValidator.validate(store);
        }
    }

    /** At a shared limit a store's listener is told of what another store's puts evict, by the thread that puts. */
    @ParameterizedTest
    @EnumSource(
            value = EvictionPolicy.class,
            names = {"ALLKEYS_LRU", "ALLKEYS_S3FIFO", "VOLATILE_TTL"})
    @Tag("core")
    void whatOneStoreTakesFromAnotherIsToldToThatOnesListener(EvictionPolicy policy) throws InterruptedException {
        MemoryAccount shared = new MemoryAccount("shared", 2 * MAX_MEMORY);
        // A limit of its own, so that an empty store has one stripe and takes little.
        OffHeapStoreBuilder builder = OffHeapStore.builder()
                .account(shared)
                .maxMemory(2 * MAX_MEMORY - 1)
                .evictionPolicy(policy);
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch released = new CountDownLatch(1);
        AtomicReference<Thread> slow = new AtomicReference<>();
        try (OffHeapStore quiet = builder.build();
                OffHeapStore other = builder.removalListener((cause, key, value) -> {
                            note(cause, key, value);
                            if (Thread.currentThread() == slow.get()) {
                                inside.countDown();
                                awaitQuietly(released);
                            }
                        })
                        .build()) {
            int number = 0;
            for (; quiet.statistics().evictions() + other.statistics().evictions() == 0; number++) {
                other.put(key(number), value(number, 100), Duration.ofHours(1));
            }
            for (int count = 0; count < 1_000; count++) {
                quiet.put(key(count), value(count, 100), Duration.ofHours(2));
            }
            assertThat(other.eviction().evictionsForOthers()).isPositive();
            assertThat(told).hasSize((int) other.statistics().evictions());
            // One that stands still keeps nobody from evicting.
            CompletableFuture<?> held = CompletableFuture.runAsync(() -> {
                slow.set(Thread.currentThread());
                for (int count = -1; inside.getCount() > 0; count--) {
                    quiet.put(key(count), value(count, 100), Duration.ofHours(2));
                }
            });
            assertThat(inside.await(30, TimeUnit.SECONDS)).isTrue();
            for (int count = 1_000; count < 3_000; count++) {
                quiet.put(key(count), value(count, 100), Duration.ofHours(2));
            }
            assertThat(held).isNotDone();
            released.countDown();
            held.join();
            assertThat(told).hasSize((int) other.statistics().evictions());
            shared.setMaxMemory(shared.maxMemory() / 2);
            while (other.eviction().performEvictions() != EvictionResult.OK) {}
            assertThat(told).hasSize((int) other.statistics().evictions());
            StoreValidator.validate(quiet);
            StoreValidator.validate(other);
        }
        assertThat(shared.usedMemory()).isZero();
    }

    /** The memory of what is being told stays until the listener returns, and is given back then. */
    @Test
    void aStoreMayBeClosedInsideAndMeanwhile() {
        AtomicReference<OffHeapStore> closing = new AtomicReference<>();
        OffHeapStore store = OffHeapStore.builder()
                .removalListener((cause, key, value) -> {
                    OffHeapStore closed = closing.get();
                    closed.close();
                    assertThat(closed.usedMemory()).isPositive();
                    assertThat(number(value)).isEqualTo(7);
                    note(cause, key, value);
                })
                .build();
        closing.set(store);
        store.put(key(1), value(7, 1_000));
        store.put(key(2), value(8, 1_000));
        assertThat(store.remove(key(1))).isTrue();
        assertTold(new Told(RemovalCause.REMOVED, 1, 7, 1_000));
        assertThat(store.usedMemory()).isZero();
    }

    @Test
    void whatAListenersOwnCallsTakeOutIsToldAfterwards() {
        AtomicReference<OffHeapStore> reached = new AtomicReference<>();
        AtomicInteger depth = new AtomicInteger();
        try (OffHeapStore store = OffHeapStore.builder()
                .removalListener((cause, key, value) -> {
                    assertThat(depth.incrementAndGet()).isEqualTo(1);
                    note(cause, key, value);
                    int number = number(key);
                    if (number < 2_000) {
                        reached.get().remove(key(number + 1));
                        reached.get().put(key(-number), value(0));
                    }
                    depth.decrementAndGet();
                })
                .build()) {
            reached.set(store);
            for (int number = 0; number <= 2_000; number++) {
                store.put(key(number), value(number));
            }
            store.remove(key(0));
            assertThat(told).hasSize(2_001);
            assertThat(told.stream().mapToInt(Told::key)).isSorted();
            StoreValidator.validate(store);
        }
    }

    @Test
    void anExecutorIsToldWithCopiesAlsoOnceTheStoreIsClosed() {
        List<Runnable> tasks = new ArrayList<>();
        try (OffHeapStore store =
                OffHeapStore.builder().removalListener(this::note, tasks::add).build()) {
            store.put(key(1), value(10));
            store.remove(key(1));
            store.put(key(2), value(20));
            store.put(key(2), value(21));
            StoreValidator.validate(store);
        }
        assertThat(told).isEmpty();
        tasks.forEach(Runnable::run);
        assertTold(new Told(RemovalCause.REMOVED, 1, 10, 8), new Told(RemovalCause.REPLACED, 2, 20, 8));
        // One that refuses.
        try (OffHeapStore store = OffHeapStore.builder()
                .removalListener(this::note, task -> {
                    throw new java.util.concurrent.RejectedExecutionException("as expected");
                })
                .build()) {
            store.put(key(1), value(10));
            assertThat(store.remove(key(1))).isTrue();
            StoreValidator.validate(store);
        }
        assertThat(told).isEmpty();
    }

    /** An entry budget evicts within the insertion; a refusal there tells nothing, and keeps nothing pinned. */
    @Test
    void aBudgetOfEntriesTellsToo() {
        try (OffHeapStore store = OffHeapStore.builder()
                .maxEntries(100)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .removalListener(this::note)
                .build()) {
            for (int number = 0; number < 1_000; number++) {
                store.put(key(number), value(number));
            }
            assertThat(told).hasSize(900).allMatch(event -> event.cause == RemovalCause.EVICTED);
            told.clear();
            store.eviction().setPolicy(EvictionPolicy.NOEVICTION);
            assertThatThrownBy(() -> store.put(key(5_000), value(0))).isInstanceOf(MaxMemoryException.class);
            assertTold();
            StoreValidator.validate(store);
        }
    }

    @Test
    void theKeeperTellsWhatExpires() {
        try (OffHeapStore store =
                OffHeapStore.builder().removalListener(this::note).build()) {
            for (int number = 0; number < 2_000; number++) {
                store.put(key(number), value(number), Duration.ofMillis(1));
            }
            awaitThat(() -> told.size() == 2_000);
            assertThat(told).allMatch(event -> event.cause == RemovalCause.EXPIRED && event.key == event.value);
            awaitThat(() -> store.parts().pins().count() == 0);
            StoreValidator.validate(store);
        }
    }

    /** Each value that threads put leaves once, or is there at the end. */
    @Test
    void threadsAreToldOfEachEntryOnce() {
        int threads = 4;
        int puts = 15_000;
        AtomicInteger numbers = new AtomicInteger();
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(MAX_MEMORY)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .removalListener(this::note)
                .build()) {
            CompletableFuture<?>[] workers = new CompletableFuture<?>[threads];
            for (int thread = 0; thread < threads; thread++) {
                SplittableRandom random = new SplittableRandom(thread);
                workers[thread] = CompletableFuture.runAsync(() -> {
                    for (int count = 0; count < puts; count++) {
                        store.put(key(random.nextInt(8_000)), value(numbers.getAndIncrement(), 64));
                        if (count % 7 == 0) {
                            store.remove(key(random.nextInt(8_000)));
                        }
                    }
                });
            }
            CompletableFuture.allOf(workers).join();
            int[] seen = new int[threads * puts];
            told.forEach(event -> seen[event.value]++);
            store.forEach((key, value) -> seen[number(value)]++);
            assertThat(seen).containsOnly(1);
            assertThat(told.stream().filter(event -> event.cause == RemovalCause.EVICTED))
                    .hasSize((int) store.statistics().evictions());
            StoreValidator.validate(store);
        }
    }

    @Test
    @Tag("fault")
    void whatIsRefusedIsNotTold() {
        try (OffHeapStore store =
                OffHeapStore.builder().removalListener(this::note).build()) {
            store.put(key(1), value(10));
            for (int nth = 1; nth < 20; nth++) {
                try (Faults faults = Faults.fromNth(nth).onThisThread().inject()) {
                    store.put(key(1), value(11));
                    assertThat(faults.refused()).isZero();
                    break;
                } catch (dev.zmalloc.NativeOutOfMemoryError e) {
                    assertThat(told).isEmpty();
                    assertThat(store.get(key(1))).isEqualTo(value(10));
                    StoreValidator.validate(store);
                }
            }
            assertTold(new Told(RemovalCause.REPLACED, 1, 10, 8));
        }
    }

    private static void awaitThat(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(4).putInt(number).array();
    }

    private static byte[] value(int number) {
        return value(number, 8);
    }

    private static byte[] value(int number, int bytes) {
        byte[] value = new byte[bytes];
        Arrays.fill(value, (byte) number);
        ByteBuffer.wrap(value).putInt(0, number);
        return value;
    }

    private static int number(byte[] bytes) {
        return ByteBuffer.wrap(bytes).getInt(0);
    }

    private static int number(MemorySegment bytes) {
        return Integer.reverseBytes(bytes.get(ValueLayout.JAVA_INT_UNALIGNED, 0));
    }
}
