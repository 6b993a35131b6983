package dev.zmalloc.store;

import dev.zmalloc.evict.CandidateSink;
import dev.zmalloc.evict.EvictionTarget;
import dev.zmalloc.table.ChainWalk;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.EntryVisitor;
import dev.zmalloc.table.HashTable;
import dev.zmalloc.table.ReaderEpochs;
import java.util.function.LongSupplier;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A store's entries, as one evictor sees them. Used by one thread at a time, under that evictor's lock.
 *
 * <p>An item is an address. A location is a stripe and a bucket, and the store's number among those of the evictor:
 *
 * <pre>
 *    63        40 39      32 31       0
 *   +------------+----------+----------+
 *   | store      | stripe   | bucket   |
 *   +------------+----------+----------+
 * </pre>
 */
final class StoreEntries implements EvictionTarget {
    private static final int STORE_SHIFT = 40;
    private static final int STRIPE_SHIFT = 32;
    private static final int STRIPE_MASK = 0xFF;

    private final ReaderEpochs epochs;
    private final Stripe[] stripes;
    private final EvictedCount evicted;
    private final long number;
    private final EntryVisitor offering = this::offer;

    /** Where a sample under way goes. */
    private @Nullable CandidateSink sink;

    private int sampledStripe;
    private long now;
    private boolean isNowKnown;
    private volatile boolean volatileOnly;
    private final LongUnaryOperator sizes;
    private final LongSupplier millis;
    private final @Nullable RemovalNotices notices;

    /**
     * Takes {@code stripes} as they come to be: the array may still be filled.
     *
     * @param evicted counts the victims
     * @param notices tells a listener of them, if there is one
     * @param number tells the store from others of the evictor's
     */
    StoreEntries(
            ReaderEpochs epochs,
            Stripe[] stripes,
            LongUnaryOperator sizes,
            LongSupplier millis,
            EvictedCount evicted,
            @Nullable RemovalNotices notices,
            long number) {
        this.epochs = epochs;
        this.millis = millis;
        this.stripes = stripes;
        this.sizes = sizes;
        this.evicted = evicted;
        this.notices = notices;
        this.number = number << STORE_SHIFT >>> STORE_SHIFT;
    }

    /** Whether samples are to be of entries that expire alone. */
    void setVolatileOnly(boolean value) {
        volatileOnly = value;
    }

    @Override
    public int sample(long random, int count, CandidateSink candidates) {
        sink = candidates;
        isNowKnown = false;
        if (volatileOnly) {
            return sampleExpiring(random, count);
        }
        int ticket = epochs.enter();
        try {
            int offered = 0;
            long bits = random;
            for (int draw = 0, drawn = 0; draw < 2 * count && drawn < count; draw++) {
                bits = next(bits);
                int shown = draw(bits);
                offered += shown;
                drawn += countDrawn(shown);
            }
            for (int step = 0; step < stripes.length && offered == 0; step++) {
                sampledStripe = (int) (random + step) & (stripes.length - 1);
                offered += sampleAny(stripes[sampledStripe], (int) (bits >>> 24));
            }
            return offered;
        } finally {
            epochs.exit(ticket);
            sink = null;
        }
    }

    /**
     * Offers the entries of one bucket.
     *
     * @return how many it counts for, as {@link #countDrawn} says; 0 if it is empty
     */
    int sampleBucket(long bits, CandidateSink candidates) {
        sink = candidates;
        isNowKnown = false;
        int ticket = epochs.enter();
        try {
            int shown = draw(bits);
            return shown == 0 ? 0 : countDrawn(shown);
        } finally {
            epochs.exit(ticket);
            sink = null;
        }
    }

    /**
     * Offers the entries of the bucket that {@code bits} select, in an epoch: the highest the stripe, others the
     * bucket.
     */
    private int draw(long bits) {
        sampledStripe = (int) (bits >>> 58) & (stripes.length - 1);
        return sample(stripes[sampledStripe], (int) (bits >>> 24));
    }

    /** A bucket with less than the mean counts for the mean: it is drawn as often as one with more. */
    private int countDrawn(int shown) {
        HashTable table = stripes[sampledStripe].table();
        return Math.max(shown, (int) (table.size() / Math.max(1, table.bucketCount())));
    }

    /** The bits for one more draw. */
    static long next(long bits) {
        return bits * 0xD1342543DE82EF95L + 0x9E3779B97F4A7C15L;
    }

    /** Samples one stripe, so that a lock is taken once; others too, where that has too few. */
    private int sampleExpiring(long random, int count) {
        int offered = 0;
        try {
            for (int step = 0; step < stripes.length && offered < count; step++) {
                sampledStripe = (int) ((random >>> 58) + step) & (stripes.length - 1);
                offered += stripes[sampledStripe].victims().sampleExpiring(random, count - offered, offering);
            }
            return offered;
        } finally {
            sink = null;
        }
    }

    /** Offers the entries of the bucket that {@code random} selects. In an epoch. Answers how many. */
    private int sample(Stripe stripe, int random) {
        HashTable table = stripe.table();
        return ChainWalk.sample(
                table, bucketIndex(table, random), stripe.books().aging(), offering);
    }

    /** The same for the first bucket that has any, from the one that {@code random} selects. */
    private int sampleAny(Stripe stripe, int random) {
        HashTable table = stripe.table();
        int buckets = table.size() <= stripe.books().protectedEntries() ? 0 : table.bucketCount();
        int first = bucketIndex(table, random);
        int shown = 0;
        for (int step = 0; step < buckets && shown == 0; step++) {
            shown = ChainWalk.sample(
                    table, (first + step) % buckets, stripe.books().aging(), offering);
        }
        return shown;
    }

    private static int bucketIndex(HashTable table, int random) {
        return (int) (((random & 0xFFFFFFFFL) * table.bucketCount()) >>> Integer.SIZE);
    }

    private void offer(long entry, int bucketIndex, int access, boolean expires) {
        if (sink != null) {
            boolean isDead = expires && EntryLayout.expiry(entry) <= now();
            long location = number << STORE_SHIFT | (long) sampledStripe << STRIPE_SHIFT | bucketIndex;
            sink.offer(entry, location, isDead ? EXPIRED : access);
        }
    }

    /** The time, asked for once in a sample. */
    private long now() {
        if (!isNowKnown) {
            now = millis.getAsLong();
            isNowKnown = true;
        }
        return now;
    }

    @Override
    public long bytes(long item) {
        return sizes.applyAsLong(item);
    }

    @Override
    public long expiry(long item) {
        return EntryLayout.expiry(item);
    }

    /** From the fuller of two stripes chosen at random, which keeps them even; from any other if that has nothing. */
    @Override
    public long evictNext(long random) {
        int mask = stripes.length - 1;
        int one = (int) (random >>> 58) & mask;
        int other = (int) (random >>> 52) & mask;
        int first = stripes[one].books().queuedBytes() >= stripes[other].books().queuedBytes() ? one : other;
        for (int step = 0; step <= mask; step++) {
            long bytes = stripes[(first + step) & mask].victims().evictNext();
            if (bytes != 0) {
                evicted.countRemoval();
                return bytes;
            }
        }
        return 0;
    }

    @Override
    public long evict(long item, long location, int access) {
        StripeVictims victims = stripes[stripe(location)].victims();
        long bytes = victims.evict(item, (int) location, access);
        if (bytes != 0) {
            evicted.countRemoval();
        }
        return bytes;
    }

    /** The number of the stripe in a location. */
    static int stripe(long location) {
        return (int) (location >>> STRIPE_SHIFT) & STRIPE_MASK;
    }

    /** Whether a location is of this store. */
    boolean isOwn(long location) {
        return location >>> STORE_SHIFT == number;
    }

    /** Where there is something to evict, about: buckets, or entries that expire, or bytes in queues. */
    long weight() {
        long sum = 0;
        for (Stripe stripe : stripes) {
            sum += stripe.books().weight(stripe.table());
        }
        return sum;
    }

    @Override
    public void evicted(@Nullable Object causer) {
        if (causer != null && causer != evicted) {
            evicted.countForOther();
        }
        if (notices != null) {
            notices.tell(1);
        }
    }
}
