package dev.zmalloc.store;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.evict.EvictionTarget;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.EntryPins;
import dev.zmalloc.table.EntryVisitor;
import dev.zmalloc.table.HashTable;
import dev.zmalloc.table.OwnedCount;
import dev.zmalloc.table.RetiredBlocks;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Takes entries out of a stripe that nobody asked to remove: victims of the policy, and those that have expired. Where
 * there is a listener, they are noted for it.
 */
final class StripeVictims {
    /** Chains that are searched for expired entries at once, where each of these is pinned for a listener. */
    private static final int TOLD_CHAINS = 4;

    private final Stripe stripe;
    private final StripeBooks books;
    private final BriefLock lock;
    private final RetiredBlocks retired;
    private final ExpiredEntries expired;
    private final EntryPins pins;
    private final @Nullable RemovalNotices notices;
    private final LongPredicate isHeld;
    private final LongPredicate isDead;
    private final OwnedCount expirations = new OwnedCount();
    private final OwnedCount evictions = new OwnedCount();
    private final OwnedCount evictedBytes = new OwnedCount();

    StripeVictims(
            Stripe stripe,
            StoreParts parts,
            StripeBooks books,
            BriefLock lock,
            RetiredBlocks retired,
            ExpiredEntries expired) {
        this.stripe = stripe;
        this.books = books;
        this.lock = lock;
        this.retired = retired;
        this.expired = expired;
        pins = parts.pins();
        notices = parts.notices();
        isHeld = pins::isHeld;
        isDead = stripe::isDead;
    }

    /**
     * Evicts an entry seen earlier, if it is still there, has the same access field and nobody holds it. By address: if
     * another entry has come to that meanwhile, it goes instead, unless the policy spares it.
     *
     * @return the bytes of it, which are free once the readers of this epoch, and who copies it, are gone; as a
     *     negative number if it had expired; or 0
     */
    long evict(long entry, int bucketIndex, int access) {
        lock.lock();
        try {
            retired.ensureRoom(HashTable.retirementsBound());
            boolean expiring = access == EvictionTarget.EXPIRED || books.sparesLasting();
            if (stripe.isClosed()
                    || pins.isHeld(entry)
                    || !stripe.table().removeIfUnchanged(bucketIndex, entry, access, expiring)) {
                return 0;
            }
            books.left(stripe.table(), entry);
            return retireVictim(entry);
        } finally {
            lock.unlock();
        }
    }

    /** Evicts an entry by the queues. Answers what {@link #evict} does; 0 if there are none, or all are held. */
    long evictNext() {
        lock.lock();
        try {
            if (stripe.isClosed()) {
                return 0;
            }
            retired.ensureRoom(HashTable.retirementsBound());
            long entry = books.evictNext(isHeld, isDead);
            return entry == 0 ? 0 : retireVictim(entry);
        } finally {
            lock.unlock();
        }
    }

    private long retireVictim(long entry) {
        // By the slot, and by the allocator's own records: the entry was not used for long, and to read its header is
        // to wait for memory.
        long bytes = RawZMalloc.zmallocSize(entry);
        boolean isLive = true;
        try {
            isLive = !stripe.table().lastExpires() || !stripe.isDead(entry);
            note(isLive ? RemovalCause.EVICTED : RemovalCause.EXPIRED, entry);
        } finally {
            retired.retireNow(entry, bytes);
        }
        if (!isLive) {
            expirations.add(1);
            return -bytes;
        }
        evictions.add(1);
        evictedBytes.add(bytes);
        return bytes;
    }

    /** Notes an entry that has left the table, and is not retired yet, for the listener, if there is one. */
    private void note(RemovalCause cause, long entry) {
        if (notices != null) {
            notices.add(cause, stripe, entry);
        }
    }

    /**
     * Shows entries that expire, chosen at random: by the policy's index, or, where that has not all of them, by
     * looking for some, which takes time.
     *
     * @return how many
     */
    int sampleExpiring(long random, int count, EntryVisitor visitor) {
        int shown = 0;
        int sections = 1;
        for (int section = 0; section < sections && shown == 0; section++) {
            lock.lock();
            try {
                shown = books.sampleExpiring(stripe.table(), (int) (random >>> 40) + section, random, count, visitor);
                sections = shown == StripeBooks.NONE_EXPIRES ? 0 : StripeBooks.sections(stripe.table());
            } finally {
                lock.unlock();
            }
        }
        return Math.max(0, shown);
    }

    /**
     * Removes entries that have expired, if any may have: in a part of the table that follows on that of the call
     * before.
     *
     * @return whether there is no more of that to do for now
     */
    boolean removeExpired(int atMost) {
        if (expired.isIdle()) {
            return true;
        }
        int chains = notices == null ? atMost : Math.min(atMost, TOLD_CHAINS);
        int removed = 0;
        lock.lock();
        try {
            HashTable present = stripe.table();
            expired.look(present, chains);
            for (int number = 0; number < expired.size(); number++) {
                retired.ensureRoom(HashTable.retirementsBound());
                long entry = expired.entry(number);
                if (present.removeIfUnchanged(expired.bucket(number), entry, HashTable.EVEN_PROTECTED, true)) {
                    books.left(present, entry);
                    expirations.add(1);
                    retireExpired(entry);
                    removed++;
                }
            }
            return expired.proceed(present, chains);
        } finally {
            lock.unlock();
            if (notices != null) {
                notices.tell(removed);
            }
        }
    }

    private void retireExpired(long entry) {
        try {
            note(RemovalCause.EXPIRED, entry);
        } finally {
            retired.retire(entry, EntryLayout.entryBytes(entry));
        }
    }

    /** Counts an entry that was found dead. Under the lock. */
    void countExpiration() {
        expirations.add(1);
    }

    long expirations() {
        return expirations.get();
    }

    long evictions() {
        return evictions.get();
    }

    long evictedBytes() {
        return evictedBytes.get();
    }
}
