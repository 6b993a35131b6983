package dev.zmalloc.bench.eviction;

import dev.zmalloc.bench.peers.KeyStream;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.EvictionProbe;
import dev.zmalloc.store.OffHeapStore;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * How long single puts of new keys take in a store that is full, where each evicts, and in one that is far from its
 * limit, by turns. All of the time counts, from one look at the clock to the next, whatever stops the thread; how long
 * a loop that does nothing is stopped stands beside it.
 */
final class PutLatency {
    private static final int ENTRIES = 1_000_000;
    private static final long FAR_BYTES = 512L * 3 * ENTRIES;

    /** About a million entries of 16 and 100 bytes. */
    private static final long FULL_BYTES = 144L * ENTRIES;

    private static final long MOST_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final byte[] key = new byte[KeyStream.KEY_BYTES];
    private final byte[] value = new byte[Requester.VALUE_BYTES];
    private int number;

    private PutLatency() {}

    /** Takes rounds, of a million puts each. */
    public static void main(String[] arguments) {
        new PutLatency().run(Integer.parseInt(arguments[0]));
    }

    private void run(int rounds) {
        Histogram far = histogram();
        Histogram full = histogram();
        Histogram idle = histogram();
        try (OffHeapStore fullStore = store(FULL_BYTES)) {
            put(fullStore, 2 * ENTRIES, histogram());
            // The first is to warm up.
            for (int round = 0; round <= rounds; round++) {
                if (round == 1) {
                    far.reset();
                    full.reset();
                    idle.reset();
                }
                try (OffHeapStore farStore = store(FAR_BYTES)) {
                    put(farStore, ENTRIES, histogram());
                    put(farStore, ENTRIES, far);
                }
                put(fullStore, ENTRIES, full);
                idle(idle);
            }
            Findings.print("passed_bytes", Math.max(0, EvictionProbe.peakMemory(fullStore) - FULL_BYTES));
            Findings.print("entries", fullStore.size());
        }
        Findings.print("far", far);
        Findings.print("full", full);
        Findings.print("idle", idle);
    }

    static Histogram histogram() {
        return new Histogram(MOST_NANOS, 3);
    }

    private static OffHeapStore store(long maxBytes) {
        return OffHeapStore.builder()
                .maxMemory(maxBytes)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build();
    }

    private void put(OffHeapStore store, int count, Histogram nanos) {
        long last = System.nanoTime();
        for (int put = 0; put < count; put++) {
            KeyStream.key(number, key);
            KeyStream.stamp(value, number);
            number++;
            store.put(key, value);
            last = lap(nanos, last);
        }
    }

    /** For about as long as a million puts. */
    private static void idle(Histogram nanos) {
        long start = System.nanoTime();
        for (long last = start; last - start < TimeUnit.MILLISECONDS.toNanos(500); ) {
            last = lap(nanos, last);
        }
    }

    private static long lap(Histogram nanos, long last) {
        long now = System.nanoTime();
        nanos.recordValue(Math.min(now - last, MOST_NANOS));
        return now;
    }
}
