package dev.zmalloc.store;

import dev.zmalloc.evict.CandidateSink;
import dev.zmalloc.evict.EvictionTarget;
import dev.zmalloc.table.EntryVisitor;
import dev.zmalloc.table.ReaderEpochs;
import org.jspecify.annotations.Nullable;

/**
 * A store's entries, as the evictor sees them: an item is an address, a location is a stripe and a bucket. Used by one
 * thread at a time, under the evictor's lock.
 */
final class StoreEntries implements EvictionTarget {
    private final ReaderEpochs epochs;
    private final Stripe[] stripes;
    private final EntryVisitor offering = this::offer;

    /** Where a sample under way goes. */
    private @Nullable CandidateSink sink;

    private int sampledStripe;

    /** Takes {@code stripes} as they come to be: the array may still be filled. */
    StoreEntries(ReaderEpochs epochs, Stripe[] stripes) {
        this.epochs = epochs;
        this.stripes = stripes;
    }

    @Override
    public int sample(long random, int count, CandidateSink candidates) {
        sink = candidates;
        int ticket = epochs.enter();
        try {
            int offered = 0;
            long bits = random;
            for (int draw = 0; draw < 2 * count && offered < count; draw++) {
                // The high half of a product picks the stripe, the low half's upper bits the bucket.
                bits = bits * 0xD1342543DE82EF95L + 0x9E3779B97F4A7C15L;
                sampledStripe = (int) (bits >>> 58) & (stripes.length - 1);
                offered += stripes[sampledStripe].sample((int) (bits >>> 24), offering);
            }
            for (int step = 0; step < stripes.length && offered == 0; step++) {
                sampledStripe = (int) (random + step) & (stripes.length - 1);
                offered += stripes[sampledStripe].sampleAny((int) (bits >>> 24), offering);
            }
            return offered;
        } finally {
            epochs.exit(ticket);
            sink = null;
        }
    }

    private void offer(long entry, int bucketIndex, int access) {
        if (sink != null) {
            sink.offer(entry, (long) sampledStripe << Integer.SIZE | bucketIndex, access);
        }
    }

    @Override
    public long evict(long item, long location, int access) {
        return stripes[(int) (location >>> Integer.SIZE)].evict(item, (int) location, access);
    }
}
