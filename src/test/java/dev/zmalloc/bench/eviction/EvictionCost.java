package dev.zmalloc.bench.eviction;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.bench.Measurements;
import dev.zmalloc.bench.peers.KeyStream;
import dev.zmalloc.evict.CandidateSink;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.EvictionTarget;
import dev.zmalloc.evict.Evictor;
import dev.zmalloc.store.EvictionProbe;
import dev.zmalloc.store.OffHeapStore;
import dev.zmalloc.table.EntryLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What it takes to evict one of a million entries, and how that divides.
 *
 * <p>The whole is the evictor's own step on a store, from choosing to freeing, by one thread. Parts are measured by
 * leaving out the others: sampling, with nobody who takes the samples; sampling and pool, with victims that stay; and
 * freeing blocks as large as an entry in no order. What is left of the whole is to unlink the victim: the locks, the
 * bucket, the wait for readers.
 */
final class EvictionCost {
    private static final int ENTRIES = 1_000_000;
    private static final int EVICTIONS = 100_000;
    private static final int SAMPLES = 5;
    private static final long BYTES_PER_ENTRY = 512;
    private static final int SEED = 3;

    private final EvictionPolicy policy;
    private final OffHeapStore store;
    private final byte[] key = new byte[KeyStream.KEY_BYTES];
    private final byte[] value = new byte[Requester.VALUE_BYTES];
    private final SplittableRandom random = new SplittableRandom(SEED);
    private int number;

    private EvictionCost(EvictionPolicy policy) {
        this.policy = policy;
        store = OffHeapStore.builder()
                .maxMemory(BYTES_PER_ENTRY * ENTRIES)
                .evictionPolicy(policy)
                .build();
    }

    /** Takes a policy, and rounds; the first half of them is not counted. */
    public static void main(String[] arguments) {
        new EvictionCost(EvictionPolicy.parse(arguments[0])).run(Integer.parseInt(arguments[1]));
    }

    private void run(int rounds) {
        List<Double> whole = new ArrayList<>();
        List<Double> sampling = new ArrayList<>();
        List<Double> choosing = new ArrayList<>();
        List<Double> freeing = new ArrayList<>();
        CandidateSink nobody = (item, location, access) -> {};
        EvictionTarget entries = EvictionProbe.entries(store);
        try (store;
                Evictor choosingOnly = Evictor.builder()
                        .policy(policy)
                        .target(staying(entries))
                        .build()) {
            for (int round = 0; round < 2 * rounds; round++) {
                fill();
                double wholeNanos = each(() -> EvictionProbe.evictOne(store));
                fill();
                double samplingNanos = each(() -> entries.sample(random.nextLong(), SAMPLES, nobody));
                double choosingNanos = each(choosingOnly::evictOne);
                double freeingNanos = freeing();
                if (round >= rounds) {
                    whole.add(wholeNanos);
                    sampling.add(samplingNanos);
                    choosing.add(choosingNanos);
                    freeing.add(freeingNanos);
                }
            }
        }
        Findings.print("nanos", Measurements.median(whole));
        if (!policy.isQueued()) {
            Findings.print("sampling_nanos", Measurements.median(sampling));
            Findings.print("choosing_nanos", Measurements.median(choosing));
            Findings.print("freeing_nanos", Measurements.median(freeing));
        }
    }

    /** With half of what a round evicts above the million, and half below. */
    private void fill() {
        while (store.size() < ENTRIES + EVICTIONS / 2) {
            KeyStream.key(number, key);
            KeyStream.stamp(value, number);
            store.put(key, value);
            number++;
        }
    }

    private interface Step {
        long run();
    }

    private static double each(Step step) {
        long start = System.nanoTime();
        for (int count = 0; count < EVICTIONS; count++) {
            if (step.run() == 0) {
                throw new IllegalStateException("nothing was evicted");
            }
        }
        return (double) (System.nanoTime() - start) / EVICTIONS;
    }

    /** The same samples, but what is evicted stays where it is. */
    private static EvictionTarget staying(EvictionTarget entries) {
        return new EvictionTarget() {
            @Override
            public int sample(long bits, int count, CandidateSink sink) {
                return entries.sample(bits, count, sink);
            }

            @Override
            public long evict(long item, long location, int access) {
                return 1;
            }

            @Override
            public long bytes(long item) {
                return entries.bytes(item);
            }
        };
    }

    private double freeing() {
        MemoryAccount account = new MemoryAccount("blocks", 0);
        long bytes = EntryLayout.entryBytes(KeyStream.KEY_BYTES, Requester.VALUE_BYTES, false);
        long[] blocks = new long[EVICTIONS];
        for (int index = 0; index < blocks.length; index++) {
            blocks[index] = account.tryAllocate(bytes);
            int other = random.nextInt(index + 1);
            long swapped = blocks[other];
            blocks[other] = blocks[index];
            blocks[index] = swapped;
        }
        int[] next = {0};
        return each(() -> account.free(blocks[next[0]++], bytes));
    }
}
