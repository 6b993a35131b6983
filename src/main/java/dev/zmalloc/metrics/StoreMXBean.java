package dev.zmalloc.metrics;

/** A store, for management clients, under the name that {@link StoreManagement#register} answers. */
public interface StoreMXBean {
    /** Entries that are there. */
    long getEntries();

    /** Bytes in use: entries, table, pool and blocks that wait for a reader to end. */
    long getUsedMemory();

    /** The limit in bytes; 0 for none. */
    long getMaxMemory();

    /** Bytes beyond the limit, where that was lowered and eviction is under way. */
    long getExcessBytes();

    /** Bytes of blocks that wait for a reader or a lease to end. */
    long getAwaitingReclamation();

    /** The eviction policy, as Redis writes it. */
    String getEvictionPolicy();

    /** Reads that found their key. */
    long getHits();

    /** Reads that did not. */
    long getMisses();

    /** Hits as a share of all reads, 0 to 1. */
    double getHitRatio();

    /** Entries that were put. */
    long getPuts();

    /** Entries that were removed by their key. */
    long getRemovals();

    /** Entries that were evicted. */
    long getEvictions();

    /** Entries that were removed because they had expired. */
    long getExpirations();

    /** Puts that were refused: larger than the limit can hold, no room, no memory. */
    long getRejections();

    /** Buckets to a chain, on average. */
    double getChainLength();

    /**
     * Changes the limit, as {@code 256mb} or {@code 70%}; {@code 0} for none.
     *
     * @throws IllegalArgumentException if that is no limit, or too small
     */
    void changeMaxMemory(String limit);

    /**
     * Changes the policy, by Redis' name.
     *
     * @throws IllegalArgumentException if there is no such policy; the message lists those there are
     */
    void changeEvictionPolicy(String policy);

    /**
     * Evicts until the store is within its limit, for a bounded time. Answers {@code OK}, {@code RUNNING} or
     * {@code FAIL}.
     */
    String performEvictions();

    /** Removes all entries. */
    void clear();
}
