package dev.zmalloc.store;

import dev.zmalloc.ffi.ByteRange;
import dev.zmalloc.ffi.Memory;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.EntryPins;
import dev.zmalloc.table.HashTable;
import dev.zmalloc.table.KeyHash;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The operations of a store on keys and values wherever they are: each is a {@code byte[]} or a {@link MemorySegment},
 * and its length ({@link ByteRange}).
 *
 * <p>What depends on the value that is there, such as replacing it if it equals another, pins the entry, looks at it
 * without a lock, and then changes the table only if that very entry is still under the key. A pinned entry's block is
 * not reused, so that the same address is the same entry.
 */
final class StoreOperations {
    private static final int STRIPE_SHIFT = 48;

    private final KeyHash hash;
    private final EntryPins pins;
    private final Stripe[] stripes;
    private final StoreMemory memory;
    private final WriterLanes lanes;
    private final @Nullable RemovalNotices notices;
    private final AtomicReference<@Nullable AccessRecorder> recorder = new AtomicReference<>();

    StoreOperations(StoreParts parts, Stripe[] stripes, StoreMemory memory) {
        hash = parts.hash();
        pins = parts.pins();
        lanes = parts.lanes();
        notices = parts.notices();
        this.stripes = stripes;
        this.memory = memory;
    }

    /**
     * The stripe comes from hash bits that are neither the bucket's (the lowest) nor the fingerprint's (the top eight).
     */
    Stripe stripe(long keyHash) {
        return stripes[(int) (keyHash >>> STRIPE_SHIFT) & (stripes.length - 1)];
    }

    byte @Nullable [] get(Object key, int bytes) {
        long keyHash = hash.hash(key, bytes);
        byte[] value = stripe(keyHash).get(keyHash, key, bytes);
        if (value != null) {
            used(keyHash, value.length);
        }
        return value;
    }

    int getInto(Object key, int bytes, Object target, long targetOffset, long atMost) {
        long keyHash = hash.hash(key, bytes);
        int valueBytes = stripe(keyHash).get(keyHash, key, bytes, target, targetOffset, atMost);
        if (valueBytes != Stripe.NOT_THERE) {
            used(keyHash, valueBytes);
        }
        return valueBytes;
    }

    /** Takes note of a use where that is recorded. */
    private void used(long keyHash, int valueBytes) {
        AccessRecorder recording = recorder.get();
        if (recording != null) {
            recording.record(keyHash, valueBytes);
        }
    }

    /** Takes note of a put where that is recorded. Answers whether it was one. */
    private boolean noted(boolean isPut, Object key, int keyBytes, int valueBytes) {
        if (isPut && recorder.get() != null) {
            used(hash.hash(key, keyBytes), valueBytes);
        }
        return isPut;
    }

    /** The hash of a key in another form, which tells nobody about the store's. */
    long disguised(long keyHash) {
        return hash.disguised(keyHash);
    }

    /** Has uses recorded from now on, if they are not already. */
    boolean tryRecord(AccessRecorder recording) {
        return recorder.compareAndSet(null, recording);
    }

    /** Ends what {@link #tryRecord} began. Answers whether it had not ended. */
    boolean endRecord(AccessRecorder recording) {
        return recorder.compareAndSet(recording, null);
    }

    boolean containsKey(Object key, int bytes) {
        long keyHash = hash.hash(key, bytes);
        return stripe(keyHash).containsKey(keyHash, key, bytes);
    }

    /** Looks at an entry that is pinned meanwhile. */
    interface EntryReader<R extends @Nullable Object> {
        /** May be a user's code: it runs without a lock, in no epoch. */
        R read(Stripe stripe, long entry);
    }

    /** Shows the entry of a key to {@code reader}; {@code null} if it is not there. Counts as a hit or a miss. */
    <R extends @Nullable Object> @Nullable R readEntry(Object key, int bytes, EntryReader<R> reader) {
        long keyHash = hash.hash(key, bytes);
        Stripe stripe = stripe(keyHash);
        int pin = stripe.pin(keyHash, key, bytes);
        if (pin == Stripe.NOT_THERE) {
            return null;
        }
        try {
            used(keyHash, EntryLayout.valueBytes(pins.entry(pin)));
            return reader.read(stripe, pins.entry(pin));
        } finally {
            stripe.unpin(pin);
        }
    }

    @SuppressWarnings("MustBeClosedChecker") // closed by hand, since what follows depends on whether closing succeeded
    <R extends @Nullable Object> @Nullable R read(
            Object key, int bytes, Function<? super MemorySegment, ? extends R> reader) {
        long keyHash = hash.hash(key, bytes);
        Stripe stripe = stripe(keyHash);
        int pin = stripe.pin(keyHash, key, bytes);
        if (pin == Stripe.NOT_THERE) {
            return null;
        }
        Arena arena = null;
        try {
            used(keyHash, EntryLayout.valueBytes(pins.entry(pin)));
            arena = Arena.ofConfined();
            return reader.apply(value(pins.entry(pin), arena));
        } finally {
            if (arena != null) {
                // If this throws, something still holds the segment: the entry stays pinned, since a leak is better
                // than a wild read.
                arena.close();
            }
            stripe.unpin(pin);
        }
    }

    @SuppressWarnings("MustBeClosedChecker") // the lease closes it
    @Nullable
    ValueLease lease(Object key, int bytes, boolean shared) {
        long keyHash = hash.hash(key, bytes);
        Stripe stripe = stripe(keyHash);
        int pin = stripe.pin(keyHash, key, bytes);
        if (pin == Stripe.NOT_THERE) {
            return null;
        }
        boolean made = false;
        try {
            used(keyHash, EntryLayout.valueBytes(pins.entry(pin)));
            Arena arena = shared ? Arena.ofShared() : Arena.ofConfined();
            ValueLease lease = new ValueLease(stripe, pin, arena, value(pins.entry(pin), arena));
            made = true;
            return lease;
        } finally {
            if (!made) {
                stripe.unpin(pin);
            }
        }
    }

    /** The value of an entry, read-only, for as long as the arena lives. */
    static MemorySegment value(long entry, Arena arena) {
        return Memory.readOnlySegment(EntryLayout.valueAddress(entry), EntryLayout.valueBytes(entry), arena);
    }

    /** A value that is made where it is to lie. */
    interface ValueWriter {
        /** How many bytes it takes. */
        long bytes();

        /**
         * Writes all of them. May be a user's code, and throw: it runs without a lock, in no epoch. Others that find no
         * room meanwhile wait for it, but not for long.
         */
        void write(long address);
    }

    /**
     * Puts a value.
     *
     * @param value bytes, or a {@link ValueWriter}
     * @param expiry milliseconds, or {@link EntryLayout#NEVER}
     * @param expected as for {@link HashTable#put}
     * @return whether it was put; false if what is there is not as expected
     */
    boolean put(Object key, int keyBytes, Object value, int valueBytes, long expiry, long expected) {
        LeftEntry replaced = leaving(RemovalCause.REPLACED);
        if (replaced == null) {
            boolean isPut = write(key, keyBytes, value, valueBytes, expiry, expected, null);
            return noted(isPut, key, keyBytes, valueBytes);
        }
        try {
            boolean isPut = write(key, keyBytes, value, valueBytes, expiry, expected, replaced);
            return noted(isPut, key, keyBytes, valueBytes);
        } finally {
            end(replaced, RemovalCause.REPLACED);
        }
    }

    /**
     * Like {@link #put}, without telling a listener.
     *
     * @param replaced as for {@link Stripe#put}
     */
    private boolean write(
            Object key,
            int keyBytes,
            Object value,
            int valueBytes,
            long expiry,
            long expected,
            @Nullable LeftEntry replaced) {
        long entryBytes = EntryLayout.entryBytes(keyBytes, valueBytes, expiry != EntryLayout.NEVER);
        WriterLane lane = lanes.own();
        long reused = lane.begin(entryBytes);
        long entry = reused != 0 ? reused : memory.take(lane, entryBytes, keyBytes);
        long outcome = HashTable.REFUSED;
        Stripe stripe;
        try {
            EntryLayout.writeHeader(entry, keyBytes, valueBytes, expiry);
            long keyAddress = EntryLayout.keyAddress(entry);
            ByteRange.copyIn(key, keyAddress, keyBytes);
            if (value instanceof ValueWriter writer) {
                writer.write(keyAddress + keyBytes);
            } else {
                ByteRange.copyIn(value, keyAddress + keyBytes, valueBytes);
            }
            // Of the copy: the caller's bytes may change, and an entry must be where its own hash says.
            long keyHash = hash.hash(keyAddress, keyBytes);
            stripe = stripe(keyHash);
            outcome = memory.insert(stripe, keyHash, entry, keyBytes, expected, replaced);
        } finally {
            if (outcome >= 0) {
                lane.end(outcome);
            } else if (reused != 0) {
                lane.giveBack(entry, entryBytes);
            } else {
                memory.free(entry, entryBytes);
                lane.end(outcome);
            }
        }
        // The entry is the table's by now: whatever goes wrong from here on must not free it.
        if (outcome == HashTable.INSERTED && stripe.isCrowded()) {
            memory.makeRoomToGrow();
        }
        return outcome >= 0;
    }

    /** The value that was replaced, or {@code null}. */
    byte @Nullable [] getAndPut(Object key, int keyBytes, byte[] value) {
        LeftEntry replaced = leavingForCopy(RemovalCause.REPLACED);
        try {
            boolean isPut = write(key, keyBytes, value, value.length, EntryLayout.NEVER, HashTable.ANY, replaced);
            noted(isPut, key, keyBytes, value.length);
            return copy(replaced);
        } finally {
            end(replaced, RemovalCause.REPLACED);
        }
    }

    /** The value that was removed, or {@code null}. */
    byte @Nullable [] getAndRemove(Object key, int keyBytes) {
        LeftEntry removed = leavingForCopy(RemovalCause.REMOVED);
        long keyHash = hash.hash(key, keyBytes);
        try {
            stripe(keyHash).remove(keyHash, key, keyBytes, HashTable.ANY, removed);
            return copy(removed);
        } finally {
            end(removed, RemovalCause.REMOVED);
        }
    }

    private byte @Nullable [] copy(LeftEntry left) {
        return left.stripe() == null || left.isDead() ? null : EntryLayout.copyOfValue(pins.entry(left.pin()));
    }

    private boolean tells(RemovalCause cause) {
        return notices != null && notices.tells(cause);
    }

    /** Takes what leaves for a cause, or is found to have expired then; {@code null} if no listener wants either. */
    private @Nullable LeftEntry leaving(RemovalCause cause) {
        boolean isLiveWanted = tells(cause);
        boolean isDeadWanted = tells(RemovalCause.EXPIRED);
        return isLiveWanted || isDeadWanted
                ? new LeftEntry(isLiveWanted ? LeftEntry.Interest.WHOLE : LeftEntry.Interest.NONE, isDeadWanted)
                : null;
    }

    /** The same where its value is to be copied anyway. */
    private LeftEntry leavingForCopy(RemovalCause cause) {
        return new LeftEntry(
                tells(cause) ? LeftEntry.Interest.WHOLE : LeftEntry.Interest.COPY, tells(RemovalCause.EXPIRED));
    }

    /** After a change: tells the listener, if it wants to know, of what left, and takes the pin off. */
    private void end(LeftEntry left, RemovalCause cause) {
        Stripe stripe = left.stripe();
        RemovalCause actual = left.isDead() ? RemovalCause.EXPIRED : cause;
        if (stripe != null && notices != null && notices.tells(actual)) {
            notices.tell(actual, stripe, left.pin());
        } else {
            left.letGo();
        }
    }

    boolean remove(Object key, int bytes) {
        long keyHash = hash.hash(key, bytes);
        return remove(stripe(keyHash), keyHash, key, bytes, HashTable.ANY);
    }

    /** Removes the entry of a key if it is the given one. Answers whether one that lives was removed. */
    boolean remove(Stripe stripe, long keyHash, Object key, int bytes, long expected) {
        LeftEntry removed = leaving(RemovalCause.REMOVED);
        if (removed == null) {
            return stripe.remove(keyHash, key, bytes, expected, null);
        }
        try {
            return stripe.remove(keyHash, key, bytes, expected, removed);
        } finally {
            end(removed, RemovalCause.REMOVED);
        }
    }

    /** A change to a key that depends on the entry that is there. */
    interface Change {
        /**
         * Makes the change if {@code entry}, pinned, is still there.
         *
         * @return whether that was so, or the change was not wanted
         */
        boolean tryMake(Stripe stripe, long keyHash, long entry);
    }

    /** Tries a change until the entry that it saw is still there. Answers whether there was an entry. */
    boolean change(Object key, int bytes, Change change) {
        long keyHash = hash.hash(key, bytes);
        Stripe stripe = stripe(keyHash);
        while (true) {
            int pin = stripe.peek(keyHash, key, bytes);
            if (pin == Stripe.NOT_THERE) {
                return false;
            }
            try {
                if (change.tryMake(stripe, keyHash, pins.entry(pin))) {
                    return true;
                }
            } finally {
                stripe.unpin(pin);
            }
        }
    }

    /** Removes a key if its value is the given one. */
    boolean remove(Object key, int bytes, Object value, int valueBytes) {
        boolean[] removed = {false};
        change(key, bytes, (stripe, keyHash, entry) -> {
            if (!hasValue(entry, value, valueBytes)) {
                return true;
            }
            removed[0] = remove(stripe, keyHash, key, bytes, entry);
            return removed[0];
        });
        return removed[0];
    }

    /**
     * Replaces the value of a key that is there.
     *
     * @param expected the value that it must have, or {@code null} for any
     */
    boolean replace(
            Object key, int keyBytes, @Nullable Object expected, int expectedBytes, Object value, int valueBytes) {
        boolean[] replaced = {false};
        change(key, keyBytes, (stripe, keyHash, entry) -> {
            if (expected != null && !hasValue(entry, expected, expectedBytes)) {
                return true;
            }
            replaced[0] = put(key, keyBytes, value, valueBytes, EntryLayout.NEVER, entry);
            return replaced[0];
        });
        return replaced[0];
    }

    private static boolean hasValue(long entry, Object value, int bytes) {
        return EntryLayout.valueBytes(entry) == bytes && ByteRange.equal(EntryLayout.valueAddress(entry), value, bytes);
    }

    /**
     * Sets when an entry expires, in place, or by a copy of it where it begins or ceases to expire. Answers whether the
     * key is there.
     */
    boolean expireAt(Object key, int bytes, long expiry) {
        return change(key, bytes, (stripe, keyHash, entry) -> {
            long before = EntryLayout.expiry(entry);
            if (before == expiry) {
                return true;
            }
            if (before != EntryLayout.NEVER && expiry != EntryLayout.NEVER) {
                return stripe.underLock(() -> reschedule(stripe, keyHash, key, bytes, entry, expiry));
            }
            int valueBytes = EntryLayout.valueBytes(entry);
            MemorySegment value = Memory.segment(EntryLayout.valueAddress(entry), valueBytes);
            return write(key, bytes, value, valueBytes, expiry, entry, null);
        });
    }

    private static boolean reschedule(Stripe stripe, long keyHash, Object key, int bytes, long entry, long expiry) {
        stripe.checkOpen();
        if (stripe.isDead(entry) || stripe.table().find(keyHash, key, bytes, null) != entry) {
            return false;
        }
        EntryLayout.setExpiry(entry, expiry);
        stripe.noteExpiry(expiry);
        return true;
    }

    /**
     * Sets when a pinned entry that expires does so, to a time at which it still does; whether it is there or not, and
     * without a lock unless that is sooner than it was. One that expires meanwhile may be removed in spite of it.
     */
    static void touch(Stripe stripe, long entry, long expiry) {
        long before = EntryLayout.expiry(entry);
        if (expiry != before) {
            EntryLayout.setExpiry(entry, expiry);
        }
        if (expiry < before) {
            stripe.exclusively(() -> stripe.noteExpiry(expiry));
        }
    }

    /** When the entry of a key expires, {@link EntryLayout#NEVER} if never; {@code null} if the key is not there. */
    @Nullable
    Long expiry(Object key, int bytes) {
        long[] expiry = {0};
        boolean there = change(key, bytes, (stripe, keyHash, entry) -> {
            expiry[0] = EntryLayout.expiry(entry);
            return true;
        });
        return there ? expiry[0] : null;
    }

    /** The bytes to request for the entry of a key; {@code null} if it is not there. */
    @Nullable
    Long entryBytes(Object key, int bytes) {
        long[] entryBytes = {0};
        boolean there = change(key, bytes, (stripe, keyHash, entry) -> {
            entryBytes[0] = EntryLayout.entryBytes(entry);
            return true;
        });
        return there ? entryBytes[0] : null;
    }

    /** Gives the value of a key to {@code function}, and puts what it returns, or removes the key. */
    byte @Nullable [] update(Object key, int bytes, UnaryOperator<byte @Nullable []> function) {
        while (true) {
            byte[][] result = new byte[1][];
            boolean there = change(key, bytes, (stripe, keyHash, entry) -> {
                byte[] updated = function.apply(EntryLayout.copyOfValue(entry));
                result[0] = updated;
                return updated == null
                        ? remove(stripe, keyHash, key, bytes, entry)
                        : put(key, bytes, updated, updated.length, EntryLayout.NEVER, entry);
            });
            if (there) {
                return result[0];
            }
            byte[] created = function.apply(null);
            if (created == null || put(key, bytes, created, created.length, EntryLayout.NEVER, HashTable.ABSENT)) {
                return created;
            }
        }
    }
}
