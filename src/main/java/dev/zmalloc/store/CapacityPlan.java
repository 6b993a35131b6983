package dev.zmalloc.store;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.Evictor;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.TableSizes;

/**
 * How much memory a store takes for so many entries of a size: what to set {@code maxMemory} to, before anything is
 * put.
 *
 * <p>The numbers are usable bytes of the allocator that serves this process, and come from the same rules that the
 * store goes by. They hold within 3 % for a store that has grown to {@code entries}, for allocators that tell usable
 * sizes beforehand; for others they are the most that it can be. On top come the blocks that wait for readers, of which
 * {@link StoreStatistics#awaitingReclamation} tells, and room for a few entries on their way into the store. Where
 * sizes differ, plan for each size and add up.
 *
 * @param entries how many entries
 * @param keyBytes the length of a key, in bytes
 * @param valueBytes the length of a value, in bytes
 * @param expiring whether the entries have a time to live, which takes up to 15 bytes each, and 8 more under a volatile
 *     policy
 * @param policy the store's eviction policy
 */
public record CapacityPlan(long entries, int keyBytes, int valueBytes, boolean expiring, EvictionPolicy policy) {
    /** How far the entries of a stripe may be from their mean, in standard deviations, and in what steps. */
    private static final double DEVIATIONS = 3;

    private static final double STEP = 0.25;

    /**
     * Makes a plan.
     *
     * @throws IllegalArgumentException if a number is negative, or a length more than a store takes
     */
    public CapacityPlan {
        if (entries < 0
                || keyBytes < 0
                || keyBytes > OffHeapStore.MAX_KEY_BYTES
                || valueBytes < 0
                || valueBytes > OffHeapStore.MAX_VALUE_BYTES) {
            throw new IllegalArgumentException("no store has " + entries + " entries with keys of " + keyBytes
                    + " and values of " + valueBytes + " bytes");
        }
    }

    /** The usable bytes of one entry, without its share of the table. */
    public long entryBytes() {
        return RawZMalloc.usableBytesBound(EntryLayout.entryBytes(keyBytes, valueBytes, expiring));
    }

    /** The bytes that {@link OffHeapStore#usedMemory} will tell. */
    public long usedMemory() {
        // The number of stripes depends on the limit, which depends on this.
        long unlimited = usedMemory(StoreSizing.stripeCount(0));
        int stripes = StoreSizing.stripeCount(unlimited);
        return stripes == StoreSizing.stripeCount(0) ? unlimited : usedMemory(stripes);
    }

    /** The same for a store without a limit, which is laid out for large ones. */
    public long unlimitedUsedMemory() {
        return usedMemory(StoreSizing.stripeCount(0));
    }

    /** Bytes that an entry takes, its share of everything included; 0 if there are no entries. */
    public double bytesPerEntry() {
        return entries == 0 ? 0 : (double) usedMemory() / entries;
    }

    private long usedMemory(int stripes) {
        double mean = (double) entries / stripes;
        double deviation = Math.sqrt(mean * (1 - 1.0 / stripes));
        double tableBytes = 0;
        double weights = 0;
        for (double distance = -DEVIATIONS; distance <= DEVIATIONS; distance += STEP) {
            double weight = Math.exp(-distance * distance / 2);
            double ofStripe = mean + distance * deviation;
            if (ofStripe > 0) {
                long indexed = policy.isVolatile() && !expiring ? 0 : Math.round(ofStripe);
                tableBytes += weight * (TableSizes.bytes(ofStripe) + StoreSizing.indexBytesBound(policy, indexed));
            }
            weights += weight;
        }
        return entries * entryBytes() + Math.round(stripes * tableBytes / weights) + Evictor.poolBytesBound();
    }
}
