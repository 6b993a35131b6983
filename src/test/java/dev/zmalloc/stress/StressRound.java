package dev.zmalloc.stress;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;
import dev.zmalloc.store.StoreStatistics;
import dev.zmalloc.store.StoreValidator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A store of one shape, and threads of both kinds on it, until they are stopped or the store is closed under them. */
final class StressRound {
    /**
     * A shape of store.
     *
     * @param maxMemory bytes; 0 for no limit
     */
    record Shape(String name, long maxMemory, EvictionPolicy policy, StoreWorker.Settings settings) {}

    static final List<Shape> SHAPES = List.of(
            new Shape("one stripe", 1 << 20, EvictionPolicy.ALLKEYS_LRU, new StoreWorker.Settings(5_000, 300, 100_000)),
            new Shape(
                    "eight stripes",
                    8 << 20,
                    EvictionPolicy.ALLKEYS_LRU,
                    new StoreWorker.Settings(60_000, 300, 1_000_000)),
            new Shape("few keys", 1 << 20, EvictionPolicy.ALLKEYS_LRU, new StoreWorker.Settings(20, 2_000, 1_000)),
            new Shape("no eviction", 1 << 20, EvictionPolicy.NOEVICTION, new StoreWorker.Settings(8_000, 300, 50_000)),
            new Shape("no limit", 0, EvictionPolicy.NOEVICTION, new StoreWorker.Settings(20_000, 300, 200_000)));

    /** How long a thread may take for the operation that it is in the middle of. */
    private static final Duration LAST_OPERATION = Duration.ofSeconds(30);

    private final Shape shape;
    private final boolean closesUnderWorkers;
    private final MemoryAccount account;
    private final OffHeapStore store;
    private final List<StoreWorker> workers = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean stopped;

    StressRound(Shape shape, int threadCount, long seed, boolean closesUnderWorkers) {
        this.shape = shape;
        this.closesUnderWorkers = closesUnderWorkers;
        account = new MemoryAccount("stress", 0);
        store = OffHeapStore.builder()
                .maxMemory(shape.maxMemory())
                .evictionPolicy(shape.policy())
                .account(account)
                .build();
        for (int number = 0; number < threadCount; number++) {
            StoreWorker worker = new StoreWorker(store, new SplittableRandom(seed + number), shape.settings());
            workers.add(worker);
            Thread.Builder builder = number % 2 == 0 ? Thread.ofPlatform().daemon() : Thread.ofVirtual();
            threads.add(builder.name("stress-" + number).unstarted(() -> work(worker)));
        }
    }

    void start() {
        threads.forEach(Thread::start);
    }

    private void work(StoreWorker worker) {
        try (worker) {
            while (!stopped && failure.get() == null) {
                worker.operate();
            }
        } catch (IllegalStateException e) {
            if (!store.isClosed() || !"the store is closed".equals(e.getMessage())) {
                failure.compareAndSet(null, e);
            }
        } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
        }
    }

    boolean hasFailed() {
        return failure.get() != null;
    }

    long operations() {
        long sum = 0;
        for (StoreWorker worker : workers) {
            for (StoreWorker.Kind kind : StoreWorker.Kind.values()) {
                sum += worker.count(kind);
            }
        }
        return sum;
    }

    /** Ends the threads, looks at everything, and adds what there was to {@code summary}. */
    void end(StressSummary summary) throws InterruptedException {
        StoreStatistics statistics;
        if (closesUnderWorkers) {
            store.close();
            stopped = true;
            join();
            statistics = store.statistics();
        } else {
            stopped = true;
            if (join()) {
                validate();
            }
            statistics = store.statistics();
            store.close();
        }
        summary.add(shape, workers, statistics, account.peakMemory());
        check(shape.maxMemory() == 0 || account.peakMemory() <= shape.maxMemory(), () -> "the limit was passed");
        check(store.close(LAST_OPERATION), () -> store.usedMemory() + " bytes are in use after all is closed");
        Throwable failed = failure.get();
        if (failed == null) {
            summary.passed(closesUnderWorkers);
        } else {
            summary.failed(shape, failed);
        }
    }

    private boolean join() throws InterruptedException {
        for (Thread thread : threads) {
            if (!thread.join(LAST_OPERATION)) {
                AssertionError stuck = new AssertionError(thread.getName() + " does not end");
                stuck.setStackTrace(thread.getStackTrace());
                failure.compareAndSet(null, stuck);
                return false;
            }
        }
        return true;
    }

    private void validate() {
        try {
            StoreValidator.validate(store);
        } catch (AssertionError e) {
            failure.compareAndSet(null, e);
        }
    }

    private void check(boolean holds, Supplier<String> otherwise) {
        if (!holds) {
            failure.compareAndSet(null, new AssertionError(otherwise.get()));
        }
    }

    @Override
    public String toString() {
        return shape.name() + (closesUnderWorkers ? ", closed under its threads" : "");
    }

    /** The shapes in turn, and every second one, which is another each time, closed under its workers. */
    static StressRound numbered(int number, int threadCount, long seed) {
        int shapes = SHAPES.size();
        return new StressRound(
                SHAPES.get(number % shapes), threadCount, seed + (long) number * threadCount, number % 2 == 1);
    }

    static String shapes() {
        return SHAPES.stream().map(Shape::name).collect(Collectors.joining(", "));
    }
}
