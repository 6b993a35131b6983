package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.evict.AccessClock;
import dev.zmalloc.table.EntryPins;
import dev.zmalloc.table.ReaderEpochs;
import dev.zmalloc.table.SipHash;
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
}
