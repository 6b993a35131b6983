package dev.zmalloc.bench.eviction;

import dev.zmalloc.bench.Measurements;
import dev.zmalloc.bench.peers.ByteMap;
import dev.zmalloc.bench.peers.KeyStream;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;
import dev.zmalloc.store.OffHeapStoreBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/**
 * What a listener costs that adds up sizes: to overwrite, far from the limit, and to read, and put on a miss, at it.
 * One thread; with the listener or without, so that neither runs on what was compiled for the other.
 */
final class ListenerCost {
    private static final int ENTRIES = 1_000_000;
    private static final int PUTS = 1 << 20;
    private static final double SKEW = 0.99;
    private static final long FAR_BYTES = 512L * ENTRIES;
    private static final long LIMIT_BYTES = 32 << 20;
    private static final long REQUESTS = 1 << 20;
    private static final long ALWAYS = Long.MAX_VALUE / 2;

    private final boolean listens;
    private final int rounds;
    private final byte[] key = new byte[KeyStream.KEY_BYTES];
    private final byte[] value = new byte[Requester.VALUE_BYTES];
    private final LongAdder heardBytes = new LongAdder();

    private ListenerCost(boolean listens, int rounds) {
        this.listens = listens;
        this.rounds = rounds;
    }

    /** Takes whether there is a listener, and rounds; as many before them are not counted. */
    public static void main(String[] arguments) throws InterruptedException {
        ListenerCost cost = new ListenerCost(Boolean.parseBoolean(arguments[0]), Integer.parseInt(arguments[1]));
        cost.overwrite();
        cost.churn();
        if (cost.listens != (cost.heardBytes.sum() > 0)) {
            throw new IllegalStateException("the listener was told of " + cost.heardBytes.sum() + " bytes");
        }
    }

    private OffHeapStore store(long maxBytes) {
        OffHeapStoreBuilder builder =
                OffHeapStore.builder().maxMemory(maxBytes).evictionPolicy(EvictionPolicy.ALLKEYS_LRU);
        if (listens) {
            builder.removalListener((cause, key, value) -> heardBytes.add(value.byteSize()));
        }
        return builder.build();
    }

    private void overwrite() {
        int[] numbers = KeyStream.zipf(ENTRIES, SKEW, PUTS, 1);
        List<Double> nanos = new ArrayList<>();
        try (OffHeapStore store = store(FAR_BYTES)) {
            for (int number = 0; number < ENTRIES; number++) {
                put(store, number);
            }
            for (int round = 0; round < 2 * rounds; round++) {
                long start = System.nanoTime();
                for (int number : numbers) {
                    put(store, number);
                }
                if (round >= rounds) {
                    nanos.add((double) (System.nanoTime() - start) / numbers.length);
                }
            }
        }
        Findings.print("overwrite_nanos", Measurements.median(nanos));
    }

    private void put(OffHeapStore store, int number) {
        KeyStream.key(number, key);
        KeyStream.stamp(value, number);
        store.put(key, value);
    }

    private void churn() throws InterruptedException {
        List<Double> nanos = new ArrayList<>();
        try (ByteMap map = ByteMap.of(store(LIMIT_BYTES))) {
            Churn churn = Churn.of(map, LIMIT_BYTES, 1);
            churn.warmUp();
            for (int round = 0; round < 2 * rounds; round++) {
                long start = System.nanoTime();
                churn.request(REQUESTS, ALWAYS);
                if (round >= rounds) {
                    nanos.add((double) (System.nanoTime() - start) / REQUESTS);
                }
            }
        }
        Findings.print("churn_nanos", Measurements.median(nanos));
    }
}
