package dev.zmalloc.store;

/**
 * What a store has done since it was opened, and holds now. The numbers are read one after another, so with operations
 * under way they may differ by those.
 *
 * @param hits reads that found their key
 * @param misses reads that did not
 * @param puts entries that were put, new or in place of another; {@code persist} and a first {@code expire} put a copy
 * @param removals entries that were removed by their key
 * @param evictions entries that were evicted to make room
 * @param expirations entries that were removed because they had expired
 * @param rejectedTooLarge entries that were refused because the limit can never hold them
 * @param rejectedNoRoom entries that were refused because the limit left no room, and none could be made
 * @param rejectedNoMemory entries that were refused because the allocator had no memory
 * @param entries entries that are there, expired ones that were not yet removed included
 * @param usedMemory bytes in use: entries, table, pool and blocks that wait for a reader to end
 * @param awaitingReclamation bytes of those blocks that wait
 * @param maxMemory the limit in bytes, 0 for none
 * @param buckets bucket chains of the table
 * @param childBuckets buckets beyond the first of their chain
 */
public record StoreStatistics(
        long hits,
        long misses,
        long puts,
        long removals,
        long evictions,
        long expirations,
        long rejectedTooLarge,
        long rejectedNoRoom,
        long rejectedNoMemory,
        long entries,
        long usedMemory,
        long awaitingReclamation,
        long maxMemory,
        long buckets,
        long childBuckets) {
    static StoreStatistics of(OffHeapStore store) {
        long removals = 0;
        long expirations = 0;
        long buckets = 0;
        long children = 0;
        for (Stripe stripe : store.stripes()) {
            removals += stripe.removals();
            expirations += stripe.victims().expirations();
            buckets += stripe.table().bucketCount();
            children += stripe.table().childCount();
        }
        return new StoreStatistics(
                store.parts().epochs().hits(),
                store.parts().epochs().misses(),
                store.parts().lanes().puts(),
                removals,
                store.memory().evicted().entries(),
                expirations,
                store.memory().tooLarge(),
                store.memory().noRoom(),
                store.memory().noMemory(),
                store.size(),
                store.usedMemory(),
                store.memory().awaitingBytes(),
                store.maxMemory(),
                buckets,
                children);
    }

    /** Hits as a share of all reads, 0 to 1; 0 if there were none. */
    public double hitRatio() {
        long reads = hits + misses;
        return reads == 0 ? 0 : (double) hits / reads;
    }

    /** Entries that were refused, for whatever reason. */
    public long rejections() {
        return rejectedTooLarge + rejectedNoRoom + rejectedNoMemory;
    }

    /** Entries to a bucket chain, on average; a bucket has seven places. 0 for an empty table. */
    public double load() {
        return buckets == 0 ? 0 : (double) entries / buckets;
    }

    /** Buckets to a chain, on average: what a look-up of a missing key passes through. 0 for an empty table. */
    public double chainLength() {
        return buckets == 0 ? 0 : (double) (buckets + childBuckets) / buckets;
    }
}
