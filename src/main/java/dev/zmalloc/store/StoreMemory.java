package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.NativeOutOfMemoryError;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.event.Telemetry;
import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.Evictor;
import dev.zmalloc.table.EntryPins;
import dev.zmalloc.table.HashTable;
import dev.zmalloc.table.StripeSet;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A store's memory: takes blocks for entries within the limit, and makes room for them.
 *
 * <p>Room is made, in this order, of what is free already and waits only for readers or for a cleared table to be taken
 * apart, and by eviction. What waits for readers counts as used, but is not evicted for: readers in an epoch are done
 * in a moment, and so is who copies an entry that it has pinned. That moment is used to evict what the next puts will
 * need, some entries ahead and no more. Entries that somebody holds are not waited for.
 *
 * <p>All of that is looked for in the {@link StoreGroup} of the limit that refused: in the store alone, or in others
 * too.
 */
final class StoreMemory {
    /** How long an operation waits for others to store what they hold: they may be off the processor for a while. */
    private static final long MAX_WAIT_NANOS = 1_000_000_000;

    private static final long WAIT_NANOS = 50_000;

    /** How long closing waits for reads that copy. They take microseconds, unless their thread lost its processor. */
    private static final long MAX_CLOSE_NANOS = 10_000_000_000L;

    /**
     * Entries that may wait for readers before who needs room waits too, and evicts none ahead; and their share of the
     * limit, 1 to 2 to the power of that. Of two threads' puts one in three waited without it, one in a thousand does.
     */
    private static final int MAX_ENTRIES_AHEAD = 32;

    private static final int MAX_SHARE_AHEAD_SHIFT = 10;
    private static final int SPINS = 200;
    private static final int SPINS_PER_LOOK = 10;
    private static final long NO_BYTES = Long.MAX_VALUE;

    /** Chains of a cleared table that are taken apart at once where memory is wanted. */
    private static final int DRAINED_CHAINS = 16;

    private final MemoryAccount account;
    private final StoreParts parts;
    private final EntryPins pins;
    private final Stripe[] stripes;
    private final WriterLanes lanes;
    private final StripeSet waiting;
    private final StripeSet cleared;
    private final EvictedCount evicted;

    /** The store alone, at its own limit. */
    private final StoreGroup own;

    /** Those of the limits above; {@code null} once it has left them for good. Changed by {@link StoreGroup} alone. */
    private volatile @Nullable List<StoreGroup> groups = List.of();

    /** What the store takes when it is empty. */
    private final long emptyBytes;

    private final LongAdder tooLarge = new LongAdder();
    private final LongAdder noRoom = new LongAdder();
    private final LongAdder noMemory = new LongAdder();

    private volatile boolean closed;

    StoreMemory(StoreParts parts, Evictor evictor, Stripe[] stripes, EvictedCount evicted) {
        account = parts.account();
        this.parts = parts;
        pins = parts.pins();
        this.stripes = stripes;
        lanes = parts.lanes();
        waiting = parts.waiting();
        cleared = parts.cleared();
        this.evicted = evicted;
        emptyBytes = account.usedMemory();
        own = new StoreGroup(account, evictor, this);
    }

    @Nullable
    List<StoreGroup> groups() {
        return groups;
    }

    void setGroups(@Nullable List<StoreGroup> value) {
        groups = value;
    }

    /** Enters the groups of another policy, as {@link StoreGroup#enter}. */
    List<StoreGroup> enter(EvictionPolicy policy, EvictionParameters parameters) {
        List<StoreGroup> present = groups;
        return StoreGroup.enter(account.parent(), present == null ? List.of() : present, policy, parameters);
    }

    /** The store's entries, for one more evictor: as number {@code number} of its stores. */
    StoreEntries newEntries(long number, boolean volatileOnly) {
        StoreEntries entries = new StoreEntries(
                parts.epochs(), stripes, parts.sizes(), parts.millis(), evicted, parts.notices(), number);
        entries.setVolatileOnly(volatileOnly);
        return entries;
    }

    EvictedCount evicted() {
        return evicted;
    }

    long emptyBytes() {
        return emptyBytes;
    }

    /** As {@link WriterLanes#begun}. */
    long begun() {
        return lanes.begun();
    }

    /** As {@link WriterLanes#ended}. */
    long ended() {
        return lanes.ended();
    }

    int pins() {
        return pins.count();
    }

    /** How many entries there are. */
    long size() {
        long size = 0;
        for (Stripe stripe : stripes) {
            size += stripe.size();
        }
        return size;
    }

    /** How many entries were refused because the limit can never hold them. */
    long tooLarge() {
        return tooLarge.sum();
    }

    /** How many were refused because the limit left no room and none could be made. */
    long noRoom() {
        return noRoom.sum();
    }

    /** How many were refused because the allocator had no memory. */
    long noMemory() {
        return noMemory.sum();
    }

    /** Refuses with the word that the store is closed from now on. */
    void close() {
        closed = true;
    }

    /** Frees everything but what is pinned, once the stripes are closed and the reads that copy are done. */
    void release() {
        long start = System.nanoTime();
        lanes.close();
        release(start, lanes::release);
        for (Stripe stripe : stripes) {
            release(start, stripe::release);
        }
    }

    private void release(long start, BooleanSupplier step) {
        while (!step.getAsBoolean()) {
            if (System.nanoTime() - start > MAX_CLOSE_NANOS) {
                throw new IllegalStateException("a read that copies did not end in ten seconds; " + account.usedMemory()
                        + " bytes stay in use");
            }
            LockSupport.parkNanos(WAIT_NANOS);
        }
    }

    /** Waits until what was pinned is freed too. Answers whether it is. */
    boolean awaitRelease(long nanos) {
        long start = System.nanoTime();
        while (account.usedMemory() != 0 && System.nanoTime() - start < nanos) {
            LockSupport.parkNanos(WAIT_NANOS);
        }
        return account.usedMemory() == 0;
    }

    /** Bytes that left the table and wait to be freed. */
    long awaitingBytes() {
        long sum = lanes.readableBytes() + lanes.heldBytes();
        for (Stripe stripe : stripes) {
            sum += stripe.readableBytes() + stripe.heldBytes();
        }
        return sum;
    }

    /**
     * Takes a block for an entry from the allocator. The caller owns it.
     *
     * @param lane the calling thread's, where it has begun an operation and got no block. The caller still owes it an
     *     end, unless this throws
     * @param keyBytes for the refusal
     * @throws MaxMemoryException if the limit leaves no room and the policy can make none
     * @throws NativeOutOfMemoryError if the allocator has no memory
     */
    long take(WriterLane lane, long entryBytes, int keyBytes) {
        long bound = RawZMalloc.usableBytesBound(entryBytes);
        MemoryAccount refusing = account.reserve(bound);
        if (refusing != null) {
            lane.withdraw();
            reserve(lane, refusing, bound, keyBytes);
        }
        boolean taken = false;
        try {
            long entry = account.allocateReserved(entryBytes, bound);
            if (entry == MemoryAccount.NO_MEMORY) {
                throw outOfMemory(entryBytes);
            }
            if (entry == MemoryAccount.OVER_LIMIT) {
                throw rejected(
                        "the allocator gave more than it said and the limit leaves", refusing(1), entryBytes, keyBytes);
            }
            taken = true;
            return entry;
        } finally {
            if (!taken) {
                lane.end(HashTable.REFUSED);
            }
        }
    }

    /** Gives back a block that the table did not take. */
    void free(long entry, long entryBytes) {
        account.free(entry, entryBytes);
    }

    /**
     * Charges {@code bytes} to the account, which has refused them, making room until they fit. The caller counts as
     * holding memory then.
     */
    private void reserve(WriterLane lane, MemoryAccount refusing, long bytes, int keyBytes) {
        checkNotTooLarge(bytes, keyBytes);
        StoreGroup group = group(refusing);
        Telemetry.Span span = Telemetry.present().beginEviction();
        if (span == null) {
            makeRoomAndHold(lane, refusing, bytes, keyBytes);
            return;
        }
        long evictions = group.evictions();
        long evictedBytes = group.evictedBytes();
        try {
            makeRoomAndHold(lane, refusing, bytes, keyBytes);
        } finally {
            span.end(group.evictions() - evictions, group.evictedBytes() - evictedBytes);
        }
    }

    private void makeRoomAndHold(WriterLane lane, MemoryAccount first, long bytes, int keyBytes) {
        MemoryAccount refusing = first;
        StoreGroup group = group(refusing);
        long removals = group.removals();
        long waitedNanos = 0;
        do {
            if (group == group(refusing)) {
                if (waitedNanos > MAX_WAIT_NANOS) {
                    throw rejected("no room, and " + whyNot(group), refusing, bytes, keyBytes);
                }
                waitedNanos = makeRoom(group, bytes, 0, removals, waitedNanos);
            } else {
                // Another limit stands in the way now: what it can give was not asked for yet.
                group = group(refusing);
                waitedNanos = Math.min(waitedNanos, MAX_WAIT_NANOS);
            }
            removals = group.removals();
            refusing = tryHold(lane, bytes);
        } while (refusing != null);
    }

    private void checkNotTooLarge(long bytes, int keyBytes) {
        checkNotTooLarge(own, bytes, keyBytes);
        List<StoreGroup> above = groups;
        for (int index = 0; above != null && index < above.size(); index++) {
            checkNotTooLarge(above.get(index), bytes, keyBytes);
        }
    }

    private void checkNotTooLarge(StoreGroup group, long bytes, int keyBytes) {
        if (group.isTooLarge(bytes)) {
            checkOpen();
            tooLarge.increment();
            throw MaxMemoryException.at("an entry larger than the limit can hold", group.account(), bytes, keyBytes);
        }
    }

    /** Who loses entries at the limit of an account. */
    private StoreGroup group(MemoryAccount refusing) {
        List<StoreGroup> above = groups;
        for (int index = 0; above != null && index < above.size(); index++) {
            if (above.get(index).account() == refusing) {
                return above.get(index);
            }
        }
        return own;
    }

    private String whyNot(StoreGroup group) {
        long inUse = group.pins();
        long held = group.heldBytes();
        long sheltered = group.protectedEntries();
        return "nothing to evict by policy " + group.evictor().policy()
                + (inUse == 0 ? "" : "; readers and leases under way: " + inUse)
                + (held == 0 ? "" : "; " + held + " bytes wait for a reader or a lease to end")
                + (sheltered == 0 ? "" : "; protected entries: " + sheltered);
    }

    /** How many entries are protected from eviction. */
    long protectedEntries() {
        long sum = 0;
        for (Stripe stripe : stripes) {
            sum += stripe.books().protectedEntries();
        }
        return sum;
    }

    /** Charges {@code bytes} to the account. Answers who refused; null if nobody did. */
    private @Nullable MemoryAccount tryHold(WriterLane lane, long bytes) {
        // Counted first, so that whoever finds the memory taken finds its holder too.
        lane.beginWithoutBlock();
        MemoryAccount refusing = account.reserve(bytes);
        if (refusing != null) {
            lane.withdraw();
        }
        return refusing;
    }

    /**
     * Makes some room: frees what waits for readers, or evicts one entry. Where there is none, but other operations
     * hold memory, waits a moment instead: what those hold cannot be evicted yet, and soon can, since none waits for
     * anything but memory.
     *
     * @param group of the limit that refused
     * @param bytes that are wanted
     * @param holds how many of the operations that hold memory are the caller's
     * @param removals how many there had been in the group before the caller found no room
     * @param waitedNanos how long the caller has waited so far
     * @return how long it has waited now; more than {@link #MAX_WAIT_NANOS} if it is of no use to try again
     */
    private long makeRoom(StoreGroup group, long bytes, int holds, long removals, long waitedNanos) {
        long readable = group.readableBytes();
        if (readable > 0 && !group.isOver(bytes - readable)) {
            boolean isNearer = group.reclaim() > 0 || evictAhead(group, bytes, readable);
            return isNearer ? waitedNanos : waitedNanos + pause(group, bytes, true);
        }
        if (group.hasCleared()) {
            // Nothing is evicted in place of what was cleared: that is free once the readers of this moment are done.
            return group.drainSome() || group.reclaim() > 0 ? waitedNanos : waitedNanos + pause(group, bytes, false);
        }
        if (evict(group, removals)) {
            return waitedNanos;
        }
        // Who holds memory is asked only now, since it takes other threads' cache lines, and before a second look: an
        // operation that has ended by then has left an entry to evict.
        long endedBefore = group.ended();
        boolean othersHold = group.begun() - endedBefore > holds;
        if (evict(group, removals)) {
            return waitedNanos;
        }
        // All asked again, in the order in which memory passes: who cleared a table meanwhile left nothing to evict.
        if (group.hasCleared() || readable > 0 || group.readableBytes() > 0) {
            return group.drainSome() || group.reclaim() > 0 ? waitedNanos : waitedNanos + pause(group, bytes, false);
        }
        // Or what was cleared was freed and taken by others, who hold it still or ended meanwhile.
        othersHold |= group.ended() != endedBefore || group.begun() - endedBefore > holds;
        if (othersHold && group.evictor().policy().evicts()) {
            return waitedNanos + pause(group, bytes, false);
        }
        // Unless it was asked of a group that the store has left meanwhile.
        return group == group(group.account()) ? MAX_WAIT_NANOS + 1 : waitedNanos;
    }

    /** Evicts an entry. Answers whether it, or another thread's victim, has made room, which is gone again or not. */
    private boolean evict(StoreGroup group, long removals) {
        return group.evictOne(this) > 0 || group.removals() != removals;
    }

    /**
     * Evicts an entry that the next puts need room for, in place of waiting for readers: their blocks have become free
     * by then, and nobody waits. Answers whether it did.
     */
    private boolean evictAhead(StoreGroup group, long bytes, long readable) {
        long most = Math.min(bytes * MAX_ENTRIES_AHEAD, group.account().maxMemory() >>> MAX_SHARE_AHEAD_SHIFT);
        return readable < most && group.evictOne(this) > 0;
    }

    /** What is free as soon as readers of this moment are done. */
    long readableBytes() {
        long sum = lanes.readableBytes();
        for (long bits = waiting.bits(); bits != 0; bits &= bits - 1) {
            sum += stripes[Long.numberOfTrailingZeros(bits)].readableBytes();
        }
        return sum;
    }

    long heldBytes() {
        long sum = lanes.heldBytes();
        for (Stripe stripe : stripes) {
            sum += stripe.heldBytes();
        }
        return sum;
    }

    long reclaim() {
        long freed = lanes.reclaim();
        for (long bits = waiting.bits(); bits != 0; bits &= bits - 1) {
            freed += stripes[Long.numberOfTrailingZeros(bits)].reclaim();
        }
        return freed;
    }

    boolean hasCleared() {
        return cleared.bits() != 0;
    }

    boolean drainSome() {
        for (long bits = cleared.bits(); bits != 0; bits &= bits - 1) {
            if (stripes[Long.numberOfTrailingZeros(bits)].drainSome(DRAINED_CHAINS)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Waits a moment: spinning first, since a reader is done in less than a microsecond unless it lost its processor.
     * Then the thread lets go of its own: who is waited for may be a virtual thread that has none.
     *
     * @param bytes that are wanted, which another thread may have freed; {@link #NO_BYTES} if it is not for memory
     * @param forReaders whether it is of no use to wait once no block waits for readers: others have taken them
     */
    private long pause(StoreGroup group, long bytes, boolean forReaders) {
        long start = System.nanoTime();
        for (int spin = 1; spin <= SPINS; spin++) {
            Thread.onSpinWait();
            if (spin % SPINS_PER_LOOK == 0
                    && (group.reclaim() > 0 || !account.isOver(bytes) || (forReaders && group.readableBytes() == 0))) {
                return System.nanoTime() - start;
            }
        }
        LockSupport.parkNanos(WAIT_NANOS);
        return System.nanoTime() - start;
    }

    /**
     * Puts an entry, that {@link #take} gave, into its stripe, making room for the table's own needs.
     *
     * @param expected as for {@link HashTable#put}
     * @param replaced as for {@link Stripe#put}
     * @return {@link HashTable#INSERTED}, the entry that was replaced, which is the caller's to retire, or
     *     {@link HashTable#REFUSED}
     */
    long insert(Stripe stripe, long hash, long entry, int keyBytes, long expected, @Nullable LeftEntry replaced) {
        long waitedNanos = 0;
        StoreGroup group = own;
        while (true) {
            long ownRemovals = evicted.removals();
            long removals = group == own ? ownRemovals : group.removals();
            int buckets = Telemetry.present().isOn() ? stripe.table().bucketCount() : 0;
            long outcome = stripe.put(hash, entry, expected, replaced);
            if (outcome >= 0 || outcome == HashTable.REFUSED) {
                if (buckets != 0) {
                    tellGrowth(buckets, stripe);
                }
                return outcome;
            }
            if (outcome == StripeBooks.OVER_BUDGET) {
                waitedNanos = makeRoomInBudget(entry, keyBytes, ownRemovals, waitedNanos);
                continue;
            }
            long bytes = stripe.insertionBytesBound();
            if (outcome == MemoryAccount.NO_MEMORY) {
                throw outOfMemory(bytes);
            }
            MemoryAccount refusing = refusing(bytes);
            if (group != group(refusing)) {
                group = group(refusing);
                waitedNanos = Math.min(waitedNanos, MAX_WAIT_NANOS);
                continue;
            }
            if (waitedNanos > MAX_WAIT_NANOS) {
                checkOpen();
                noRoom.increment();
                String reason = "no room in the table, and " + whyNot(group);
                throw MaxMemoryException.after(RawZMalloc.zmallocSize(entry), reason, refusing, bytes, keyBytes);
            }
            waitedNanos = makeRoom(group, bytes, 1, removals, waitedNanos);
        }
    }

    /** Tells who records if a table has come to twice as many buckets. */
    private static void tellGrowth(int bucketsBefore, Stripe stripe) {
        int buckets = stripe.table().bucketCount();
        if (Integer.highestOneBit(buckets) > Integer.highestOneBit(bucketsBefore)) {
            Telemetry.present().tableGrew(buckets, stripe.size());
        }
    }

    /** Makes room for so many bytes that nobody holds yet. Answers whether there is some now. */
    boolean tryMakeRoom(long bytes) {
        long waitedNanos = 0;
        StoreGroup group = own;
        long removals = group.removals();
        MemoryAccount refusing;
        while ((refusing = account.refusing(bytes)) != null && waitedNanos <= MAX_WAIT_NANOS) {
            if (group == group(refusing)) {
                waitedNanos = makeRoom(group, bytes, 0, removals, waitedNanos);
            } else {
                group = group(refusing);
            }
            removals = group.removals();
        }
        return refusing == null;
    }

    /**
     * Evicts one entry, or waits where others have taken what there was and not put it yet.
     *
     * @return how long the caller has waited by now
     * @throws MaxMemoryException if nothing can be evicted, or nothing would help
     */
    private long makeRoomInBudget(long entry, int keyBytes, long removals, long waitedNanos) {
        EntryBudget budget = parts.requireBudget();
        long weight = budget.weight(entry);
        boolean neverFits = weight > budget.wanted();
        if (!neverFits && waitedNanos <= MAX_WAIT_NANOS) {
            long usedBefore = budget.used();
            long endedBefore = ended();
            boolean othersHold = begun() - endedBefore > 1;
            if (own.evictOne(this) > 0 || evicted.removals() != removals) {
                return waitedNanos;
            }
            // Who had emptied or filled a stripe, and not told the budget yet, has done so once the lock was had.
            for (Stripe stripe : stripes) {
                stripe.exclusively(() -> {});
            }
            othersHold |= ended() != endedBefore || budget.used() != usedBefore;
            if (othersHold && own.evictor().policy().evicts()) {
                return waitedNanos + pause(own, NO_BYTES, false);
            }
        }
        checkOpen();
        (neverFits ? tooLarge : noRoom).increment();
        throw new MaxMemoryException(
                "no room among the entries, and " + whyNot(own), weight, budget.used(), budget.wanted(), keyBytes);
    }

    /**
     * Evicts as much as the table of a stripe needs to grow at its next insertion, and no more: where others that share
     * an account take the room, the chains stay long, and nothing else is lost.
     */
    void makeRoomToGrow() {
        long growthBytes = HashTable.growthBytesBound();
        long freedBytes = 0;
        MemoryAccount refusing;
        while (freedBytes < growthBytes && (refusing = account.refusing(growthBytes)) != null) {
            long evictedBytes = group(refusing).evictOne(this);
            if (evictedBytes == 0) {
                return;
            }
            freedBytes += evictedBytes;
        }
    }

    private NativeOutOfMemoryError outOfMemory(long requestedBytes) {
        noMemory.increment();
        return new NativeOutOfMemoryError(requestedBytes);
    }

    private MaxMemoryException rejected(String reason, MemoryAccount refusing, long requestedBytes, int keyBytes) {
        checkOpen();
        noRoom.increment();
        return MaxMemoryException.at(reason, refusing, requestedBytes, keyBytes);
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the store is closed");
        }
    }

    /** The account that refused {@code bytes} a moment ago, where only that it did is known. */
    private MemoryAccount refusing(long bytes) {
        MemoryAccount refusing = account.refusing(bytes);
        return refusing == null ? account.leastRoom() : refusing;
    }
}
