package dev.zmalloc.store;

import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.EntryVisitor;
import java.util.Arrays;
import java.util.function.LongSupplier;

/** Collects those of the entries that it is shown that have expired, and when the first of the others will. */
final class ExpiredEntries implements EntryVisitor {
    private final LongSupplier millis;
    private long[] entries = new long[8];
    private int[] buckets = new int[8];
    private int size;
    private long nextExpiry = EntryLayout.NEVER;

    ExpiredEntries(LongSupplier millis) {
        this.millis = millis;
    }

    @Override
    public void visit(long entry, int bucketIndex, int access) {
        long expiry = EntryLayout.expiry(entry);
        if (expiry > millis.getAsLong()) {
            nextExpiry = Math.min(nextExpiry, expiry);
            return;
        }
        if (size == entries.length) {
            entries = Arrays.copyOf(entries, 2 * size);
            buckets = Arrays.copyOf(buckets, 2 * size);
        }
        entries[size] = entry;
        buckets[size++] = bucketIndex;
    }

    void clear() {
        size = 0;
        nextExpiry = EntryLayout.NEVER;
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

    /** The earliest expiry of those that had not expired. */
    long nextExpiry() {
        return nextExpiry;
    }
}
