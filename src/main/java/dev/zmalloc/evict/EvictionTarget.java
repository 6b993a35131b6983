package dev.zmalloc.evict;

import org.jspecify.annotations.Nullable;

/**
 * Something that holds items which can be evicted: a store, or an application's own list of native buffers.
 *
 * <p>An item is named by two numbers that mean something to the target alone, for instance an address and a bucket, or
 * an index and a version. The evictor keeps them in its pool for as long as it likes, while the item may go: the target
 * must recognise a pair that no longer stands for anything, and must never follow it to memory that was freed.
 *
 * <p>The evictor calls all methods but {@link #evicted} under its own lock, one at a time, on the thread that needs
 * memory. They must not call the evictor back.
 */
public interface EvictionTarget {
    /**
     * Offers items chosen at random, each with the same chance; for a volatile policy, of those that have a time to
     * live alone.
     *
     * @param random 64 random bits to choose by
     * @param count how many to offer, about; fewer if there are fewer, more if they come in groups
     * @param sink takes the offers; only valid during the call
     * @return how many were offered; 0 only if nothing can be evicted
     */
    int sample(long random, int count, CandidateSink sink);

    /**
     * Evicts one item, if it is still there and was not used since it was offered.
     *
     * @param item the item, as it was offered
     * @param location its location, as it was offered
     * @param access its access field, as it was offered; {@link #ANY_ACCESS} to evict it even if it was used since
     * @return the bytes that went with it, as a negative number if it had expired, which is then no eviction; 0 if it
     *     is gone, or was used, or cannot be evicted now
     */
    long evict(long item, long location, int access);

    /**
     * The bytes of an item, for policies that weigh them. Called while the item is offered; must be fast.
     *
     * @return 1 unless overridden, as if all were of one size
     */
    default long bytes(long item) {
        return 1;
    }

    /**
     * When an item expires, for policies that go by that: the least goes first. Called while the item is offered.
     *
     * @return {@link Long#MAX_VALUE}, never, unless overridden
     */
    default long expiry(long item) {
        return Long.MAX_VALUE;
    }

    /**
     * Evicts an item by the target's own queues, for policies that are {@linkplain EvictionPolicy#isQueued() queued}.
     *
     * @param random 64 random bits to choose by
     * @return what {@link #evict} answers; 0, as unless overridden, if the queues gave none: the evictor takes any item
     *     then
     */
    default long evictNext(long random) {
        return 0;
    }

    /** Whose the item was that went last: this target's own, unless it stands for several and overrides this. */
    default EvictionTarget owner() {
        return this;
    }

    /**
     * Called once for each item of this target's own that was evicted, or had expired, by the thread that needed its
     * memory, without a lock: for what is to be done about it that may take its time. Does nothing unless overridden.
     *
     * @param causer as was told to {@link Evictor#evictOne(Object)}
     */
    @SuppressWarnings("exports") // the annotation, which need not be there for who compiles against this
    default void evicted(@Nullable Object causer) {}

    /** Stands for whatever the access field holds now. */
    int ANY_ACCESS = -1;

    /** What an item that has expired is offered with in place of its access field: it goes before all that live. */
    int EXPIRED = -2;
}
