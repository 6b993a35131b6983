package dev.zmalloc.table;

import dev.zmalloc.RawZMalloc;

/** What a table takes for its buckets, by the rules that it grows by and the chance that spreads its keys. */
public final class TableSizes {
    /** Chain lengths that are looked at reach this many standard deviations beyond the mean. */
    private static final double DEVIATIONS = 12;

    private TableSizes() {}

    /**
     * The usable bytes, on average, of the directory and the buckets of a table that has grown to {@code entries}; the
     * most there can be where the allocator tells only that.
     */
    public static double bytes(double entries) {
        if (entries <= 0) {
            return 0;
        }
        double grown = Math.ceil(entries / HashTable.GROW_ENTRIES_PER_BUCKET);
        long buckets = (long) Math.min(Directory.MAX_BUCKETS, Math.max(Directory.BUCKETS_PER_CHUNK, grown));
        long chunks = (buckets + Directory.BUCKETS_PER_CHUNK - 1) / Directory.BUCKETS_PER_CHUNK;
        return Directory.bytesBound(chunks)
                + children(entries, buckets) * RawZMalloc.usableBytesBound(BucketLayout.BUCKET_BYTES);
    }

    /** The children there are on average. Split buckets expect half of what the others do. */
    private static double children(double entries, long buckets) {
        long half = Long.highestOneBit(buckets);
        long split = 2 * (buckets - half);
        return split * childrenOfChain(entries / (2 * half)) + (buckets - split) * childrenOfChain(entries / half);
    }

    /** The children of a chain whose length follows Poisson's law. */
    private static double childrenOfChain(double mean) {
        double sum = 0;
        double logChance = -mean;
        for (int length = 1; length < mean + DEVIATIONS * (1 + Math.sqrt(mean)); length++) {
            logChance += Math.log(mean / length);
            sum += BucketChain.children(length) * Math.exp(logChance);
        }
        return sum;
    }
}
