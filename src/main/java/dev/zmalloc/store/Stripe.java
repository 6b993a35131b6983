package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.ffi.ByteRange;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.EntryPins;
import dev.zmalloc.table.HashTable;
import dev.zmalloc.table.OwnedCount;
import dev.zmalloc.table.ReaderEpochs;
import dev.zmalloc.table.RetiredBlocks;
import java.util.function.IntUnaryOperator;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One part of a store, with a table and a lock of its own: the keys whose hash selects it.
 *
 * <p>Reads take no lock: they run in an epoch, or hold a pin where they take longer. The lock is for changes, and held
 * for a table operation; copies into and out of native memory are made without it. No user code runs under it, nor in
 * an epoch, but for the store's clock, and that only where an entry expires.
 */
final class Stripe {
    /** Values up to this are copied out in an epoch; a longer one is pinned, so that no epoch lasts long. */
    private static final int COPY_IN_EPOCH_BYTES = 32 << 10;

    /** Answered by {@link #pin} in place of a pin. */
    static final int NOT_THERE = -1;

    /** Chains of a cleared table that one change takes apart in passing. */
    private static final int DRAINED_CHAINS = 4;

    private final BriefLock lock = new BriefLock();
    private final StoreParts parts;
    private final ReaderEpochs epochs;
    private final EntryPins pins;
    private final RetiredBlocks retired;
    private final WriterLanes lanes;
    private final OwnedCount removals = new OwnedCount();

    private volatile HashTable table;

    private final ClearedTables cleared;

    private final StripeBooks books;
    private final ExpiredEntries expired;
    private final StripeVictims victims;
    private volatile boolean closed;

    /** The stripe of that number. */
    Stripe(StoreParts parts, StripePolicy policy, int number) {
        this.parts = parts;
        epochs = parts.epochs();
        pins = parts.pins();
        lanes = parts.lanes();
        retired = new RetiredBlocks(parts.account(), epochs, pins, parts.waiting(), number);
        expired = new ExpiredEntries(parts.millis());
        cleared = new ClearedTables(epochs, parts.cleared(), number);
        table = newTable();
        books = new StripeBooks(parts, policy);
        victims = new StripeVictims(this, parts, books, lock, retired, expired);
        books.open(table);
    }

    private HashTable newTable() {
        return new HashTable(parts.account(), parts.hash(), retired);
    }

    /** A copy of the value of a key, or {@code null}. Counts as a hit or a miss. */
    byte @Nullable [] get(long hash, Object key, int bytes) {
        int ticket = epochs.enter();
        long entry = 0;
        int pin;
        try {
            entry = findLive(hash, key, bytes, books.reading());
            if (entry == 0) {
                return null;
            }
            byte[] value = EntryLayout.copyOfValue(entry, bytes, COPY_IN_EPOCH_BYTES);
            if (value != null) {
                return value;
            }
            pin = pins.pinForCopy(entry);
        } finally {
            exit(ticket, entry);
        }
        try {
            return EntryLayout.copyOfValue(entry);
        } finally {
            unpin(pin);
        }
    }

    /**
     * Copies the value of a key to {@code targetOffset} of {@code target}, if it has at most {@code atMost} bytes.
     * Counts as a hit or a miss.
     *
     * @return the value's length, copied or not; {@link #NOT_THERE}
     */
    int get(long hash, Object key, int bytes, Object target, long targetOffset, long atMost) {
        int pin = pin(hash, key, bytes, true);
        if (pin == NOT_THERE) {
            return NOT_THERE;
        }
        try {
            long entry = pins.entry(pin);
            int valueBytes = EntryLayout.valueBytes(entry);
            if (valueBytes <= atMost) {
                ByteRange.copyOut(EntryLayout.valueAddress(entry), target, targetOffset, valueBytes);
            }
            return valueBytes;
        } finally {
            unpin(pin);
        }
    }

    /**
     * Finds a key and pins its entry, which then stays readable until {@link #unpin}. Counts as a hit or a miss.
     *
     * @return the pin, or {@link #NOT_THERE}
     */
    int pin(long hash, Object key, int bytes) {
        return pin(hash, key, bytes, false);
    }

    private int pin(long hash, Object key, int bytes, boolean forCopy) {
        int ticket = epochs.enter();
        long entry = 0;
        try {
            entry = findLive(hash, key, bytes, books.reading());
            if (entry == 0) {
                return NOT_THERE;
            }
            return forCopy ? pins.pinForCopy(entry) : pins.pin(entry);
        } finally {
            exit(ticket, entry);
        }
    }

    /** Like {@link #pin}, without counting as anything, for the store's own operations. */
    int peek(long hash, Object key, int bytes) {
        int ticket = epochs.enter();
        try {
            long entry = findLive(hash, key, bytes, null);
            return entry == 0 ? NOT_THERE : pins.pin(entry);
        } finally {
            epochs.exit(ticket);
        }
    }

    /** Takes a pin off, and frees the entry if it was waiting for that. */
    void unpin(int pin) {
        long entry = pins.entry(pin);
        pins.unpin(pin);
        if (retired.hasPinned()) {
            lock.lock();
            try {
                retired.unpinned(entry);
            } finally {
                lock.unlock();
            }
        }
        lanes.unpinned(entry);
    }

    boolean containsKey(long hash, Object key, int bytes) {
        int ticket = epochs.enter();
        try {
            return findLive(hash, key, bytes, null) != 0;
        } finally {
            epochs.exit(ticket);
        }
    }

    /** The live entry of a key, or 0. In an epoch. */
    long findLive(long hash, Object key, int bytes, @Nullable IntUnaryOperator use) {
        long entry = table.find(hash, key, bytes, use);
        if (entry == 0) {
            checkOpen();
            return 0;
        }
        return isDead(entry) ? 0 : entry;
    }

    private void exit(int ticket, long entry) {
        if (entry != 0) {
            epochs.exitWithHit(ticket);
        } else {
            epochs.exitWithMiss(ticket);
        }
    }

    /** Whether an entry has expired. In an epoch, under the lock, or with the entry pinned. */
    boolean isDead(long entry) {
        long expiry = EntryLayout.expiry(entry);
        return expiry != EntryLayout.NEVER && expiry <= parts.now();
    }

    /** Takes note of an expiry that an entry was given in place. Under the lock. */
    void noteExpiry(long expiry) {
        expired.note(expiry);
    }

    /**
     * Puts {@code entry} under its key, as {@link HashTable#put} does.
     *
     * @param expected as there; an entry that has expired counts as absent
     * @param replaced takes the entry that was replaced; {@code null} if nobody wants it
     * @return {@link HashTable#INSERTED} if the store owns the entry now, or the entry that it is in place of, which is
     *     the caller's to retire; else {@link HashTable#REFUSED}, {@link MemoryAccount#OVER_LIMIT},
     *     {@link MemoryAccount#NO_MEMORY} or {@link StripeBooks#OVER_BUDGET}, with nothing changed
     */
    long put(long hash, long entry, long expected, @Nullable LeftEntry replaced) {
        lock.lock();
        try {
            checkOpen();
            drain();
            // What can fail comes before the change: once the table has the entry, the caller must not free it.
            retired.ensureRoom(HashTable.retirementsBound());
            HashTable present = table;
            books.unprotectDead(present, hash, entry);
            long wanted = orDead(present, hash, entry, expected);
            if (replaced != null) {
                takeLike(present, hash, entry, replaced);
            }
            long outcome = putExpected(present, hash, entry, wanted);
            if (replaced != null && outcome >= 0) {
                replaced.left();
            }
            return outcome;
        } finally {
            lock.unlock();
            if (replaced != null) {
                replaced.keepIfLeft();
            }
        }
    }

    private long putExpected(HashTable present, long hash, long entry, long wanted) {
        long outcome = books.put(present, hash, entry, wanted);
        if (outcome >= 0) {
            expired.note(EntryLayout.expiry(entry));
        }
        return outcome;
    }

    private void takeLike(HashTable present, long hash, long entry, LeftEntry taken) {
        long there = present.getLike(hash, entry);
        if (there != 0) {
            taken.take(this, pins, there, isDead(there));
        }
    }

    /** Where a key is to be absent: the entry that is under it and has expired, if there is one. */
    private long orDead(HashTable present, long hash, long entry, long expected) {
        if (expected != HashTable.ABSENT) {
            return expected;
        }
        long there = present.getLike(hash, entry);
        return there != 0 && isDead(there) ? there : expected;
    }

    /**
     * Removes a key.
     *
     * @param expected {@link HashTable#ANY}, or the entry that must be there
     * @param removed takes the entry, as for {@link #put}
     * @return whether a live entry was removed
     */
    boolean remove(long hash, Object key, int bytes, long expected, @Nullable LeftEntry removed) {
        lock.lock();
        try {
            checkOpen();
            drain();
            retired.ensureRoom(HashTable.retirementsBound());
            long entry = table.remove(hash, key, bytes, expected);
            if (entry == 0) {
                return false;
            }
            books.left(table, entry);
            boolean isLive = retire(entry, removed);
            if (isLive) {
                removals.add(1);
            } else {
                victims.countExpiration();
            }
            return isLive;
        } finally {
            lock.unlock();
        }
    }

    long size() {
        return table.size();
    }

    long insertionBytesBound() {
        return table.insertionBytesBound() + books.expectationBytesBound();
    }

    boolean isCrowded() {
        return table.isCrowded();
    }

    /** Bytes that are free as soon as the readers of this moment, and those that copy, are gone. */
    long readableBytes() {
        return retired.readableBytes();
    }

    /** Bytes that wait for a reader or a lease to end. */
    long heldBytes() {
        return retired.heldBytes();
    }

    /** Whether a cleared table still has memory. */
    boolean hasCleared() {
        return cleared.any();
    }

    /** Frees what no reader holds any more, as far as that can be told without waiting. Answers the bytes. */
    long reclaim() {
        lock.lock();
        try {
            return retired.reclaim();
        } finally {
            lock.unlock();
        }
    }

    /** Takes cleared tables apart, some chains of them. Answers whether anything was freed. */
    boolean drainSome(int chains) {
        lock.lock();
        try {
            return drain(chains);
        } finally {
            lock.unlock();
        }
    }

    private void drain() {
        if (cleared.any()) {
            drain(DRAINED_CHAINS);
        }
    }

    private boolean drain(int chains) {
        return cleared.drain(this::retire, chains);
    }

    /**
     * Merges some buckets of a table that has too many, unless somebody changes it now. Answers whether there may be
     * more to merge. Removals do that too; but where they come in the order of the buckets, the last ones, still full,
     * hold up the merges, and no removal is left to catch up.
     */
    boolean shrinkSome() {
        if (!lock.tryLock()) {
            return false;
        }
        try {
            retired.ensureRoom(HashTable.retirementsBound());
            return table.shrink(true);
        } finally {
            lock.unlock();
        }
    }

    /** Removes everything, in constant time; the memory is freed in steps by later changes and the store's keeper. */
    void clear() {
        lock.lock();
        try {
            checkOpen();
            detach();
        } finally {
            lock.unlock();
        }
    }

    private void detach() {
        HashTable old = table;
        if (old.bucketCount() > 0 || books.index() != null) {
            // What can fail comes first.
            HashTable fresh = newTable();
            StripeIndex freshIndex = books.newIndex(fresh);
            ClearedTables.Cleared last = cleared.expect(old, books.index());
            table = fresh;
            books.startOver(freshIndex);
            expired.startOver();
            cleared.unlinked(last);
        }
    }

    /** Refuses later calls. What is still to be freed, {@link #release} frees. */
    void close() {
        lock.lock();
        try {
            if (!closed) {
                closed = true;
                detach();
            }
        } finally {
            lock.unlock();
        }
    }

    /** After {@link #close}: frees what it can. Answers whether nothing is left but what is held. */
    boolean release() {
        lock.lock();
        try {
            while (drain(Integer.MAX_VALUE)) {
                retired.reclaim();
            }
            long freed = 1;
            while (retired.readableBytes() != 0 && freed != 0) {
                freed = retired.reclaim();
            }
            return !cleared.any() && retired.readableBytes() == 0;
        } finally {
            lock.unlock();
        }
    }

    long removals() {
        return removals.get();
    }

    /** Runs a step of the store's own under the lock. */
    <R extends @Nullable Object> R underLock(Supplier<R> step) {
        lock.lock();
        try {
            return step.get();
        } finally {
            lock.unlock();
        }
    }

    /** Like {@link #underLock}, for a step without an answer. */
    void exclusively(Runnable step) {
        lock.lock();
        try {
            step.run();
        } finally {
            lock.unlock();
        }
    }

    /** The table now. In an epoch, under the lock, or for the validator, while nobody uses the store. */
    HashTable table() {
        return table;
    }

    /** For the validator: what waits to be freed. */
    RetiredBlocks retired() {
        return retired;
    }

    /** The books. {@link StripeBooks#queuedBytes} any thread, else under the lock. */
    StripeBooks books() {
        return books;
    }

    ClearedTables cleared() {
        return cleared;
    }

    /** What takes entries out unasked. */
    StripeVictims victims() {
        return victims;
    }

    /** Retires an entry that left its table, and pins it before, if somebody wants it. Answers whether it lives. */
    private boolean retire(long entry, @Nullable LeftEntry taken) {
        try {
            boolean isDead = isDead(entry);
            if (taken != null) {
                taken.take(this, pins, entry, isDead);
                taken.left();
            }
            return !isDead;
        } finally {
            retire(entry);
        }
    }

    /** Takes over an entry that has left its table, until no reader holds it. */
    private void retire(long entry) {
        retired.retire(entry, EntryLayout.entryBytes(entry));
    }

    boolean isClosed() {
        return closed;
    }

    /** Throws if the store is closed. */
    void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the store is closed");
        }
    }
}
