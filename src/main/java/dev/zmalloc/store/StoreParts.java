package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.evict.AccessClock;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.EntryPins;
import dev.zmalloc.table.ReaderEpochs;
import dev.zmalloc.table.SipHash;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * What the stripes of a store share.
 *
 * @param account pays for everything
 * @param hash of keys
 * @param clock stamps what is used
 * @param epochs of readers
 * @param pins of readers that take longer
 * @param stripes how many there are
 * @param millis tells the time that expiry goes by
 */
record StoreParts(
        MemoryAccount account,
        SipHash hash,
        AccessClock clock,
        ReaderEpochs epochs,
        EntryPins pins,
        int stripes,
        LongSupplier millis) {
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
