package dev.zmalloc.bench.compare;

import dev.zmalloc.cli.ZipfRanks;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

/**
 * Records an off-heap store at work, in a process whose allocator is {@link RecordingAllocator}: a cache that loads on
 * a miss, is full most of the time, and in the end loses nearly all its keys.
 *
 * <p>The keys, sizes and their order follow from the seed. The store's own choices, those of its random hash key and of
 * its sampling for eviction, do not: two recordings differ a little. All backends of one comparison replay the same
 * one.
 */
final class StoreRecording {
    /*
     * Keys are read in a Zipf order. A miss is put; one hit in five is overwritten by a value of another size. Of the
     * values, six in ten are small (32 to 256 bytes), three middling (to 2 KiB), nearly one large (to 16 KiB), and one
     * in a hundred has up to 64 KiB. Half way all values become a third larger, as after a change of format: holes that
     * the old ones leave no longer fit.
     */
    private static final double SKEW = 0.9;
    private static final int KEYS_PER_MEBIBYTE = 3_000;
    private static final int READS_PER_MEBIBYTE = 15_000;
    private static final double OVERWRITE_SHARE = 0.2;
    private static final double LATER_GROWTH = 4.0 / 3;
    private static final double FULL = 0.99;

    private final OffHeapStore store;
    private final SplittableRandom random;
    private final int keys;
    private final ZipfRanks ranks;
    private final long reads;

    private StoreRecording(OffHeapStore store, int mebibytes, long seed) {
        this.store = store;
        this.random = new SplittableRandom(seed);
        this.keys = KEYS_PER_MEBIBYTE * mebibytes;
        this.ranks = new ZipfRanks(keys, SKEW);
        this.reads = (long) READS_PER_MEBIBYTE * mebibytes;
    }

    /**
     * Records one run.
     *
     * @param arguments the store's limit in mebibytes, and the seed
     */
    public static void main(String[] arguments) throws IOException {
        int mebibytes = Integer.parseInt(arguments[0]);
        RecordingAllocator.start();
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory((long) mebibytes << 20)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build()) {
            new StoreRecording(store, mebibytes, Long.parseLong(arguments[1])).run();
            RecordingAllocator.finish();
        }
    }

    private void run() throws IOException {
        boolean full = false;
        for (long read = 0; read < reads; read++) {
            double growth = read < reads / 2 ? 1 : LATER_GROWTH;
            readThrough(key(ranks.sample(random) - 1), growth);
            if (!full && store.usedMemory() >= FULL * store.maxMemory()) {
                full = true;
                RecordingAllocator.mark(Points.FULL);
            }
        }
        if (!full) {
            throw new IllegalStateException("the store was never full: " + store.statistics());
        }
        RecordingAllocator.mark(Points.WORN);
        for (int key = 0; key < keys; key++) {
            if (random.nextInt(100) >= Points.LEFT_PERCENT) {
                store.remove(key(key));
            }
        }
        RecordingAllocator.mark(Points.FREED);
    }

    private void readThrough(byte[] key, double growth) {
        // The value itself is of no interest: the replay writes to each block that is taken.
        boolean hit = store.read(key, value -> true) != null;
        if (!hit || random.nextDouble() < OVERWRITE_SHARE) {
            store.put(key, new byte[(int) (valueBytes() * growth)]);
        }
    }

    private int valueBytes() {
        int draw = random.nextInt(100);
        if (draw < 60) {
            return Points.logUniform(random, 32, 256);
        }
        if (draw < 90) {
            return Points.logUniform(random, 256, 2 << 10);
        }
        return draw < 99 ? Points.logUniform(random, 2 << 10, 16 << 10) : Points.logUniform(random, 16 << 10, 64 << 10);
    }

    private static byte[] key(int number) {
        return ("user:" + number * 7919L).getBytes(StandardCharsets.US_ASCII);
    }
}
