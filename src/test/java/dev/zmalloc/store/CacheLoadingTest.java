package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CacheLoadingTest {
    private static final int THREADS = 8;

    private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    private final OffHeapCache<String, String> cache =
            OffHeapCache.builder(Codecs.STRING, Codecs.STRING).recordStats().build();

    @AfterEach
    void close() throws InterruptedException {
        cache.close();
        threads.shutdownNow();
        assertThat(threads.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void awaitWaiting(Thread thread) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (thread.getState() != Thread.State.WAITING) {
            assertThat(thread.getState()).as("a thread that is to wait").isNotEqualTo(Thread.State.TERMINATED);
            assertThat(System.nanoTime()).as("too late").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    /** A load of a key that goes on only when it is told to. */
    private final class BlockedLoad {
        private final CountDownLatch goOn = new CountDownLatch(1);
        private final Future<String> outcome;

        /** Begins the load of {@code key}; returns once the loader runs. */
        BlockedLoad(OffHeapCache<String, String> from, String key, String value) {
            CountDownLatch loading = new CountDownLatch(1);
            outcome = threads.submit(() -> from.get(key, asked -> {
                loading.countDown();
                await(goOn);
                return value;
            }));
            await(loading);
        }

        /** Lets the loader answer. */
        void goOn() {
            goOn.countDown();
        }

        /** What the load came to. */
        String outcome() throws Exception {
            return outcome.get();
        }
    }

    @Test
    void aKeyIsLoadedOnceHoweverManyAsk() throws Exception {
        int keys = 200;
        AtomicInteger[] loads = new AtomicInteger[keys];
        for (int key = 0; key < keys; key++) {
            loads[key] = new AtomicInteger();
        }
        CyclicBarrier start = new CyclicBarrier(THREADS);
        List<Future<?>> running = new ArrayList<>();
        for (int thread = 0; thread < THREADS; thread++) {
            running.add(threads.submit(() -> {
                for (int key = 0; key < keys; key++) {
                    int number = key;
                    start.await();
                    assertThat(cache.get("key" + key, asked -> {
                                loads[number].incrementAndGet();
                                LockSupport.parkNanos(1_000);
                                return asked + "'s";
                            }))
                            .isEqualTo("key" + key + "'s");
                }
                return null;
            }));
        }
        for (Future<?> each : running) {
            each.get();
        }
        assertThat(loads).allSatisfy(count -> assertThat(count).hasValue(1));
        assertThat(cache.statistics().loads()).isEqualTo(keys);
        assertThat(cache.statistics().hits() + cache.statistics().misses()).isEqualTo((long) THREADS * keys);
    }

    @Test
    void allMissingKeysAreLoadedByOneCallAndOncePerKey() throws Exception {
        AtomicInteger loaded = new AtomicInteger();
        CyclicBarrier start = new CyclicBarrier(THREADS);
        List<Future<?>> running = new ArrayList<>();
        for (int thread = 0; thread < THREADS; thread++) {
            int first = thread;
            running.add(threads.submit(() -> {
                for (int round = 0; round < 50; round++) {
                    Set<String> keys = new TreeSet<>();
                    for (int number = 0; number < 10; number++) {
                        keys.add(round + ":" + (first + number) % 12);
                    }
                    start.await();
                    Map<String, String> all = cache.getAll(keys, missing -> {
                        loaded.addAndGet(missing.size());
                        Map<String, String> values = new HashMap<>();
                        missing.forEach(key -> values.put(key, key + "'s"));
                        return values;
                    });
                    assertThat(all.keySet()).containsExactlyElementsOf(keys);
                    all.forEach((key, value) -> assertThat(value).isEqualTo(key + "'s"));
                }
                return null;
            }));
        }
        for (Future<?> each : running) {
            each.get();
        }
        assertThat(loaded).hasValue(50 * 12);
        assertThat(cache.estimatedSize()).isEqualTo(50 * 12);
    }

    @Test
    void getAllGivesWhatThereIsAndStoresWhatElseWasLoaded() {
        cache.put("a", "1");
        Map<String, String> all = cache.getAll(List.of("b", "a", "c", "b"), missing -> {
            assertThat(missing).isEqualTo(Set.of("b", "c"));
            return Map.of("b", "2", "d", "4");
        });
        assertThat(all).containsExactly(Map.entry("b", "2"), Map.entry("a", "1"));
        assertThat(cache.asMap()).isEqualTo(Map.of("a", "1", "b", "2", "d", "4"));
        assertThat(cache.getAllPresent(List.of("d", "e"))).containsExactly(Map.entry("d", "4"));
        assertThatThrownBy(() -> all.put("x", "y")).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> cache.getAll(List.of("z"), missing -> null)).isInstanceOf(NullPointerException.class);
        try (OffHeapCache<byte[], String> arrays =
                OffHeapCache.builder(Codecs.BYTES, Codecs.STRING).build()) {
            byte[] first = {1};
            byte[] same = {1};
            assertThat(arrays.getAll(List.of(first, same), missing -> {
                        assertThat(missing).hasSize(1);
                        return Map.of(missing.iterator().next(), "one");
                    }))
                    .hasSize(2)
                    .containsValue("one");
        }
    }

    @Test
    void keysThatCanBeGoneThroughOnceAreEnough() {
        cache.put("a", "1");
        Iterator<String> once = List.of("a", "b").iterator();
        assertThat(cache.getAll(() -> once, missing -> Map.of("b", "2")))
                .containsExactly(Map.entry("a", "1"), Map.entry("b", "2"));
    }

    @Test
    void whatIsPresentIsToldWithoutALoadAndWithoutWaitingForOne() throws Exception {
        BlockedLoad load = new BlockedLoad(cache, "a", "loaded");
        assertThat(threads.submit(() -> cache.getAllPresent(List.of("a"))).get(10, TimeUnit.SECONDS))
                .isEmpty();
        load.goOn();
        assertThat(load.outcome()).isEqualTo("loaded");
        Map<String, String> present = cache.getAllPresent(List.of("b", "a", "a"));
        assertThat(present).containsExactly(Map.entry("a", "loaded"));
        assertThatThrownBy(() -> present.put("x", "y")).isInstanceOf(UnsupportedOperationException.class);
        assertThat(cache.statistics().loads()).isOne();
        assertThat(cache.statistics().loadFailures()).isZero();
    }

    @Test
    void whatALoaderThrowsComesOutAndNothingIsLeftLocked() {
        IllegalArgumentException thrown = new IllegalArgumentException("no");
        for (int round = 0; round < 2; round++) {
            assertThatThrownBy(() -> cache.get("a", key -> {
                        throw thrown;
                    }))
                    .isSameAs(thrown);
            assertThatThrownBy(() -> cache.getAll(List.of("a", "b"), keys -> {
                        throw thrown;
                    }))
                    .isSameAs(thrown);
            assertThatThrownBy(() -> cache.asMap().compute("a", (key, value) -> {
                        throw thrown;
                    }))
                    .isSameAs(thrown);
        }
        assertThat(cache.get("a", key -> null)).isNull();
        assertThat(cache.estimatedSize()).isZero();
        assertThat(cache.statistics().loadFailures()).isEqualTo(5);
        assertThat(cache.statistics().averageLoadNanos()).isPositive();
        assertThat(cache.get("a", key -> "1")).isEqualTo("1");
    }

    @Test
    void aLoaderThatAsksForItsOwnKeyIsRefusedAndMayAskForOthers() {
        assertThatThrownBy(() -> cache.get("a", key -> cache.get("b", other -> cache.get("a", same -> "x"))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("recursive computation");
        assertThatThrownBy(() -> cache.get("a", key -> {
                    cache.invalidate("a");
                    return "1";
                }))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> cache.get("a", key -> {
                    cache.invalidateAll();
                    return "1";
                }))
                .isInstanceOf(IllegalStateException.class);
        cache.put("there", "1");
        assertThatThrownBy(() -> cache.asMap()
                        .merge("there", "b", (x, y) -> cache.asMap().merge("there", "b", (u, v) -> "d")))
                .isInstanceOf(IllegalStateException.class);
        assertThat(cache.get("x", key -> cache.get("y", other -> "1") + "2")).isEqualTo("12");
        assertThat(cache.get("put", key -> {
                    cache.put("put", "by itself");
                    return "loaded";
                }))
                .isEqualTo("by itself");
    }

    @Test
    void loadersThatWaitForEachOtherAreRefusedByOneAtLeast() throws Exception {
        for (int round = 0; round < 200; round++) {
            String left = "left" + round;
            String right = "right" + round;
            CyclicBarrier both = new CyclicBarrier(2);
            Future<String> first = threads.submit(() -> crossing(both, left, right));
            Future<String> second = threads.submit(() -> crossing(both, right, left));
            List<String> outcomes = List.of(first.get(), second.get());
            assertThat(outcomes).contains("refused").allMatch(outcome -> outcome.matches("refused|loaded"));
            cache.invalidateAll();
        }
    }

    private String crossing(CyclicBarrier both, String own, String other) {
        try {
            return cache.get(own, key -> {
                try {
                    both.await(10, TimeUnit.SECONDS);
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
                cache.get(other, wanted -> "of the other");
                return "loaded";
            });
        } catch (IllegalStateException e) {
            assertThat(e).hasMessageContaining("recursive computation");
            return "refused";
        }
    }

    @Test
    void aRemovalWaitsForTheLoadSoThatWhatWasLoadedBeforeIsNotThereAfter() throws Exception {
        removalsWaitForTheLoad(cache);
        try (OffHeapCache<String, String> told = OffHeapCache.builder(Codecs.STRING, Codecs.STRING)
                .removalListener((key, value, cause) -> {})
                .build()) {
            removalsWaitForTheLoad(told);
        }
    }

    private void removalsWaitForTheLoad(OffHeapCache<String, String> from) throws Exception {
        for (Runnable removal : List.<Runnable>of(
                () -> from.invalidate("a"),
                () -> from.invalidateAll(),
                () -> from.asMap().remove("a"),
                () -> from.asMap().remove("a", "old"),
                () -> from.asMap().keySet().remove("a"))) {
            BlockedLoad load = new BlockedLoad(from, "a", "old");
            Thread remover = Thread.ofPlatform().start(removal);
            awaitWaiting(remover);
            load.goOn();
            assertThat(load.outcome()).isEqualTo("old");
            remover.join();
            assertThat(from.getIfPresent("a")).isNull();
        }
    }

    @Test
    void aPutDoesNotWaitForALoadAndCounts() throws Exception {
        BlockedLoad load = new BlockedLoad(cache, "a", "loaded");
        cache.put("a", "put");
        assertThat(cache.get("a", key -> "x")).isEqualTo("put");
        load.goOn();
        assertThat(load.outcome()).isEqualTo("put");
        assertThat(cache.getIfPresent("a")).isEqualTo("put");
    }

    @Test
    void waitingIsNotInterruptedButTellsOfIt() throws Exception {
        BlockedLoad load = new BlockedLoad(cache, "a", "loaded");
        AtomicReference<String> seen = new AtomicReference<>();
        Thread waiter = Thread.ofVirtual()
                .start(() -> seen.set(
                        cache.get("a", key -> "x") + Thread.currentThread().isInterrupted()));
        awaitWaiting(waiter);
        waiter.interrupt();
        load.goOn();
        waiter.join();
        assertThat(seen).hasValue("loadedtrue");
        assertThat(load.outcome()).isEqualTo("loaded");
    }

    @Test
    void computationsOnAKeyComeOneAfterAnother() throws Exception {
        int steps = 500;
        AtomicInteger inside = new AtomicInteger();
        List<Future<?>> running = new ArrayList<>();
        try (OffHeapCache<Integer, Long> numbers =
                OffHeapCache.builder(Codecs.INTEGER, Codecs.LONG).build()) {
            for (int thread = 0; thread < THREADS; thread++) {
                running.add(threads.submit(() -> {
                    for (int step = 0; step < steps; step++) {
                        numbers.asMap().compute(1, (key, value) -> {
                            assertThat(inside.incrementAndGet()).isOne();
                            inside.decrementAndGet();
                            return value == null ? 1 : value + 1;
                        });
                        numbers.asMap().merge(2, 1L, Long::sum);
                        for (Long now = null; ; ) {
                            now = numbers.asMap().putIfAbsent(3, 1L);
                            if (now == null || numbers.asMap().replace(3, now, now + 1)) {
                                break;
                            }
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> each : running) {
                each.get();
            }
            long all = (long) THREADS * steps;
            assertThat(numbers.asMap()).isEqualTo(Map.of(1, all, 2, all, 3, all));
            StoreValidator.validate(numbers.entries().store());
        }
    }

    @Test
    void aLoadingCacheLoadsByItself() {
        List<String> loads = new ArrayList<>();
        try (LoadingOffHeapCache<String, String> loading = OffHeapCache.builder(Codecs.STRING, Codecs.STRING)
                .build(key -> {
                    loads.add(key);
                    if (key.equals("checked")) {
                        throw new IOException("no file");
                    }
                    return key.equals("none") ? null : key + "'s";
                })) {
            assertThat(loading.get("a")).isEqualTo("a's");
            assertThat(loading.get("a")).isEqualTo("a's");
            assertThat(loading.get("none")).isNull();
            assertThatThrownBy(() -> loading.get("checked"))
                    .isInstanceOf(CompletionException.class)
                    .hasRootCauseExactlyInstanceOf(IOException.class);
            assertThat(loading.getAll(List.of("a", "none", "b")))
                    .containsExactly(Map.entry("a", "a's"), Map.entry("b", "b's"));
            assertThat(loads).containsExactlyInAnyOrder("a", "none", "checked", "none", "b");
        }
    }

    @Test
    void refreshPutsWhatIsNewUnlessItWasChangedMeanwhile() throws Exception {
        AtomicInteger version = new AtomicInteger();
        AtomicReference<CountDownLatch> gate = new AtomicReference<>(new CountDownLatch(0));
        CountDownLatch[] entered = {new CountDownLatch(1)};
        try (LoadingOffHeapCache<String, String> loading = OffHeapCache.builder(Codecs.STRING, Codecs.STRING)
                .executor(threads)
                .build(key -> {
                    entered[0].countDown();
                    await(gate.get());
                    int number = version.incrementAndGet();
                    return number == 4 ? null : "v" + number;
                })) {
            assertThat(loading.refresh("a").get()).isEqualTo("v1");
            assertThat(loading.refresh("a").get()).isEqualTo("v2");
            assertThat(loading.getIfPresent("a")).isEqualTo("v2");

            gate.set(new CountDownLatch(1));
            entered[0] = new CountDownLatch(1);
            CompletableFuture<String> refresh = loading.refresh("a");
            await(entered[0]);
            assertThat(loading.refresh("a")).isSameAs(refresh);
            loading.put("a", "put");
            gate.get().countDown();
            assertThat(refresh.get()).isEqualTo("v3");
            assertThat(loading.getIfPresent("a")).isEqualTo("put");

            assertThat(loading.refresh("a").get()).isNull();
            assertThat(loading.getIfPresent("a")).isNull();
        }
    }

    @Test
    void aValueIsRefreshedWhenItIsReadAfterItsTime() {
        AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5);
        List<Runnable> tasks = new ArrayList<>();
        AtomicInteger version = new AtomicInteger();
        try (LoadingOffHeapCache<Integer, Integer> loading = OffHeapCache.builder(Codecs.INTEGER, Codecs.INTEGER)
                .refreshAfterWrite(Duration.ofMillis(10))
                .ticker(nanos::get)
                .executor(tasks::add)
                .build(new CacheLoader<>() {
                    @Override
                    public Integer load(Integer key) {
                        return version.incrementAndGet();
                    }

                    @Override
                    public Integer reload(Integer key, Integer old) throws IOException {
                        if (old == 2) {
                            throw new IOException("not now");
                        }
                        return old + 1;
                    }
                })) {
            assertThat(loading.policy().refreshAfterWrite()).isEqualTo(Duration.ofMillis(10));
            assertThat(loading.get(1)).isOne();
            nanos.addAndGet(9_999_999);
            assertThat(loading.get(1)).isOne();
            assertThat(tasks).isEmpty();
            nanos.addAndGet(1);
            assertThat(loading.get(1)).isOne();
            assertThat(loading.get(1)).isOne();
            assertThat(tasks).hasSize(1);
            tasks.removeFirst().run();
            assertThat(loading.get(1)).isEqualTo(2);
            assertThat(tasks).isEmpty();
            nanos.addAndGet(20_000_000);
            for (int read = 0; read < 3; read++) {
                assertThat(loading.get(1)).isEqualTo(2);
            }
            assertThat(tasks).hasSize(1);
            assertThat(QuietLog.during(tasks.removeFirst()))
                    .as("warnings, of one refresh")
                    .isOne();
            assertThat(loading.getIfPresent(1)).as("it could not be refreshed").isEqualTo(2);
            assertThat(tasks).as("so it is tried again").hasSize(1);
            assertThat(version).hasValue(1);
        }
    }

    @Test
    void aRefreshThatTheExecutorCannotBeginIsOverAndTheNextOneBegins() throws Exception {
        for (Executor failing : List.<Executor>of(
                task -> {
                    throw new RejectedExecutionException("no room");
                },
                task -> {
                    throw new LinkageError("no room");
                })) {
            AtomicBoolean isFirst = new AtomicBoolean(true);
            Executor executor = task -> (isFirst.getAndSet(false) ? failing : (Executor) Runnable::run).execute(task);
            try (LoadingOffHeapCache<String, String> loading = OffHeapCache.builder(Codecs.STRING, Codecs.STRING)
                    .executor(executor)
                    .build(key -> "loaded")) {
                assertThat(loading.refresh("a"))
                        .failsWithin(Duration.ZERO)
                        .withThrowableOfType(ExecutionException.class)
                        .withMessageContaining("no room");
                assertThat(loading.refresh("a").get(10, TimeUnit.SECONDS)).isEqualTo("loaded");
            }
        }
    }

    @Test
    void closingUnderALoadIsToldToTheLoad() {
        assertThatThrownBy(() -> cache.get("a", key -> {
                    cache.close();
                    return "1";
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the cache is closed");
        assertThat(cache.isClosed()).isTrue();
        assertThat(cache.usedMemory()).isZero();
        assertThatThrownBy(() -> cache.get("a", key -> "1")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> cache.put("a", "1")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> cache.asMap().get("b")).isInstanceOf(IllegalStateException.class);
    }
}
