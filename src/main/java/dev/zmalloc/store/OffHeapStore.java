package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.MemoryLimits;
import dev.zmalloc.NativeOutOfMemoryError;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.evict.CandidateSink;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.EvictionTarget;
import dev.zmalloc.evict.Evictor;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.HashTable;
import dev.zmalloc.table.SipHash;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A map of byte strings to byte strings in native memory, under a hard limit.
 *
 * <p>Keys, values, buckets and everything else lie in blocks of {@link dev.zmalloc.ZMalloc} and count, in usable bytes,
 * against {@code maxMemory}: {@code usedMemory() <= maxMemory()} at every instant. A put that needs room evicts by the
 * store's policy until its entry fits, on its own thread, and takes memory only then; what cannot fit is refused with
 * {@link MaxMemoryException}.
 *
 * <p>Any thread may call any method, virtual ones included. Arrays that are passed in are copied and stay the caller's;
 * arrays that come back are copies and the caller's. No method keeps a reference to an argument. {@link #close} frees
 * everything; a store that is dropped without it leaks its memory.
 */
@SuppressWarnings("exports") // the annotations of jspecify, which need not be there for who compiles against this
public final class OffHeapStore implements AutoCloseable {
    /*
     * Layers.  OffHeapStore picks the stripe, reserves memory, evicts.  Stripe locks.  HashTable finds slots.
     * MemoryAccount holds the limit.
     *
     * A put.   reserve the entry's bytes (evicting until the limit allows), take the block, write key and value into
     *          it: all without a lock.  Then, under the stripe's lock, hang it into the table.  If the table needs
     *          memory in turn that the limit forbids, the lock is let go, room is made, and the put tries again.  Locks
     *          never nest but for the evictor's around a stripe's.
     *
     * Owners.  A block belongs to the put that took it until the table has it, then to the table; who takes it out of
     *          the table frees it, or leaves it to the readers that have it pinned.
     */
    private static final long BYTES_PER_STRIPE = 1 << 20;
    private static final int MAX_STRIPES = 64;

    /**
     * The stripe comes from hash bits that are neither the bucket's (the lowest) nor the fingerprint's (the top eight).
     */
    private static final int STRIPE_SHIFT = 48;

    /** How long a put waits for others to store what they hold: they may be off the processor for a while. */
    private static final long MAX_WAIT_NANOS = 1_000_000_000;

    private static final long WAIT_NANOS = 100_000;

    private final MemoryAccount account;
    private final SipHash hash;
    private final Stripe[] stripes;
    private final Evictor evictor;
    private final long emptyBytes;
    private final LongAdder rejections = new LongAdder();

    /** Puts that hold memory, or are about to, that is not in the table yet. */
    private final LongAdder putsHolding = new LongAdder();

    private volatile boolean closed;

    private OffHeapStore(Builder builder) {
        long maxMemory = builder.maxMemory;
        if (maxMemory != 0 && maxMemory < minMaxMemory(builder.policy)) {
            throw new IllegalArgumentException(
                    "maxMemory of " + maxMemory + " bytes is too small to hold anything: at least "
                            + minMaxMemory(builder.policy) + " bytes are needed");
        }
        MemoryLimits.warnIfOvercommitted(maxMemory);
        account = builder.account == null
                ? new MemoryAccount("store", maxMemory)
                : builder.account.child("store", maxMemory);
        stripes = new Stripe[stripeCount(maxMemory)];
        long emptyBound = poolBytesBound(builder.policy) + stripes.length * HashTable.initialBytesBound();
        MemoryAccount refusing = account.refusing(emptyBound);
        if (refusing != null) {
            throw refusal("no room to open a store", refusing, emptyBound, 0);
        }
        hash = SipHash.random();
        evictor = Evictor.builder()
                .policy(builder.policy)
                .target(new Entries())
                .maxMemory(maxMemory)
                .usedMemory(account::usedMemory)
                .account(account)
                .build();
        for (int index = 0; index < stripes.length; index++) {
            HashTable table = HashTable.tryOpen(account, hash);
            if (table == null) {
                close();
                throw new NativeOutOfMemoryError(HashTable.initialBytesBound());
            }
            stripes[index] = new Stripe(account, table, evictor.clock(), index, stripes.length);
        }
        emptyBytes = account.usedMemory();
    }

    /** A builder whose defaults are Redis': no limit, {@code noeviction}. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * A copy of the value of {@code key}, or {@code null} if it is not there.
     *
     * @throws IllegalStateException if the store is closed
     */
    public byte @Nullable [] get(byte[] key) {
        long keyHash = hash.hash(key);
        return stripe(keyHash).get(keyHash, key);
    }

    /**
     * Shows the value of {@code key} to {@code reader} where it lies, without a copy.
     *
     * <p>The segment is read-only, and the bytes stay valid and unchanged for the length of the call, whatever other
     * threads do and whatever the reader itself does to the store, which it may call. Kept past the call, or used by
     * another thread, it throws. It is not aligned. While the reader runs, the entry's memory stays in use even if the
     * entry is removed, and the entry is not evicted.
     *
     * @return what the reader returned, which may be {@code null}; {@code null} if the key is not there
     * @throws IllegalStateException if the store is closed
     */
    public <R extends @Nullable Object> @Nullable R read(
            byte[] key, Function<? super MemorySegment, ? extends R> reader) {
        Objects.requireNonNull(reader, "reader");
        long keyHash = hash.hash(key);
        return stripe(keyHash).read(keyHash, key, reader);
    }

    /** Tells whether {@code key} is there. Not a use of the entry: it counts neither as a hit nor for eviction. */
    public boolean containsKey(byte[] key) {
        long keyHash = hash.hash(key);
        return stripe(keyHash).containsKey(keyHash, key);
    }

    /**
     * Stores a copy of {@code value} under a copy of {@code key}, in place of an earlier value.
     *
     * <p>Both values are in memory for a moment, so that readers always find one: at the limit, replacing needs room
     * like inserting.
     *
     * @param key any length, 0 too
     * @param value any length, 0 too
     * @throws MaxMemoryException if the limit leaves no room and the policy can make none; the key keeps the value it
     *     had
     * @throws NativeOutOfMemoryError if the allocator has no memory; the key keeps the value it had
     * @throws IllegalStateException if the store is closed
     */
    public void put(byte[] key, byte[] value) {
        checkOpen();
        long keyHash = hash.hash(key);
        long entryBytes = EntryLayout.entryBytes(key.length, value.length);
        long bound = RawZMalloc.usableBytesBound(entryBytes);
        reserve(bound, key.length);
        try {
            putReserved(keyHash, key, value, account.allocateReserved(entryBytes, bound));
        } finally {
            putsHolding.decrement();
        }
    }

    /**
     * Removes {@code key} and its value.
     *
     * @return whether it was there
     * @throws IllegalStateException if the store is closed
     */
    public boolean remove(byte[] key) {
        long keyHash = hash.hash(key);
        return stripe(keyHash).remove(keyHash, key);
    }

    /** Removes everything. Takes time in proportion to the entries; not atomic against other threads' puts. */
    public void clear() {
        for (Stripe stripe : stripes) {
            stripe.clear();
        }
    }

    /** The number of entries; with changes under way, of a moment near now. */
    public long size() {
        return sum().entries;
    }

    /**
     * Bytes in use: entries, table, pool, reservations under way, and blocks that wait for a reader to end. 0 after
     * {@link #close}.
     */
    public long usedMemory() {
        return account.usedMemory();
    }

    /** The limit in bytes; 0 for none. */
    public long maxMemory() {
        return account.maxMemory();
    }

    /**
     * Tells whether the store would be over its limit once {@code more} bytes are taken: eviction would have to make
     * room first.
     */
    public boolean overMemoryAfterAllocation(long more) {
        return account.isOver(more);
    }

    /** What the store has done so far. Works on a closed store too. */
    public StoreStatistics statistics() {
        Stripe.StatisticsSum sum = sum();
        return new StoreStatistics(
                sum.hits,
                sum.misses,
                sum.puts,
                sum.removals,
                evictor.evictions(),
                rejections.sum(),
                sum.entries,
                usedMemory(),
                maxMemory());
    }

    /**
     * Frees all memory and refuses later calls. Never waits for a reader: the entry under it is freed when it ends, so
     * that this is legal inside a reader too. Used memory is 0 then. Closing twice does nothing.
     */
    @Override
    public void close() {
        closed = true;
        evictor.close();
        for (Stripe stripe : stripes) {
            if (stripe != null) {
                stripe.close();
            }
        }
    }

    /** For the validator. */
    Stripe[] stripes() {
        return stripes;
    }

    SipHash hash() {
        return hash;
    }

    Evictor evictor() {
        return evictor;
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the store is closed");
        }
    }

    private Stripe stripe(long keyHash) {
        return stripes[(int) (keyHash >>> STRIPE_SHIFT) & (stripes.length - 1)];
    }

    /** Charges {@code bytes} to the account, evicting until they fit. The put counts as holding memory then. */
    private void reserve(long bytes, int keyBytes) {
        MemoryAccount refusing = tryHold(bytes);
        if (refusing == null) {
            return;
        }
        if (bytes > account.tightestLimit() - emptyBytes) {
            throw rejected("an entry larger than the limit can hold", refusing, bytes, keyBytes);
        }
        long waitedNanos = 0;
        for (long evictions = evictor.evictions(); tryHold(bytes) != null; evictions = evictor.evictions()) {
            waitedNanos = evictOrWait(0, evictions, waitedNanos);
            if (waitedNanos > MAX_WAIT_NANOS) {
                refusing = tryHold(bytes);
                if (refusing == null) {
                    return;
                }
                throw rejected(
                        "no room, and nothing to evict by policy " + evictor.policy(), refusing, bytes, keyBytes);
            }
        }
    }

    /** Charges {@code bytes} to the account. Answers who refused; null if nobody did. */
    private @Nullable MemoryAccount tryHold(long bytes) {
        // Counted first, so that whoever finds the memory taken finds its holder too.
        putsHolding.increment();
        MemoryAccount refusing = account.reserve(bytes);
        if (refusing != null) {
            putsHolding.decrement();
        }
        return refusing;
    }

    /**
     * Evicts one entry. Where there is none, but other puts hold memory, waits a moment instead: what those hold cannot
     * be evicted yet, and soon can, since no put waits for anything but memory.
     *
     * @param own how many of the puts that hold memory are the caller's
     * @param evictions how many there had been before the caller found no room
     * @param waitedNanos how long the calling put has waited so far
     * @return how long it has waited now; more than {@link #MAX_WAIT_NANOS} if it is of no use to try again
     */
    private long evictOrWait(int own, long evictions, long waitedNanos) {
        // Asked first: a put that ends between the two questions has left an entry to evict.
        boolean othersHold = putsHolding.sum() > own;
        if (evictor.evictOne() > 0 || evictor.evictions() != evictions) {
            // This thread's victim has made room, or another's has, which is gone again or not.
            return waitedNanos;
        }
        if (!othersHold || !evictor.policy().evicts()) {
            return MAX_WAIT_NANOS + 1;
        }
        long start = System.nanoTime();
        LockSupport.parkNanos(WAIT_NANOS);
        return waitedNanos + System.nanoTime() - start;
    }

    /** Stores an entry in the block at {@code entry}, which was allocated for it, or frees the block. */
    private void putReserved(long keyHash, byte[] key, byte[] value, long entry) {
        long entryBytes = EntryLayout.entryBytes(key.length, value.length);
        if (entry == MemoryAccount.NO_MEMORY) {
            throw new NativeOutOfMemoryError(entryBytes);
        }
        if (entry == MemoryAccount.OVER_LIMIT) {
            throw rejected(
                    "the allocator gave more than it said and the limit leaves", refusing(1), entryBytes, key.length);
        }
        boolean stored = false;
        try {
            EntryLayout.write(entry, key, value);
            insert(keyHash, entry, key.length);
            stored = true;
        } finally {
            if (!stored) {
                account.free(entry, entryBytes);
            }
        }
        // The entry is the table's by now: whatever goes wrong from here on must not free it.
        if (stripe(keyHash).isCrowded()) {
            makeRoomToGrow();
        }
    }

    private void insert(long keyHash, long entry, int keyBytes) {
        Stripe stripe = stripe(keyHash);
        long waitedNanos = 0;
        while (true) {
            long evictions = evictor.evictions();
            long outcome = stripe.put(keyHash, entry);
            if (outcome == HashTable.INSERTED) {
                break;
            }
            if (outcome == MemoryAccount.NO_MEMORY) {
                throw new NativeOutOfMemoryError(HashTable.insertionBytesBound());
            }
            waitedNanos = evictOrWait(1, evictions, waitedNanos);
            if (waitedNanos > MAX_WAIT_NANOS) {
                long bytes = HashTable.insertionBytesBound();
                throw rejected("no room in the table", refusing(bytes), bytes, keyBytes);
            }
        }
    }

    /**
     * Evicts as much as the table of a stripe needs to grow at its next insertion, and no more: where others that share
     * an account take the room, the chains stay long, and nothing else is lost.
     */
    private void makeRoomToGrow() {
        long growthBytes = HashTable.growthBytesBound();
        long freedBytes = 0;
        while (freedBytes < growthBytes && account.isOver(growthBytes)) {
            long bytes = evictor.evictOne();
            if (bytes == 0) {
                return;
            }
            freedBytes += bytes;
        }
    }

    private MaxMemoryException rejected(String reason, MemoryAccount refusing, long requestedBytes, int keyBytes) {
        checkOpen();
        rejections.increment();
        return refusal(reason, refusing, requestedBytes, keyBytes);
    }

    /** The account that refused {@code bytes} a moment ago, where only that it did is known. */
    private MemoryAccount refusing(long bytes) {
        MemoryAccount refusing = account.refusing(bytes);
        return refusing == null ? account.leastRoom() : refusing;
    }

    /** A refusal with the numbers of the account whose limit stands in the way: the store's own, or one above it. */
    private static MaxMemoryException refusal(
            String reason, MemoryAccount refusing, long requestedBytes, int keyBytes) {
        return new MaxMemoryException(
                reason + " in " + refusing.path(),
                requestedBytes,
                refusing.usedMemory(),
                refusing.maxMemory(),
                keyBytes);
    }

    private Stripe.StatisticsSum sum() {
        Stripe.StatisticsSum sum = new Stripe.StatisticsSum();
        for (Stripe stripe : stripes) {
            stripe.addTo(sum);
        }
        return sum;
    }

    /** One stripe for each mebibyte of the limit: their empty tables then take less than a hundredth of it. */
    private static int stripeCount(long maxMemory) {
        long affordable = maxMemory == 0 ? MAX_STRIPES : Math.max(1, maxMemory / BYTES_PER_STRIPE);
        return (int) Long.highestOneBit(Math.min(MAX_STRIPES, affordable));
    }

    private static long poolBytesBound(EvictionPolicy policy) {
        return policy.evicts() ? Evictor.poolBytesBound() : 0;
    }

    /** The least limit that leaves room for one entry. */
    private static long minMaxMemory(EvictionPolicy policy) {
        return poolBytesBound(policy)
                + HashTable.initialBytesBound()
                + RawZMalloc.usableBytesBound(EntryLayout.entryBytes(1, 1));
    }

    /** The store's entries, as the evictor sees them: an item is an address, a location is a stripe and a bucket. */
    private final class Entries implements EvictionTarget {
        @Override
        public int sample(long random, int count, CandidateSink sink) {
            int offered = 0;
            long bits = random;
            for (int draw = 0; draw < 2 * count && offered < count; draw++) {
                // The high half of a product picks the stripe, the low half's upper bits the bucket.
                bits = bits * 0xD1342543DE82EF95L + 0x9E3779B97F4A7C15L;
                int stripe = (int) (bits >>> 58) & (stripes.length - 1);
                offered += stripes[stripe].sample((int) (bits >>> 24), sink);
            }
            for (int step = 0; step < stripes.length && offered == 0; step++) {
                int stripe = (int) (random + step) & (stripes.length - 1);
                offered += stripes[stripe].sampleAny((int) (bits >>> 24), sink);
            }
            return offered;
        }

        @Override
        public long evict(long item, long location, int access) {
            return stripes[(int) (location >>> Integer.SIZE)].evict(item, (int) location, access);
        }
    }

    /** Sets up an {@link OffHeapStore}. */
    public static final class Builder {
        private long maxMemory;
        private EvictionPolicy policy = EvictionPolicy.NOEVICTION;
        private @Nullable MemoryAccount account;

        private Builder() {}

        /**
         * The limit on everything that the store takes.
         *
         * @param bytes 0 for none
         * @throws IllegalArgumentException if {@code bytes} is negative
         */
        public Builder maxMemory(long bytes) {
            if (bytes < 0) {
                throw new IllegalArgumentException("maxMemory is negative: " + bytes);
            }
            maxMemory = bytes;
            return this;
        }

        /**
         * What the store's memory is charged to besides itself, so that several stores, or a store and other code, are
         * counted together. If that account has a limit, it holds for the store too: at it, the store evicts its own
         * entries. Without an account the store is counted alone.
         */
        public Builder account(MemoryAccount value) {
            account = Objects.requireNonNull(value, "account");
            return this;
        }

        /** What goes when the limit is reached. */
        public Builder evictionPolicy(EvictionPolicy value) {
            policy = Objects.requireNonNull(value, "evictionPolicy");
            return this;
        }

        /**
         * Opens the store, which takes its empty table.
         *
         * @throws IllegalArgumentException if the limit is too small to hold anything; the message tells the number
         *     that would do
         * @throws NativeOutOfMemoryError if the allocator has no memory
         */
        public OffHeapStore build() {
            return new OffHeapStore(this);
        }
    }
}
