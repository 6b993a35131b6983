package dev.zmalloc.trace;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.MaxMemoryException;
import dev.zmalloc.store.OffHeapStore;
import dev.zmalloc.store.OffHeapStoreBuilder;
import dev.zmalloc.store.StoreStatistics;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs the requests of a trace through a store: {@code get(key)}, and on a miss {@code put(key, value)}.
 *
 * <p>Keys are 8 bytes. A value is of the size that its request has, and begins with 8 bytes made of its key, as far as
 * it is long enough; these are compared whenever it is served. A hit of another size than the request's is a hit, and
 * the value is put again, at its new size. A value that is refused stays a miss.
 */
public final class Replay {
    private static final ValueLayout.OfLong HEAD = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final OffHeapStore store;
    private final int unitBytes;
    private final byte[] keyBytes = new byte[Long.BYTES];
    private final byte[] head = new byte[Long.BYTES];
    private final Function<MemorySegment, Long> checking = this::check;
    private MemorySegment value = MemorySegment.ofArray(new byte[1 << 12]);
    private long requests;
    private long hits;
    private long requestedBytes;
    private long hitBytes;
    private long rejections;
    private long highestUsedMemory;
    private @Nullable String difference;

    private Replay(OffHeapStore store, int unitBytes) {
        this.store = store;
        this.unitBytes = unitBytes;
    }

    /**
     * Replays a trace on a store of its own.
     *
     * @param parameters what tunes the policy
     * @param maxMemory the store's limit, in bytes; 0 for none
     * @param unitBytes the size of every value where the trace knows none
     * @param listener told of requests; if it says no, the replay ends early
     * @throws IllegalArgumentException if the limit is too small for a store
     * @throws IOException if the trace cannot be read
     */
    public static ReplayResult run(
            TraceFile file,
            EvictionPolicy policy,
            EvictionParameters parameters,
            long maxMemory,
            int unitBytes,
            StepListener listener)
            throws IOException {
        OffHeapStoreBuilder builder = OffHeapStore.builder()
                .maxMemory(maxMemory)
                .evictionPolicy(policy)
                .evictionParameters(parameters);
        long usedBefore = ZMalloc.zmallocUsedMemory();
        Replay replay;
        StoreStatistics statistics;
        long nanos;
        try (TraceReader reader = file.open();
                OffHeapStore store = builder.build()) {
            replay = new Replay(store, unitBytes);
            long begin = System.nanoTime();
            replay.serveAll(reader, listener);
            nanos = System.nanoTime() - begin;
            statistics = store.statistics();
        }
        return new ReplayResult(
                policy.toString(),
                maxMemory,
                false,
                replay.requests,
                replay.hits,
                replay.requestedBytes,
                replay.hitBytes,
                statistics.evictions(),
                replay.rejections,
                statistics.entries(),
                statistics.usedMemory(),
                Math.max(replay.highestUsedMemory, statistics.usedMemory()),
                ZMalloc.zmallocUsedMemory() - usedBefore,
                nanos,
                replay.difference);
    }

    private void serveAll(TraceReader reader, StepListener listener) throws IOException {
        boolean proceed = true;
        while (proceed && reader.next()) {
            int bytes = reader.valueBytes();
            serve(reader.key(), bytes == TraceReader.NO_SIZE ? unitBytes : bytes);
            proceed = requests % StepListener.STEP != 0 || listener.proceed(requests);
        }
    }

    private void serve(long requested, int valueBytes) {
        BinaryReader.LONG_BIG.set(keyBytes, 0, requested);
        BinaryReader.LONG_BIG.set(head, 0, TraceReader.mixed(requested));
        requests++;
        requestedBytes += valueBytes;
        Long served = store.read(keyBytes, checking);
        if (served != null) {
            hits++;
            hitBytes += valueBytes;
        }
        if (served == null || served != valueBytes) {
            put(valueBytes);
        }
    }

    private void put(int valueBytes) {
        if (valueBytes > value.byteSize()) {
            value = MemorySegment.ofArray(
                    new byte[Math.max(valueBytes, (int) Math.min(1 << 30, 2 * value.byteSize()))]);
        }
        MemorySegment.copy(head, 0, value, ValueLayout.JAVA_BYTE, 0, Math.min(Long.BYTES, valueBytes));
        try {
            store.put(MemorySegment.ofArray(keyBytes), value.asSlice(0, valueBytes));
        } catch (MaxMemoryException e) {
            rejections++;
        }
        highestUsedMemory = Math.max(highestUsedMemory, store.usedMemory());
    }

    /** Returns the size of what is served. */
    private Long check(MemorySegment served) {
        long bytes = served.byteSize();
        boolean same = bytes >= Long.BYTES
                ? served.get(HEAD, 0) == (long) BinaryReader.LONG_BIG.get(head, 0)
                : served.mismatch(MemorySegment.ofArray(head).asSlice(0, bytes)) < 0;
        if (!same && difference == null) {
            difference = "request " + requests + ": the value served is not that of its key";
        }
        return bytes;
    }
}
