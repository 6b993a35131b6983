package dev.zmalloc.jcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.configuration.MutableCacheEntryListenerConfiguration;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.event.CacheEntryCreatedListener;
import javax.cache.event.CacheEntryEvent;
import javax.cache.event.CacheEntryUpdatedListener;
import javax.cache.integration.CacheLoader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Operations of several threads on the same keys. */
@Tag("process") // once is enough: no allocator makes a difference
class AtomicityTest {
    private static final int THREADS = 4;
    private static final int TIMES = 2_000;

    private static void inThreads(Runnable task) throws InterruptedException {
        List<Throwable> thrown = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int number = 0; number < THREADS; number++) {
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    task.run();
                } catch (RuntimeException | Error e) {
                    synchronized (thrown) {
                        thrown.add(e);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(thrown).isEmpty();
    }

    private static MutableConfiguration<String, Integer> counts() {
        return new MutableConfiguration<String, Integer>().setTypes(String.class, Integer.class);
    }

    @Test
    void processorsAndReplacementsLoseNothing() throws InterruptedException {
        try (CacheManager manager = JCaches.manager()) {
            Cache<String, Integer> cache = manager.createCache("counts", counts());
            inThreads(() -> {
                for (int time = 0; time < TIMES; time++) {
                    cache.invoke("invoked", (entry, arguments) -> {
                        entry.setValue(entry.exists() ? entry.getValue() + 1 : 1);
                        return null;
                    });
                    cache.putIfAbsent("replaced", 0);
                    for (Integer before = cache.get("replaced");
                            !cache.replace("replaced", before, before + 1);
                            before = cache.get("replaced")) {
                        Thread.onSpinWait();
                    }
                }
            });
            assertThat(cache.get("invoked")).isEqualTo(THREADS * TIMES);
            assertThat(cache.get("replaced")).isEqualTo(THREADS * TIMES);
        }
    }

    @Test
    void aValueIsLoadedOnce() throws Exception {
        AtomicInteger loads = new AtomicInteger();
        CacheLoader<String, Integer> loader = new CacheLoader<>() {
            @Override
            public Integer load(String key) {
                return loads.incrementAndGet();
            }

            @Override
            public Map<String, Integer> loadAll(Iterable<? extends String> keys) {
                throw new AssertionError();
            }
        };
        try (CacheManager manager = JCaches.manager()) {
            Cache<String, Integer> cache =
                    manager.createCache("loaded", counts().setReadThrough(true).setCacheLoaderFactory(() -> loader));
            CyclicBarrier together = new CyclicBarrier(THREADS);
            inThreads(() -> {
                try {
                    together.await();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
                assertThat(cache.get("key")).isEqualTo(1);
            });
            assertThat(loads).hasValue(1);
        }
    }

    /** Remembers the values of one key's events, in the order in which they come. */
    private static final class Remembering
            implements CacheEntryCreatedListener<String, Integer>, CacheEntryUpdatedListener<String, Integer> {
        private final List<Integer> values = new ArrayList<>();
        private final CountDownLatch last = new CountDownLatch(THREADS * TIMES);

        @Override
        public void onCreated(Iterable<CacheEntryEvent<? extends String, ? extends Integer>> events) {
            onUpdated(events);
        }

        @Override
        public void onUpdated(Iterable<CacheEntryEvent<? extends String, ? extends Integer>> events) {
            for (CacheEntryEvent<? extends String, ? extends Integer> event : events) {
                values.add(event.getValue());
                last.countDown();
            }
        }
    }

    @Test
    void asynchronousEventsOfAKeyComeInTheirOrder() throws InterruptedException {
        Remembering listener = new Remembering();
        try (CacheManager manager = JCaches.manager()) {
            Cache<String, Integer> cache = manager.createCache(
                    "told",
                    counts().addCacheEntryListenerConfiguration(
                                    new MutableCacheEntryListenerConfiguration<>(() -> listener, null, false, false)));
            inThreads(() -> {
                for (int time = 0; time < TIMES; time++) {
                    cache.invoke("key", (entry, arguments) -> {
                        entry.setValue(entry.exists() ? entry.getValue() + 1 : 1);
                        return null;
                    });
                }
            });
            assertThat(listener.last.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(listener.values).isSorted().hasSize(THREADS * TIMES);
        }
    }

    /** Processors that use each other's keys would wait for each other: at least one is refused, and all end. */
    @Test
    void whoWouldWaitForEachOtherIsRefused() throws InterruptedException {
        try (CacheManager manager = JCaches.manager()) {
            Cache<String, Integer> cache = manager.createCache("circle", counts());
            CyclicBarrier both = new CyclicBarrier(2);
            Set<String> refused = new TreeSet<>();
            List<Thread> threads = new ArrayList<>();
            for (String key : List.of("a", "b")) {
                threads.add(Thread.ofPlatform().start(() -> {
                    try {
                        cache.invoke(key, (entry, arguments) -> {
                            try {
                                both.await();
                            } catch (Exception e) {
                                throw new IllegalStateException(e);
                            }
                            cache.put(key.equals("a") ? "b" : "a", 1);
                            return null;
                        });
                    } catch (CacheException e) {
                        synchronized (refused) {
                            refused.add(key);
                        }
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(refused).isNotEmpty();
            cache.put("a", 2);
            cache.put("b", 2);
            assertThat(cache).hasSize(2);
        }
    }
}
