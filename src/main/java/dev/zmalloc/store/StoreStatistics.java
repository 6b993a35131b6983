package dev.zmalloc.store;

/**
 * What a store has done since it was opened. The numbers are read one after another, so with operations under way they
 * may differ by those.
 *
 * @param hits reads that found their key
 * @param misses reads that did not
 * @param puts entries that were put, new or in place of another
 * @param removals entries that were removed by their key
 * @param evictions entries that were evicted to make room
 * @param rejections entries that were refused for lack of room
 * @param entries entries that are there
 * @param usedMemory bytes in use: entries, table, pool and blocks that wait for a reader to end
 * @param maxMemory the limit in bytes, 0 for none
 */
public record StoreStatistics(
        long hits,
        long misses,
        long puts,
        long removals,
        long evictions,
        long rejections,
        long entries,
        long usedMemory,
        long maxMemory) {
    /** Hits as a share of all reads, 0 to 1; 0 if there were none. */
    public double hitRatio() {
        long reads = hits + misses;
        return reads == 0 ? 0 : (double) hits / reads;
    }
}
