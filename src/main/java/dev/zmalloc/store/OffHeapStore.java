package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.NativeOutOfMemoryError;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.evict.Evictor;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.HashTable;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A map of byte strings to byte strings in native memory, under a hard limit.
 *
 * <p>Keys, values, buckets and everything else lie in blocks of {@link dev.zmalloc.ZMalloc} and count, in usable bytes,
 * against {@code maxMemory}: {@code usedMemory() <= maxMemory()} at every instant. A put that needs room evicts by the
 * store's policy until its entry fits, on its own thread, and takes memory only then; what cannot fit is refused with
 * {@link MaxMemoryException}.
 *
 * <p>Any thread may call any method, virtual ones included. Reads take no lock and never wait for writers. Arrays and
 * segments that are passed in are copied and stay the caller's; arrays that come back are copies and the caller's. No
 * method keeps a reference to an argument. A key has up to {@value #MAX_KEY_BYTES} bytes, a value up to
 * {@value #MAX_VALUE_BYTES}; both may be empty. {@link #close} frees everything; a store that is dropped without it
 * leaks its memory.
 *
 * <p>Each method that takes a {@code byte[]} also takes a {@link MemorySegment}, on the heap or native, whose slices
 * are ranges of either. A segment is read where it is.
 */
@SuppressWarnings("exports") // the annotations of jspecify, which need not be there for who compiles against this
public final class OffHeapStore implements AutoCloseable, Iterable<Map.Entry<byte[], byte[]>> {
    /*
     * Layers.  OffHeapStore is the API.  StoreOperations picks the stripe.  StoreMemory reserves, and evicts.  Stripe
     * locks for changes.  HashTable finds slots.  MemoryAccount holds the limit.
     *
     * A put.   reserve the entry's bytes (making room until the limit allows), take the block, write key and value into
     *          it: all without a lock.  Then, under the stripe's lock, hang it into the table.  If the table needs
     *          memory in turn that the limit forbids, the lock is let go, room is made, and the put tries again.  Locks
     *          never nest but for a group's around its evictor's, and an evictor's around a stripe's.
     *
     * A read.  Enter an epoch, find the entry, copy its value, exit.  A long value, and one that is read in place, is
     *          pinned meanwhile, and read after the exit.
     *
     * Owners.  A block belongs to the put that took it until the table has it, then to the table; who takes it out of
     *          the table retires it, and it is freed when no reader has it any more.
     */

    /** The longest key, in bytes. */
    public static final int MAX_KEY_BYTES = EntryLayout.MAX_KEY_BYTES;

    /** The longest value, in bytes. */
    public static final int MAX_VALUE_BYTES = EntryLayout.MAX_VALUE_BYTES;

    private static final int SCANNED_AT_ONCE = 100;

    private final MemoryAccount account;
    private final StoreParts parts;
    private final Stripe[] stripes;
    private final Evictor evictor;
    private final StoreMemory memory;
    private final StoreOperations operations;
    private final StoreKeeper keeper;
    private final StoreScan scan;
    private final StoreEviction eviction;
    private final CloseActions closeActions = new CloseActions();
    private volatile boolean closed;

    OffHeapStore(OffHeapStoreBuilder builder) {
        StoreCore core = StoreCore.open(builder);
        account = core.account;
        parts = core.parts;
        stripes = core.stripes;
        evictor = core.evictor;
        memory = core.memory;
        operations = core.operations;
        keeper = core.keeper;
        eviction = core.eviction;
        scan = core.scan;
    }

    /** A builder whose defaults are Redis': no limit, {@code noeviction}. */
    public static OffHeapStoreBuilder builder() {
        return new OffHeapStoreBuilder();
    }

    /**
     * A copy of the value of {@code key}, or {@code null} if it is not there.
     *
     * @throws IllegalStateException if the store is closed
     */
    public byte @Nullable [] get(byte[] key) {
        return operations.get(key, key.length);
    }

    /** Like {@link #get(byte[])}. */
    public byte @Nullable [] get(MemorySegment key) {
        return operations.get(key, keyBytes(key));
    }

    /**
     * Copies the value of {@code key} into {@code target}, from {@code offset}, if there is room for all of it.
     *
     * @return the length of the value, whether it was copied or was too long; -1 if the key is not there
     * @throws IndexOutOfBoundsException if {@code offset} is not within {@code target}
     * @throws IllegalStateException if the store is closed
     */
    public int getInto(byte[] key, byte[] target, int offset) {
        Objects.checkIndex(offset, target.length + 1);
        return operations.getInto(key, key.length, target, offset, target.length - offset);
    }

    /**
     * Like {@link #getInto(byte[], byte[], int)}.
     *
     * @throws IllegalArgumentException if {@code target} is read-only
     */
    public int getInto(MemorySegment key, MemorySegment target) {
        if (target.isReadOnly()) {
            throw new IllegalArgumentException("a value cannot be copied into a read-only segment");
        }
        return operations.getInto(key, keyBytes(key), target, 0, target.byteSize());
    }

    /**
     * The values of {@code keys}, in their order, {@code null} for each that is not there. Each is read on its own:
     * with changes under way they need not be of one moment.
     *
     * @throws IllegalStateException if the store is closed
     */
    public List<byte @Nullable []> getAll(Collection<byte[]> keys) {
        List<byte @Nullable []> values = new ArrayList<>(keys.size());
        for (byte[] key : keys) {
            values.add(get(key));
        }
        return values;
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
        return operations.read(key, key.length, reader);
    }

    /** Like {@link #read(byte[], Function)}. */
    public <R extends @Nullable Object> @Nullable R read(
            MemorySegment key, Function<? super MemorySegment, ? extends R> reader) {
        Objects.requireNonNull(reader, "reader");
        return operations.read(key, keyBytes(key), reader);
    }

    /**
     * The value of {@code key} where it lies, for as long as the lease is open; {@code null} if it is not there. The
     * caller closes it, on the same thread.
     *
     * @throws IllegalStateException if the store is closed
     */
    public @Nullable ValueLease lease(byte[] key) {
        return operations.lease(key, key.length, false);
    }

    /** Like {@link #lease(byte[])}. */
    public @Nullable ValueLease lease(MemorySegment key) {
        return operations.lease(key, keyBytes(key), false);
    }

    /** Like {@link #lease(byte[])}, and any thread may use and close it. */
    public @Nullable ValueLease leaseShared(byte[] key) {
        return operations.lease(key, key.length, true);
    }

    /** Tells whether {@code key} is there. Not a use of the entry: it counts neither as a hit nor for eviction. */
    public boolean containsKey(byte[] key) {
        return operations.containsKey(key, key.length);
    }

    /** Like {@link #containsKey(byte[])}. */
    public boolean containsKey(MemorySegment key) {
        return operations.containsKey(key, keyBytes(key));
    }

    /**
     * Stores a copy of {@code value} under a copy of {@code key}, in place of an earlier value. It does not expire.
     *
     * <p>Both values are in memory for a moment, so that readers always find one: at the limit, replacing needs room
     * like inserting.
     *
     * @throws IllegalArgumentException if key or value are too long
     * @throws MaxMemoryException if the limit leaves no room and the policy can make none; the key keeps the value it
     *     had
     * @throws NativeOutOfMemoryError if the allocator has no memory; the key keeps the value it had
     * @throws IllegalStateException if the store is closed
     */
    public void put(byte[] key, byte[] value) {
        putRange(key, key.length, value, value.length, EntryLayout.NEVER, HashTable.ANY);
    }

    /** Like {@link #put(byte[], byte[])}. */
    public void put(MemorySegment key, MemorySegment value) {
        putRange(key, key.byteSize(), value, value.byteSize(), EntryLayout.NEVER, HashTable.ANY);
    }

    /**
     * Like {@link #put(byte[], byte[])}, and the entry expires: it is not there any more once {@code timeToLive} is
     * over.
     *
     * @param timeToLive at least a millisecond; fractions of one are cut off. What ends beyond the clock's range never
     *     ends
     * @throws IllegalArgumentException if it is shorter than a millisecond
     */
    public void put(byte[] key, byte[] value, Duration timeToLive) {
        putRange(key, key.length, value, value.length, expiry(timeToLive), HashTable.ANY);
    }

    /** Like {@link #put(byte[], byte[], Duration)}. */
    public void put(MemorySegment key, MemorySegment value, Duration timeToLive) {
        putRange(key, key.byteSize(), value, value.byteSize(), expiry(timeToLive), HashTable.ANY);
    }

    /** Puts each entry of {@code entries}, one after another; what one refusal throws leaves those before it in. */
    public void putAll(Collection<? extends Map.Entry<byte[], byte[]>> entries) {
        for (Map.Entry<byte[], byte[]> entry : entries) {
            put(entry.getKey(), entry.getValue());
        }
    }

    /** Like {@link #put(byte[], byte[])}, if {@code key} is not there. Answers whether it was put. */
    public boolean putIfAbsent(byte[] key, byte[] value) {
        checkLengths(key.length, value.length);
        return !containsKey(key) && putRange(key, key.length, value, value.length, EntryLayout.NEVER, HashTable.ABSENT);
    }

    /** Like {@link #putIfAbsent(byte[], byte[])}. */
    public boolean putIfAbsent(MemorySegment key, MemorySegment value) {
        checkLengths(key.byteSize(), value.byteSize());
        return !containsKey(key)
                && putRange(key, key.byteSize(), value, value.byteSize(), EntryLayout.NEVER, HashTable.ABSENT);
    }

    /** Like {@link #put(byte[], byte[])}, if {@code key} is there. Answers whether it was put. */
    public boolean replace(byte[] key, byte[] value) {
        checkLengths(key.length, value.length);
        return operations.replace(key, key.length, null, 0, value, value.length);
    }

    /** Like {@link #replace(byte[], byte[])}. */
    public boolean replace(MemorySegment key, MemorySegment value) {
        checkLengths(key.byteSize(), value.byteSize());
        return operations.replace(key, keyBytes(key), null, 0, value, (int) value.byteSize());
    }

    /**
     * Like {@link #put(byte[], byte[])}, if the value of {@code key} is {@code expected}. Answers whether it was put.
     */
    public boolean replace(byte[] key, byte[] expected, byte[] value) {
        checkLengths(key.length, value.length);
        return operations.replace(key, key.length, expected, expected.length, value, value.length);
    }

    /** Like {@link #replace(byte[], byte[], byte[])}. */
    public boolean replace(MemorySegment key, MemorySegment expected, MemorySegment value) {
        checkLengths(key.byteSize(), value.byteSize());
        int expectedBytes = (int) Math.min(Integer.MAX_VALUE, expected.byteSize());
        return operations.replace(key, keyBytes(key), expected, expectedBytes, value, (int) value.byteSize());
    }

    /** Like {@link #put(byte[], byte[])}, and answers the value that was replaced; {@code null} if there was none. */
    public byte @Nullable [] getAndPut(byte[] key, byte[] value) {
        checkLengths(key.length, value.length);
        return operations.getAndPut(key, key.length, value);
    }

    /**
     * Changes the value of {@code key} at once: gives a copy of it to {@code function}, {@code null} if there is none,
     * and puts what it returns, or removes the key if that is {@code null}.
     *
     * <p>The function runs without a lock, and again if the key was changed meanwhile: it may run more than once, and
     * should do nothing else. It may call the store.
     *
     * @return what the function returned at last
     * @throws MaxMemoryException as for {@link #put(byte[], byte[])}; the key keeps the value it had
     */
    public byte @Nullable [] update(byte[] key, UnaryOperator<byte @Nullable []> function) {
        checkLengths(key.length, 0);
        return operations.update(key, key.length, Objects.requireNonNull(function, "function"));
    }

    /**
     * Removes {@code key} and its value.
     *
     * @return whether it was there
     * @throws IllegalStateException if the store is closed
     */
    public boolean remove(byte[] key) {
        return operations.remove(key, key.length);
    }

    /** Like {@link #remove(byte[])}. */
    public boolean remove(MemorySegment key) {
        return operations.remove(key, keyBytes(key));
    }

    /**
     * Like {@link #remove(byte[])}, if the value of {@code key} is {@code expected}. Answers whether it was removed.
     */
    public boolean remove(byte[] key, byte[] expected) {
        return operations.remove(key, key.length, expected, expected.length);
    }

    /** Like {@link #remove(byte[], byte[])}. */
    public boolean remove(MemorySegment key, MemorySegment expected) {
        int expectedBytes = (int) Math.min(Integer.MAX_VALUE, expected.byteSize());
        return operations.remove(key, keyBytes(key), expected, expectedBytes);
    }

    /** Like {@link #remove(byte[])}, and answers the value that was removed; {@code null} if there was none. */
    public byte @Nullable [] getAndRemove(byte[] key) {
        return operations.getAndRemove(key, key.length);
    }

    /**
     * Lets {@code key} expire after {@code timeToLive}, from now on. If it did not expire so far, the entry is copied,
     * which needs room like a put.
     *
     * @return whether the key is there
     * @throws IllegalArgumentException if {@code timeToLive} is shorter than a millisecond
     * @throws MaxMemoryException as for {@link #put(byte[], byte[])}; the expiry is as it was
     */
    public boolean expire(byte[] key, Duration timeToLive) {
        long expiry = expiry(timeToLive);
        return operations.expireAt(key, key.length, expiry);
    }

    /** Lets {@code key} never expire. Answers whether the key is there. If it did, that needs room like a put. */
    public boolean persist(byte[] key) {
        return operations.expireAt(key, key.length, EntryLayout.NEVER);
    }

    /**
     * How long {@code key} has to live.
     *
     * @return the time left; {@code null} if the key is not there, or does not expire
     */
    public @Nullable Duration timeToLive(byte[] key) {
        Long expiry = operations.expiry(key, key.length);
        if (expiry == null || expiry == EntryLayout.NEVER) {
            return null;
        }
        long millis = expiry - parts.now();
        return millis > 0 ? Duration.ofMillis(millis) : null;
    }

    /**
     * The usable bytes that the entry of {@code key} takes, without its share of the table; empty if it is not there.
     * Where the allocator does not tell usable sizes beforehand, the most that it can be.
     */
    public OptionalLong entryBytes(byte[] key) {
        Long requested = operations.entryBytes(key, key.length);
        return requested == null ? OptionalLong.empty() : OptionalLong.of(RawZMalloc.usableBytesBound(requested));
    }

    /**
     * Shows some entries to {@code visitor} where they lie, and answers the cursor to go on from: Redis' {@code SCAN}.
     *
     * <p>A scan begins at 0 and is over when 0 is answered. The cursor is all that there is of it: it may be kept, sent
     * elsewhere, used again or dropped. Every entry that is there from the first call to the last is shown, whatever is
     * put and removed meanwhile; one that is there for a part of that time may be. No key is shown twice, provided that
     * each call goes on from the answer of the call before. Showing is no use of an entry, neither a hit nor for
     * eviction; entries are not evicted while they are shown. Takes time for about {@code count} entries, and a lock
     * only where other threads' changes do not leave a place alone for long enough to read it.
     *
     * @param count about how many entries to show: a few more if they share a place, fewer where the table is sparse,
     *     and at times none, without the scan being over
     * @throws IllegalArgumentException if {@code cursor} is not one of this store's, or {@code count} is not positive
     * @throws IllegalStateException if the store is closed
     */
    public long scan(long cursor, int count, ScanVisitor visitor) {
        return scan.scan(cursor, count, Objects.requireNonNull(visitor, "visitor"));
    }

    /** Shows all entries to {@code visitor}, by a {@link #scan}. */
    public void forEach(ScanVisitor visitor) {
        long cursor = 0;
        do {
            cursor = scan(cursor, SCANNED_AT_ONCE, visitor);
        } while (cursor != 0);
    }

    /**
     * Gives copies of all entries, by a {@link #scan}: what is there all along comes once, and changes meanwhile do no
     * harm. An entry may be gone by the time it is given. For one thread at a time; nothing need be closed.
     */
    @Override
    public Iterator<Map.Entry<byte[], byte[]>> iterator() {
        return new StoreIterator<>(
                scan,
                (key, value) -> Map.entry(key.toArray(ValueLayout.JAVA_BYTE), value.toArray(ValueLayout.JAVA_BYTE)));
    }

    /** Like {@link #iterator}, with copies of the keys alone. */
    public Iterator<byte[]> keyIterator() {
        return new StoreIterator<>(scan, (key, value) -> key.toArray(ValueLayout.JAVA_BYTE));
    }

    /**
     * A copy of a key chosen at random, each with the same chance; {@code null} if there is none. Not a use of the
     * entry. Takes constant time unless most of what is there has expired.
     *
     * @throws IllegalStateException if the store is closed
     */
    public byte @Nullable [] randomKey() {
        return scan.randomKey(ThreadLocalRandom.current());
    }

    /**
     * Removes everything. Takes constant time; the memory is freed in steps, by a thread of the store's and by
     * operations that need it. Not atomic against other threads' puts.
     */
    public void clear() {
        for (Stripe stripe : stripes) {
            stripe.clear();
        }
        keeper.start();
    }

    /**
     * The number of entries, those included that have expired and were not yet removed; with changes under way, of a
     * moment near now.
     */
    public long size() {
        long size = 0;
        for (Stripe stripe : stripes) {
            size += stripe.size();
        }
        return size;
    }

    /**
     * Bytes in use: entries, table, pool, reservations under way, and blocks that wait for readers. 0 after
     * {@link #close}, once the last reader and lease have ended.
     */
    public long usedMemory() {
        return account.usedMemory();
    }

    /** The limit in bytes; 0 for none. */
    public long maxMemory() {
        return eviction.maxMemory();
    }

    /** The limits and the policy, to ask for and to change, and what was evicted. */
    public StoreEviction eviction() {
        return eviction;
    }

    /**
     * Tells whether the store would be over its limit once {@code more} bytes are taken: eviction would have to make
     * room first.
     */
    public boolean overMemoryAfterAllocation(long more) {
        return account.isOver(more);
    }

    /** What the store has done so far, and holds now. Takes constant time. Works on a closed store too. */
    public StoreStatistics statistics() {
        return StoreStatistics.of(this);
    }

    /**
     * Frees all memory and refuses later calls. Never waits for code of a user's: an entry under a reader or a lease is
     * freed when that ends, so that this is legal inside a reader too. Used memory is 0 then. Closing twice does
     * nothing.
     */
    @Override
    public void close() {
        closed = true;
        keeper.close();
        memory.close();
        evictor.close();
        for (Stripe stripe : stripes) {
            stripe.close();
        }
        try {
            memory.release();
        } finally {
            StoreGroup.close(memory);
        }
        closeActions.run();
    }

    /**
     * Closes the store, and waits until all of its memory was freed.
     *
     * @param atMost how long to wait for readers and leases
     * @return whether it was; if not, what is left is freed when the last of them ends
     */
    public boolean close(Duration atMost) {
        long nanos = TimeUnit.NANOSECONDS.convert(atMost);
        close();
        return memory.awaitRelease(nanos);
    }

    /**
     * Has {@code action} run once when the store is closed, by the thread that does it, after calls are refused; at
     * once if it is closed. What it throws is logged.
     */
    public void onClose(Runnable action) {
        closeActions.add(action);
    }

    /** Whether {@link #close} was called. */
    public boolean isClosed() {
        return closed;
    }

    /** For the statistics and the validator. */
    Stripe[] stripes() {
        return stripes;
    }

    StoreParts parts() {
        return parts;
    }

    Evictor evictor() {
        return evictor;
    }

    StoreMemory memory() {
        return memory;
    }

    /** For the typed cache, and for what records or guards the store. */
    StoreOperations operations() {
        return operations;
    }

    /** For tests that want to be alone. */
    StoreKeeper keeper() {
        return keeper;
    }

    /** For tests that choose what is random. */
    StoreScan scanning() {
        return scan;
    }

    private boolean putRange(Object key, long keyBytes, Object value, long valueBytes, long expiry, long expected) {
        if (closed) {
            throw new IllegalStateException("the store is closed");
        }
        checkLengths(keyBytes, valueBytes);
        return operations.put(key, (int) keyBytes, value, (int) valueBytes, expiry, expected);
    }

    private static void checkLengths(long keyBytes, long valueBytes) {
        if (keyBytes > MAX_KEY_BYTES || valueBytes > MAX_VALUE_BYTES) {
            throw new IllegalArgumentException("a key of " + keyBytes + " bytes and a value of " + valueBytes
                    + " do not fit: at most " + MAX_KEY_BYTES + " and " + MAX_VALUE_BYTES + " are allowed");
        }
    }

    private static int keyBytes(MemorySegment key) {
        checkLengths(key.byteSize(), 0);
        return (int) key.byteSize();
    }

    private long expiry(Duration timeToLive) {
        long expiry = parts.expiry(timeToLive);
        keeper.start();
        return expiry;
    }
}
