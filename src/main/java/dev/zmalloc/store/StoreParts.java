package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.EntryPins;
import dev.zmalloc.table.KeyHash;
import dev.zmalloc.table.ReaderEpochs;
import dev.zmalloc.table.StripeSet;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What the stripes of a store share.
 *
 * @param account pays for everything
 * @param hash of keys
 * @param epochs of readers
 * @param pins of readers that take longer
 * @param stripes how many there are
 * @param lanes of writers
 * @param waiting those with blocks that wait for readers
 * @param cleared those with tables that were cleared
 * @param millis tells the time that expiry goes by
 * @param sizes tells the bytes of an entry, for policies that go by these
 * @param budget a limit beside that of memory, or {@code null}
 * @param countsPayload whether the budget is of {@code sizes}, in place of a limit of memory
 * @param notices tells a listener what leaves; {@code null} if there is none
 */
record StoreParts(
        MemoryAccount account,
        KeyHash hash,
        ReaderEpochs epochs,
        EntryPins pins,
        int stripes,
        WriterLanes lanes,
        StripeSet waiting,
        StripeSet cleared,
        LongSupplier millis,
        LongUnaryOperator sizes,
        @Nullable EntryBudget budget,
        boolean countsPayload,
        @Nullable RemovalNotices notices) {
    /** The usable bytes that an entry takes, as near as can be told without asking the allocator. */
    static long usableBytes(long entry) {
        return RawZMalloc.usableBytesBound(EntryLayout.entryBytes(entry));
    }

    /** The budget of a store that has one. */
    EntryBudget requireBudget() {
        return Objects.requireNonNull(budget, "budget");
    }

    /** The hash of an entry's key. */
    long hashOf(long entry) {
        return hash.hash(EntryLayout.keyAddress(entry), EntryLayout.keyBytes(entry));
    }

    /** The time, in milliseconds. */
    long now() {
        return millis.getAsLong();
    }

    /**
     * When what lives for {@code timeToLive} from now on has expired; {@link EntryLayout#NEVER} if that is beyond the
     * clock's range.
     *
     * @throws IllegalArgumentException if it is shorter than a millisecond
     */
    long expiry(Duration timeToLive) {
        long liveMillis = TimeUnit.MILLISECONDS.convert(timeToLive);
        if (liveMillis < 1) {
            throw new IllegalArgumentException("a time to live of less than a millisecond: " + timeToLive);
        }
        long now = now();
        return now + liveMillis < now ? EntryLayout.NEVER : now + liveMillis;
    }
}
