package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.evict.AccessClock;
import dev.zmalloc.evict.CandidateSink;
import dev.zmalloc.ffi.Memory;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.EntryVisitor;
import dev.zmalloc.table.HashTable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One part of a store, with a table and a lock of its own: the keys whose hash selects it.
 *
 * <p>The lock is held for a table operation and a copy of at most {@value #COPY_UNDER_LOCK_BYTES} bytes. No user code
 * runs under it. A longer value, and one that is read in place, is pinned instead and read after the lock was let go.
 */
final class Stripe {
    private static final int COPY_UNDER_LOCK_BYTES = 16 << 10;

    private final ReentrantLock lock = new ReentrantLock();
    private final MemoryAccount account;
    private final HashTable table;
    private final AccessClock clock;
    private final int index;
    private final int stripes;
    private final PinnedEntries pins = new PinnedEntries();
    private final EntryVisitor offering = this::offer;

    /** Where a sample under way goes. */
    private @Nullable CandidateSink sink;

    private boolean closed;
    private long hits;
    private long misses;
    private long puts;
    private long removals;

    /**
     * Makes the stripe with a given index.
     *
     * @param account pays for the entries that are put
     * @param table empty; the stripe owns it
     * @param clock stamps what is used
     * @param stripes how many stripes the store has
     */
    Stripe(MemoryAccount account, HashTable table, AccessClock clock, int index, int stripes) {
        this.account = account;
        this.table = table;
        this.clock = clock;
        this.index = index;
        this.stripes = stripes;
    }

    /** A copy of the value of {@code key}, or {@code null}. Counts as a hit or a miss. */
    byte @Nullable [] get(long hash, byte[] key) {
        long entry;
        lock.lock();
        try {
            entry = touch(hash, key);
            if (entry == 0) {
                return null;
            }
            int bytes = EntryLayout.valueBytes(entry);
            if (bytes <= COPY_UNDER_LOCK_BYTES) {
                return copyValue(entry, bytes);
            }
            pins.pin(entry);
        } finally {
            lock.unlock();
        }
        try {
            return copyValue(entry, EntryLayout.valueBytes(entry));
        } finally {
            unpin(entry);
        }
    }

    /** Shows the value of {@code key} to {@code reader}, pinned meanwhile. Counts as a hit or a miss. */
    @SuppressWarnings("MustBeClosedChecker") // closed by hand, since what follows depends on whether closing succeeded
    <R extends @Nullable Object> @Nullable R read(
            long hash, byte[] key, Function<? super MemorySegment, ? extends R> reader) {
        long entry;
        lock.lock();
        try {
            entry = touch(hash, key);
            if (entry == 0) {
                return null;
            }
            pins.pin(entry);
        } finally {
            lock.unlock();
        }
        Arena arena = null;
        try {
            arena = Arena.ofConfined();
            return reader.apply(
                    Memory.readOnlySegment(EntryLayout.valueAddress(entry), EntryLayout.valueBytes(entry), arena));
        } finally {
            if (arena != null) {
                // If this throws, something still holds the segment: the entry stays pinned, since a leak is better
                // than a wild read.
                arena.close();
            }
            unpin(entry);
        }
    }

    boolean containsKey(long hash, byte[] key) {
        lock.lock();
        try {
            checkOpen();
            return table.find(hash, key) != 0;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Puts {@code entry} under its key, as {@link HashTable#put} does, and frees what it replaced.
     *
     * @return {@link HashTable#INSERTED} if the store owns the entry now, in place of another or not; else
     *     {@link MemoryAccount#OVER_LIMIT} or {@link MemoryAccount#NO_MEMORY}, with nothing changed
     */
    long put(long hash, long entry) {
        lock.lock();
        try {
            checkOpen();
            long outcome = table.put(hash, entry, clock.now());
            if (outcome == MemoryAccount.OVER_LIMIT || outcome == MemoryAccount.NO_MEMORY) {
                return outcome;
            }
            if (outcome == HashTable.INSERTED) {
                clock.inserted(table.size() * stripes);
            } else {
                release(outcome);
            }
            puts++;
            return HashTable.INSERTED;
        } finally {
            lock.unlock();
        }
    }

    boolean remove(long hash, byte[] key) {
        lock.lock();
        try {
            checkOpen();
            long entry = table.remove(hash, key);
            if (entry == 0) {
                return false;
            }
            release(entry);
            removals++;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Evicts an entry seen earlier, if it is still there, has the same access field and nobody reads it.
     *
     * @return the bytes freed, or 0
     */
    long evict(long entry, int bucketIndex, int access) {
        lock.lock();
        try {
            if (closed || pins.isPinned(entry) || !table.removeIfUnchanged(bucketIndex, entry, access)) {
                return 0;
            }
            return free(entry);
        } finally {
            lock.unlock();
        }
    }

    /** Offers the entries of the bucket that {@code random} selects. Answers how many. */
    int sample(int random, CandidateSink candidates) {
        lock.lock();
        try {
            sink = candidates;
            return closed ? 0 : table.sample(bucketIndex(random), offering);
        } finally {
            sink = null;
            lock.unlock();
        }
    }

    /**
     * Offers the entries of the first bucket that has any, from the one that {@code random} selects. Answers how many.
     */
    int sampleAny(int random, CandidateSink candidates) {
        lock.lock();
        try {
            sink = candidates;
            int offered = 0;
            int buckets = closed || table.size() == 0 ? 0 : table.bucketCount();
            int first = bucketIndex(random);
            for (int step = 0; step < buckets && offered == 0; step++) {
                offered = table.sample((first + step) % buckets, offering);
            }
            return offered;
        } finally {
            sink = null;
            lock.unlock();
        }
    }

    long size() {
        lock.lock();
        try {
            return table.size();
        } finally {
            lock.unlock();
        }
    }

    boolean isCrowded() {
        lock.lock();
        try {
            return !closed && table.isCrowded();
        } finally {
            lock.unlock();
        }
    }

    void clear() {
        lock.lock();
        try {
            checkOpen();
            table.clear(this::release);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Frees everything but the entries that are read at the moment, which their readers free. Later calls are refused.
     */
    void close() {
        lock.lock();
        try {
            if (!closed) {
                closed = true;
                table.close(this::release);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Adds this stripe's numbers to {@code total}. */
    void addTo(StatisticsSum total) {
        lock.lock();
        try {
            total.hits += hits;
            total.misses += misses;
            total.puts += puts;
            total.removals += removals;
            total.entries += table.size();
        } finally {
            lock.unlock();
        }
    }

    /** For the validator, while nobody uses the store. */
    HashTable table() {
        return table;
    }

    /** For the validator: how many entries are read in place. */
    int pinned() {
        return pins.size();
    }

    private long touch(long hash, byte[] key) {
        checkOpen();
        long slotAddress = table.find(hash, key);
        if (slotAddress == 0) {
            misses++;
            return 0;
        }
        hits++;
        HashTable.setAccess(slotAddress, clock.now());
        return HashTable.entry(slotAddress);
    }

    private void unpin(long entry) {
        lock.lock();
        try {
            if (pins.unpin(entry)) {
                free(entry);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Frees an entry that left the table, or leaves it to its readers. */
    private void release(long entry) {
        if (!pins.retire(entry)) {
            free(entry);
        }
    }

    private long free(long entry) {
        return account.free(entry, EntryLayout.entryBytes(entry));
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the store is closed");
        }
    }

    /** Passes on what a sample shows: the item is the entry's address, the location this stripe and the bucket. */
    private void offer(long entry, int bucketIndex, int access) {
        if (sink != null) {
            sink.offer(entry, (long) index << Integer.SIZE | bucketIndex, access);
        }
    }

    private int bucketIndex(int random) {
        return (int) (((random & 0xFFFFFFFFL) * table.bucketCount()) >>> Integer.SIZE);
    }

    private static byte[] copyValue(long entry, int bytes) {
        byte[] value = new byte[bytes];
        Memory.copyOut(EntryLayout.valueAddress(entry), value, 0, bytes);
        return value;
    }

    /** Sums the numbers of all stripes. */
    static final class StatisticsSum {
        long hits;
        long misses;
        long puts;
        long removals;
        long entries;
    }
}
