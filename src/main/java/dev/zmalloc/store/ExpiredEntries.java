package dev.zmalloc.store;

import dev.zmalloc.table.ChainWalk;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.EntryVisitor;
import dev.zmalloc.table.HashTable;
import java.util.Arrays;
import java.util.function.LongSupplier;

/**
 * Finds the entries of a stripe that have expired, in steps of some chains, and knows when that is of use: it keeps the
 * earliest expiry. Under the stripe's lock, but for {@link #isIdle}.
 */
final class ExpiredEntries implements EntryVisitor {
    private final LongSupplier millis;
    private long[] entries = new long[8];
    private int[] buckets = new int[8];
    private int size;

    /** The earliest expiry of those entries in the chains looked at that had not expired. */
    private long nextInChains = EntryLayout.NEVER;

    /** The earliest expiry of an entry, or earlier. */
    private volatile long nextExpiry = EntryLayout.NEVER;

    private volatile int cursor;
    private long mergesAtStart;

    ExpiredEntries(LongSupplier millis) {
        this.millis = millis;
    }

    @Override
    public void visit(long entry, int bucketIndex, int access, boolean expires) {
        long expiry = EntryLayout.expiry(entry);
        if (expiry > millis.getAsLong()) {
            nextInChains = Math.min(nextInChains, expiry);
            return;
        }
        if (size == entries.length) {
            entries = Arrays.copyOf(entries, 2 * size);
            buckets = Arrays.copyOf(buckets, 2 * size);
        }
        entries[size] = entry;
        buckets[size++] = bucketIndex;
    }

    /** Whether nothing can have expired. Any thread. */
    boolean isIdle() {
        return nextExpiry > millis.getAsLong() && cursor == 0;
    }

    /** Takes note of the expiry of an entry. */
    void note(long expiry) {
        if (expiry < nextExpiry) {
            nextExpiry = expiry;
        }
    }

    /** Begins anew, for another table. */
    void startOver() {
        cursor = 0;
    }

    /** Finds the expired entries of the next chains. */
    void look(HashTable table, int chains) {
        if (cursor == 0) {
            mergesAtStart = table.merges();
        }
        size = 0;
        nextInChains = EntryLayout.NEVER;
        ChainWalk.forEachExpiring(table, cursor, chains, true, this);
    }

    /**
     * Goes on, when these were removed, to the next chains. Answers whether all have been looked at. Where the clock
     * has thrown before this, they are looked at again.
     */
    boolean proceed(HashTable table, int chains) {
        if (cursor == 0) {
            nextExpiry = EntryLayout.NEVER;
        }
        note(nextInChains);
        int next = cursor + chains;
        if (next < table.bucketCount()) {
            cursor = next;
            return false;
        }
        // A merge may have moved an entry from ahead of the cursor to behind it.
        boolean isComplete = table.merges() == mergesAtStart;
        cursor = 0;
        if (!isComplete) {
            note(Long.MIN_VALUE);
        }
        return isComplete;
    }

    int size() {
        return size;
    }

    long entry(int index) {
        return entries[index];
    }

    int bucket(int index) {
        return buckets[index];
    }
}
