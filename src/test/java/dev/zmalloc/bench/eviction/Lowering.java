package dev.zmalloc.bench.eviction;

import dev.zmalloc.bench.peers.KeyStream;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * How long single operations of a thread take while another has lowered the limit of a large store by half: gets and
 * puts by turns, of keys that are there, were, or come back. Before that, the same thread does the same for a while.
 */
final class Lowering {
    private static final long BYTES_PER_ENTRY = 142;
    private static final long CALM_NANOS = TimeUnit.SECONDS.toNanos(3);
    private static final double NANOS_PER_MILLI = 1e6;

    private final Histogram calmGets = PutLatency.histogram();
    private final Histogram calmPuts = PutLatency.histogram();
    private final Histogram gets = PutLatency.histogram();
    private final Histogram puts = PutLatency.histogram();
    private final int entries;
    private final OffHeapStore store;
    private volatile boolean isLowering;
    private volatile boolean isOver;

    private Lowering(int entries) {
        this.entries = entries;
        store = OffHeapStore.builder()
                .maxMemory(2 * BYTES_PER_ENTRY * entries)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build();
    }

    /** Takes the number of entries. */
    public static void main(String[] arguments) throws InterruptedException {
        new Lowering(Integer.parseInt(arguments[0])).run();
    }

    private void run() throws InterruptedException {
        try (store) {
            int half = entries / 2;
            Thread other = Thread.ofPlatform().start(() -> fill(0, half));
            fill(half, entries);
            other.join();
            long full = store.usedMemory();
            store.eviction().setMaxMemory(full);
            Thread worker = Thread.ofPlatform().start(this::work);
            TimeUnit.NANOSECONDS.sleep(CALM_NANOS);
            isLowering = true;
            long evictions = store.eviction().statistics().evictions();
            long start = System.nanoTime();
            store.eviction().setMaxMemory(full / 2);
            double call = System.nanoTime() - start;
            while (store.eviction().excessBytes() > 0) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
            double lowered = System.nanoTime() - start;
            isOver = true;
            worker.join();
            Findings.print("call_millis", call / NANOS_PER_MILLI);
            Findings.print("millis", lowered / NANOS_PER_MILLI);
            Findings.print("evictions", store.eviction().statistics().evictions() - evictions);
            Findings.print("passed_bytes", Math.max(0, store.usedMemory() - full / 2));
        }
        Findings.print("calm_get", calmGets);
        Findings.print("calm_put", calmPuts);
        Findings.print("get", gets);
        Findings.print("put", puts);
    }

    private void fill(int first, int end) {
        byte[] key = new byte[KeyStream.KEY_BYTES];
        byte[] value = new byte[Requester.VALUE_BYTES];
        for (int number = first; number < end; number++) {
            KeyStream.key(number, key);
            KeyStream.stamp(value, number);
            store.put(key, value);
        }
    }

    private void work() {
        SplittableRandom random = new SplittableRandom(1);
        byte[] key = new byte[KeyStream.KEY_BYTES];
        byte[] value = new byte[Requester.VALUE_BYTES];
        while (!isOver) {
            boolean lowering = isLowering;
            KeyStream.key(random.nextInt(entries), key);
            long start = System.nanoTime();
            byte[] found = store.get(key);
            long between = System.nanoTime();
            int number = random.nextInt(entries);
            KeyStream.key(number, key);
            KeyStream.stamp(value, number);
            long begun = System.nanoTime();
            store.put(key, value);
            long end = System.nanoTime();
            if (found != null && found.length != value.length) {
                throw new IllegalStateException("a value of " + found.length + " bytes");
            }
            (lowering ? gets : calmGets).recordValue(between - start);
            (lowering ? puts : calmPuts).recordValue(end - begun);
        }
    }
}
