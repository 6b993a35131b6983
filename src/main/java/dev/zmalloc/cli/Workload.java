package dev.zmalloc.cli;

import dev.zmalloc.store.MaxMemoryException;
import dev.zmalloc.store.OffHeapStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads files through a store that caches them, from several threads, and compares every byte that the store serves
 * with the file read again from its source. A file that the store does not have is loaded; one that it will not take
 * (larger than the limit, or the policy is {@code noeviction} and the store full) is a rejection, and is served from
 * the source.
 *
 * <p>One object serves one run: {@link #start}, {@link #await} or {@link #stopAndJoin}, then {@link #compareRemaining}.
 */
final class Workload {
    /** What to do: how many reads over all threads, from which seed, by which exponent of the Zipf distribution. */
    record Settings(long reads, int threads, long seed, double skew) {}

    /**
     * What was done so far. The figures are read one after the other while workers run, so they may be a few reads
     * apart.
     *
     * @param misses reads served by the source
     * @param servedBytes bytes served in all
     * @param comparedBytes bytes of the store compared with the source, the final comparison included
     * @param rejections files that the store would not take
     */
    record Counts(
            long hits,
            long misses,
            long hitBytes,
            long servedBytes,
            long comparedBytes,
            long differingBytes,
            long rejections) {
        long reads() {
            return hits + misses;
        }
    }

    /** Why a worker gave up, in one line, and what it met. */
    record Failure(String message, Throwable cause) {}

    private final SourceFiles files;
    private final OffHeapStore store;
    private final Settings settings;
    private final LimitGuard guard;
    private final StopSignal stop;
    private final CountDownLatch running;
    private volatile boolean abandoned;
    private final AtomicReference<@Nullable Failure> failure = new AtomicReference<>();
    private final AtomicReference<@Nullable String> firstDifference = new AtomicReference<>();
    private final LongAdder hits = new LongAdder();
    private final LongAdder misses = new LongAdder();
    private final LongAdder hitBytes = new LongAdder();
    private final LongAdder missBytes = new LongAdder();
    private final LongAdder sweptBytes = new LongAdder();
    private final LongAdder differingBytes = new LongAdder();
    private final LongAdder rejections = new LongAdder();

    /**
     * Prepares a run. The caller closes the store, after the workers have ended. The guard is sampled after each put.
     */
    Workload(SourceFiles files, OffHeapStore store, Settings settings, LimitGuard guard, StopSignal stop) {
        this.files = files;
        this.store = store;
        this.settings = settings;
        this.guard = guard;
        this.stop = stop;
        this.running = new CountDownLatch(settings.threads());
    }

    /** Starts the workers and returns. */
    void start() {
        ZipfSequence sequence = new ZipfSequence(files.count(), settings.skew(), settings.seed());
        List<Thread> workers = new ArrayList<>();
        for (int worker = 0; worker < settings.threads(); worker++) {
            long share =
                    settings.reads() / settings.threads() + (worker < settings.reads() % settings.threads() ? 1 : 0);
            IntSupplier fileIndexes = sequence.forWorker(worker);
            workers.add(Thread.ofPlatform()
                    .daemon()
                    .name("zmalloc-worker-" + worker)
                    .unstarted(() -> work(fileIndexes, share)));
        }
        workers.forEach(Thread::start);
    }

    /** Waits until all workers have ended, but at most {@code millis}. Tells whether they have. */
    boolean await(long millis) throws InterruptedException {
        return running.await(millis, TimeUnit.MILLISECONDS);
    }

    /** Returns when all workers have ended, which those that still run are told to do at once. */
    void stopAndJoin() {
        abandoned = running.getCount() > 0;
        boolean interrupted = false;
        while (running.getCount() > 0) {
            try {
                running.await();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Returns how many reads were asked for. */
    long plannedReads() {
        return settings.reads();
    }

    /** Returns the figures so far. */
    Counts counts() {
        long hitBytesNow = hitBytes.sum();
        return new Counts(
                hits.sum(),
                misses.sum(),
                hitBytesNow,
                hitBytesNow + missBytes.sum(),
                hitBytesNow + sweptBytes.sum(),
                differingBytes.sum(),
                rejections.sum());
    }

    /** Returns why a worker gave up, or null. The other workers stop then too. */
    @Nullable
    Failure failure() {
        return failure.get();
    }

    /** Returns one line about the first difference found, or null. */
    @Nullable
    String firstDifference() {
        return firstDifference.get();
    }

    /**
     * Compares whatever the store still holds with the source, without counting it as reads: what was loaded last may
     * not have been served yet. Ends early when the stop signal is raised.
     */
    void compareRemaining() {
        for (int file = 0; file < files.count() && !shouldStop(); file++) {
            if (!store.containsKey(files.key(file))) {
                continue;
            }
            try {
                byte[] expected = files.read(file);
                if (compareWithStore(file, expected)) {
                    sweptBytes.add(expected.length);
                }
            } catch (IOException | RuntimeException | OutOfMemoryError e) {
                fail(file, e);
            }
        }
    }

    private void work(IntSupplier fileIndexes, long reads) {
        int file = -1;
        try {
            for (long i = 0; i < reads && !shouldStop(); i++) {
                file = fileIndexes.getAsInt();
                serve(file);
            }
        } catch (Throwable e) {
            // Anything at all: a worker that dies in silence would leave a run that looks complete.
            fail(file, e);
        } finally {
            running.countDown();
        }
    }

    private boolean shouldStop() {
        return abandoned || stop.isRaised() || failure.get() != null;
    }

    private void serve(int file) throws IOException {
        byte[] expected = files.read(file);
        if (compareWithStore(file, expected)) {
            hitBytes.add(expected.length);
            hits.increment();
            return;
        }
        try {
            store.put(files.key(file), expected);
        } catch (MaxMemoryException e) {
            rejections.increment();
        }
        guard.sample();
        missBytes.add(expected.length);
        misses.increment();
    }

    /** Returns false if the store does not have the file. */
    private boolean compareWithStore(int file, byte[] expected) {
        Long differing = store.read(files.key(file), served -> Comparison.differingBytes(served, expected));
        if (differing == null) {
            return false;
        }
        if (differing != 0) {
            differingBytes.add(differing);
            firstDifference.compareAndSet(
                    null, files.name(file) + ": " + differing + " of " + expected.length + " bytes differ");
        }
        return true;
    }

    private void fail(int file, Throwable cause) {
        String where = file < 0 ? "a worker failed" : "a worker failed at " + files.name(file);
        failure.compareAndSet(null, new Failure(where + ": " + cause, cause));
    }
}
