package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;

/**
 * What a policy keeps of the entries of one table beyond their slots: an index of those that expire, or queues.
 *
 * <p>Protected entries are in it like others, and passed over when a victim is chosen.
 *
 * <p>It holds no addresses, but hashes, by which the entries are looked up. All methods are called under the stripe's
 * lock. Memory is taken in {@link #tryExpect} alone; what leaves the table needs none.
 */
interface StripeIndex {
    /**
     * Sees to it that one more entry can come in.
     *
     * @return 0, or {@link MemoryAccount#OVER_LIMIT} or {@link MemoryAccount#NO_MEMORY}
     */
    long tryExpect();

    /** The most bytes that {@link #tryExpect} needs. */
    long expectationBytesBound();

    /** The access field that an entry under a key that is not there will have; {@code otherwise} if any does. */
    int freshAccess(long hash, long entry, int otherwise);

    /** Takes in an entry that came into the table under a new key. */
    void inserted(long hash, long entry, int access);

    /** Takes in an entry that came into the table in place of another, and has this access field now. */
    void replaced(long hash, long replaced, long entry, int access);

    /** Takes out an entry that has left the table, and had this access field. */
    void removed(long entry, int access);

    /** Whether an entry that is in the table with this access field belongs into the index and is not in it. */
    boolean lacks(long entry, int access);

    /**
     * Takes note that the key of an entry that it may have is protected now, or is not any more. For the index an entry
     * comes and goes without protection.
     */
    default void marked(long entry, boolean isProtected) {}

    /**
     * Takes in an entry that was there before the index was, and that it lacks and was told to expect.
     *
     * @return its access field from now on
     */
    int adopt(long hash, long entry, int access);

    /**
     * Takes what it can do without while entries come in.
     *
     * @return as {@link #tryExpect}
     */
    long tryComplete();

    /** The most bytes that {@link #tryComplete} needs. */
    long completionBytesBound();

    /** Once its table is not used any more: frees some memory. Answers whether none is left. */
    boolean drain(int segments);

    /** How much there is in it to evict, about: entries or bytes. Any thread. */
    long weight();

    /** Usable bytes of the index, for a validator. */
    long bytes();
}
