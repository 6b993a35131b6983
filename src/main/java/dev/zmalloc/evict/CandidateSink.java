package dev.zmalloc.evict;

/** Takes the items that an {@link EvictionTarget} offers for eviction. */
@FunctionalInterface
public interface CandidateSink {
    /**
     * Offers one item.
     *
     * @param item names the item to its target; must differ from that of another item at the same location
     * @param location helps the target to find it again
     * @param access the item's access field: 16 bits, which are {@link AccessRule#fresh} when it is made, and what
     *     {@link AccessRule#applyAsInt} makes of it whenever it is used; for the least recently used, the
     *     {@link AccessClock#now} of that moment. {@link EvictionTarget#EXPIRED} if the item has expired
     */
    void offer(long item, long location, int access);
}
