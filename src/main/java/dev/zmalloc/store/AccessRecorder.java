package dev.zmalloc.store;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Writes what an application asks of a store to a file, as a trace of requests that {@code make replay} reads: to find
 * out on one's own load which policy and which limit would do best.
 *
 * <p>A request is a read that finds its key, or a put that puts, with the size of the value. A read that finds nothing
 * is none, since the put that follows on it is one. Keys are not written, but their hashes under the store's random
 * key, from which nobody learns them; the same key has the same hash as long as the store lives. A share of less than 1
 * records all requests of so many of the keys, so that what is used again is so in the trace too (C. A. Waldspurger and
 * others, "SHARDS", FAST 2015); such a trace is replayed with limits that are smaller by the same share.
 *
 * <p>A thread that uses the store writes 12 bytes into a chunk in memory, without a lock, and another thread writes
 * full chunks to the file. There are {@value #CHUNKS} chunks of {@value #CHUNK_REQUESTS} requests, 0.8 MB in all. Where
 * the file does not keep up with that, or cannot be written, requests are left out and {@linkplain #dropped counted};
 * the application waits for nothing. {@link #close} writes what was recorded until then. Any thread may call any
 * method.
 *
 * <pre>
 *   file: records of 24 bytes, little-endian, compressed if its name ends in .gz: libCacheSim's oracleGeneral
 *   0             4            12           16            24
 *   +-------------+------------+------------+-------------+
 *   | seconds     | hash       | valueBytes | -1          |
 *   +-------------+------------+------------+-------------+
 * </pre>
 */
public final class AccessRecorder implements AutoCloseable {
    private static final int CHUNKS = 8;
    private static final int CHUNK_REQUESTS = 8192;

    private static final int RECORD_BYTES = 24;
    private static final long NEXT_UNKNOWN = -1;

    /** Looks at the next chunk, while another thread is about to publish it, after which a request is left out. */
    private static final int SPINS = 1000;

    private static final long PAUSE_NANOS = 20_000_000;

    /** For who claimed a place and wrote it not yet: that takes nanoseconds, unless its thread lost its processor. */
    private static final long FILL_PAUSE_NANOS = 50_000;

    /**
     * How long the last chunks are waited for by {@link #close}: for who claimed a place in one and wrote it not yet.
     */
    private static final long MAX_WAIT_NANOS = 5_000_000_000L;

    private static final String GZIP_SUFFIX = ".gz";

    /*
     * A chunk is current, or full and waits to be written, or free. Whoever uses the store claims a place in the
     * current one by an addition. Who claims the first place beyond the end takes the next chunk from the free ones,
     * makes it current, and hands the full one on. The writer waits until all places of that are filled, writes it,
     * sets the counts to 0, the claims last, and puts it among the free ones. A thread that comes late to a chunk that
     * was handed on claims a place beyond its end, or one of its next round: either is right.
     */

    /** Requests on their way to the file. */
    private static final class Chunk {
        final long[] hashes = new long[CHUNK_REQUESTS];
        final int[] sizes = new int[CHUNK_REQUESTS];
        final AtomicInteger claimed = new AtomicInteger();
        final AtomicInteger filled = new AtomicInteger();

        /** How many places there are to write. Set by who hands it on. */
        int requests;
    }

    private static final ThreadFactory THREADS =
            Thread.ofPlatform().daemon().name("zmalloc-access-recorder").factory();

    private final StoreOperations operations;
    private final OutputStream out;

    /** Hashes that are below this, unsigned, once mixed, are recorded; all of them if {@link #isAll}. */
    private final long threshold;

    private final boolean isAll;
    private final AtomicReference<@Nullable Chunk> current = new AtomicReference<>(new Chunk());
    private final ConcurrentLinkedQueue<Chunk> free = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Chunk> full = new ConcurrentLinkedQueue<>();
    private final LongAdder recorded = new LongAdder();
    private final LongAdder dropped = new LongAdder();
    private final long start = System.nanoTime();
    private final ByteBuffer record = ByteBuffer.allocate(RECORD_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final Thread thread;
    private final AtomicBoolean isClosed = new AtomicBoolean();
    private volatile boolean isClosing;
    private volatile @Nullable Throwable failure;

    private AccessRecorder(StoreOperations operations, OutputStream out, double share, ThreadFactory threads) {
        this.operations = operations;
        this.out = out;
        isAll = share == 1;
        threshold = (long) (share * (1L << 62)) << 2;
        for (int count = 1; count < CHUNKS; count++) {
            free.add(new Chunk());
        }
        thread = threads.newThread(this::run);
    }

    /**
     * Records all requests of {@code store} from now on.
     *
     * @throws IOException as for {@link #start(OffHeapStore, Path, double)}
     */
    public static AccessRecorder start(OffHeapStore store, Path file) throws IOException {
        return start(store, file, 1);
    }

    /**
     * Records the requests of a share of the keys from now on, until {@link #close}.
     *
     * @param file must not be there; compressed if its name ends in {@code .gz}
     * @param share of the keys, above 0 and up to 1
     * @throws IOException if the file is there or cannot be made
     * @throws IllegalArgumentException if {@code share} is out of its bounds
     * @throws IllegalStateException if the store is recorded already
     */
    public static AccessRecorder start(OffHeapStore store, Path file, double share) throws IOException {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("share must be above 0 and at most 1, not " + share);
        }
        OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        boolean isStarted = false;
        try {
            out = file.toString().endsWith(GZIP_SUFFIX)
                    ? new GZIPOutputStream(out, 1 << 16)
                    : new BufferedOutputStream(out, 1 << 16);
            AccessRecorder recorder = start(store, out, share, THREADS);
            isStarted = true;
            return recorder;
        } finally {
            if (!isStarted) {
                try {
                    out.close();
                } finally {
                    Files.delete(file);
                }
            }
        }
    }

    /** Records to {@code out}, which is the recorder's to close from then on. */
    static AccessRecorder start(OffHeapStore store, OutputStream out, double share, ThreadFactory threads) {
        StoreOperations operations = store.operations();
        AccessRecorder recorder = new AccessRecorder(operations, out, share, threads);
        if (!operations.tryRecord(recorder)) {
            throw new IllegalStateException("the store is recorded already");
        }
        boolean isStarted = false;
        try {
            recorder.thread.start();
            isStarted = true;
            return recorder;
        } finally {
            if (!isStarted) {
                operations.endRecord(recorder);
            }
        }
    }

    /** Takes note of a request. Waits for nothing. */
    void record(long hash, int valueBytes) {
        if (!isAll && Long.compareUnsigned(hash * 0x9E3779B97F4A7C15L, threshold) >= 0) {
            return;
        }
        Chunk chunk = current.get();
        for (int spins = 0; chunk != null && spins < SPINS; spins++) {
            int place = chunk.claimed.getAndIncrement();
            if (place < CHUNK_REQUESTS) {
                chunk.hashes[place] = hash;
                chunk.sizes[place] = valueBytes;
                chunk.filled.incrementAndGet();
                return;
            }
            if (place == CHUNK_REQUESTS) {
                handOn(chunk);
            } else {
                Thread.onSpinWait();
            }
            chunk = current.get();
        }
        dropped.increment();
    }

    private void handOn(Chunk chunk) {
        Chunk next = free.poll();
        if (!current.compareAndSet(chunk, next) && next != null) {
            // It is being closed.
            free.add(next);
        }
        chunk.requests = CHUNK_REQUESTS;
        full.add(chunk);
        LockSupport.unpark(thread);
    }

    /** How many requests were written so far. */
    public long recorded() {
        return recorded.sum();
    }

    /** How many were left out, because the file did not keep up, or could not be written. */
    public long dropped() {
        return dropped.sum();
    }

    private void run() {
        try {
            writeFullOnes();
        } catch (RuntimeException | Error e) {
            // Of a heap that is full: what is asked of the store from now on is not recorded.
            failure = e;
            operations.endRecord(this);
        }
    }

    private void writeFullOnes() {
        long deadline = 0;
        while (true) {
            Chunk chunk = full.poll();
            if (chunk != null) {
                write(chunk);
                continue;
            }
            if (isClosing) {
                takeLast();
                long now = System.nanoTime();
                deadline = deadline == 0 ? now + MAX_WAIT_NANOS : deadline;
                if (free.size() == CHUNKS || now - deadline > 0) {
                    return;
                }
                LockSupport.parkNanos(PAUSE_NANOS / 100);
            } else {
                resume();
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    /** Where there was no chunk left: makes one current that is free by now. */
    private void resume() {
        if (current.get() == null) {
            current.set(free.poll());
        }
    }

    /** Takes the current chunk, of which no place is claimed from then on. */
    private void takeLast() {
        Chunk last = current.getAndSet(null);
        if (last != null) {
            int requests = last.claimed.getAndAdd(CHUNK_REQUESTS + 1);
            if (requests <= CHUNK_REQUESTS) {
                last.requests = requests;
                full.add(last);
            }
            // Else its end was passed, and who did that hands it on.
        }
    }

    private void write(Chunk chunk) {
        long claimedAt = System.nanoTime();
        for (int spins = 0;
                chunk.filled.get() < chunk.requests && System.nanoTime() - claimedAt < MAX_WAIT_NANOS;
                spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(FILL_PAUSE_NANOS);
            }
        }
        int seconds = (int) TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
        int written = 0;
        try {
            while (failure == null && written < chunk.requests) {
                record.clear();
                record.putInt(seconds)
                        .putLong(operations.disguised(chunk.hashes[written]))
                        .putInt(chunk.sizes[written])
                        .putLong(NEXT_UNKNOWN);
                out.write(record.array());
                written++;
            }
        } catch (IOException | RuntimeException | Error e) {
            failure = e;
        }
        recorded.add(written);
        dropped.add(chunk.requests - written);
        chunk.filled.set(0);
        chunk.claimed.set(0);
        free.add(chunk);
        if (!isClosing) {
            resume();
        }
    }

    /**
     * Ends the recording, and writes what was recorded: the file is complete when this returns. Closing twice does
     * nothing.
     *
     * @throws UncheckedIOException if the file could not be written, now or earlier, for whatever reason
     */
    @Override
    public void close() {
        if (!isClosed.compareAndSet(false, true)) {
            return;
        }
        operations.endRecord(this);
        isClosing = true;
        LockSupport.unpark(thread);
        boolean isInterrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                isInterrupted = true;
            }
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
        Throwable thrown = failure;
        try (out) {
            if (thrown instanceof IOException e) {
                throw e;
            } else if (thrown != null) {
                throw new IOException("the recording ended early", thrown);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
