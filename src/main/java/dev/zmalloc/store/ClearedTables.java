package dev.zmalloc.store;

import dev.zmalloc.table.EntryOwner;
import dev.zmalloc.table.HashTable;
import dev.zmalloc.table.ReaderEpochs;
import dev.zmalloc.table.StripeSet;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Tables of a stripe that were cleared, and indexes that are not used any more, until they are taken apart, in steps.
 * Under the stripe's lock, but for {@link #any}.
 */
final class ClearedTables {
    /** Segments of an index that are freed in a step, for each chain of a table. */
    private static final int SEGMENTS_PER_CHAIN = 4;

    private final ReaderEpochs epochs;
    private final StripeSet stripes;
    private final int stripe;
    private final ArrayDeque<Cleared> cleared = new ArrayDeque<>(0);
    private volatile boolean any;

    /** A table that no reader can find any more, once the readers of an epoch are gone; or an index alone. */
    static final class Cleared {
        private final @Nullable HashTable table;
        private final @Nullable StripeIndex index;
        private int epoch;

        Cleared(@Nullable HashTable table, @Nullable StripeIndex index) {
            this.table = table;
            this.index = index;
        }
    }

    /** Those of a stripe, which is in {@code stripes} while there are any. */
    ClearedTables(ReaderEpochs epochs, StripeSet stripes, int stripe) {
        this.epochs = epochs;
        this.stripes = stripes;
        this.stripe = stripe;
    }

    /** Whether there are any. Any thread. */
    boolean any() {
        return any;
    }

    /**
     * Prepares to take over what is about to be unlinked: what can fail comes before that. From here on there are
     * {@link #any}: who wants memory, and finds an empty table, is to see what for.
     */
    Cleared expect(@Nullable HashTable table, @Nullable StripeIndex index) {
        Cleared last = new Cleared(table, index);
        cleared.add(last);
        any = true;
        stripes.set(stripe, true);
        return last;
    }

    /** Takes over what was expected last, which is unlinked now. */
    void unlinked(Cleared last) {
        last.epoch = epochs.unlinked();
    }

    /** Takes some chains apart. Answers whether anything was done. */
    boolean drain(EntryOwner owner, int chains) {
        Cleared first = cleared.peek();
        if (first == null || !epochs.advanceBeyond(first.epoch)) {
            return false;
        }
        int segments = (int) Math.min(Integer.MAX_VALUE, (long) chains * SEGMENTS_PER_CHAIN);
        boolean tableGone = first.table == null || first.table.drain(owner, chains);
        boolean indexGone = first.index == null || first.index.drain(segments);
        if (tableGone && indexGone) {
            cleared.remove();
            any = !cleared.isEmpty();
            stripes.set(stripe, any);
        }
        return true;
    }

    /** Usable bytes of the indexes, for a validator. */
    long indexBytes() {
        return cleared.stream()
                .mapToLong(item -> item.index == null ? 0 : item.index.bytes())
                .sum();
    }
}
