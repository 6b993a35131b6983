package dev.zmalloc.store;

import dev.zmalloc.evict.Candidate;
import dev.zmalloc.evict.EvictionTarget;
import dev.zmalloc.evict.Evictor;
import dev.zmalloc.table.ChainWalk;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.ReaderEpochs;
import dev.zmalloc.table.SlotCursor;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What the slots of a store tell of single entries, and the mark that protects one. Nothing of it is a use. */
final class StoreSlots {
    private final StoreParts parts;
    private final Stripe[] stripes;
    private final StoreOperations operations;
    private final Evictor evictor;

    StoreSlots(StoreParts parts, Stripe[] stripes, StoreOperations operations, Evictor evictor) {
        this.parts = parts;
        this.stripes = stripes;
        this.operations = operations;
        this.evictor = evictor;
    }

    /** Protects a key from eviction, or ends that. Answers whether it is there. */
    boolean setProtected(byte[] key, boolean on) {
        long hash = parts.hash().hash(key, key.length);
        Stripe stripe = operations.stripe(hash);
        return stripe.underLock(() -> {
            SlotCursor slot = find(stripe, hash, key);
            if (slot != null) {
                stripe.books().setProtected(slot, on);
            }
            return slot != null;
        });
    }

    boolean isProtected(byte[] key) {
        long hash = parts.hash().hash(key, key.length);
        Stripe stripe = operations.stripe(hash);
        return stripe.underLock(() -> {
            SlotCursor slot = find(stripe, hash, key);
            return slot != null && slot.isProtected();
        });
    }

    private static @Nullable SlotCursor find(Stripe stripe, long hash, byte[] key) {
        stripe.checkOpen();
        SlotCursor slot = new SlotCursor(stripe.table());
        return slot.findKey(hash, key, key.length, 0) && !stripe.isDead(slot.entry()) ? slot : null;
    }

    /** What is made of an entry that is found. */
    @FunctionalInterface
    interface Look {
        /** Called in an epoch, with the access field. Answers what is wanted. */
        OptionalLong at(long entry, int access);
    }

    /** Looks at the entry of a key; empty if it is not there. */
    OptionalLong look(byte[] key, Look look) {
        long hash = parts.hash().hash(key, key.length);
        Stripe stripe = operations.stripe(hash);
        int[] seen = {0};
        ReaderEpochs epochs = parts.epochs();
        int ticket = epochs.enter();
        try {
            // Nothing is stored, since the field becomes what it was.
            long entry = stripe.findLive(hash, key, key.length, access -> seen[0] = access);
            return entry == 0 ? OptionalLong.empty() : look.at(entry, seen[0]);
        } finally {
            epochs.exit(ticket);
        }
    }

    /** Those in the pool that are still there, the best victim first. */
    List<EvictionCandidate> candidates() {
        List<EvictionCandidate> present = new ArrayList<>();
        for (Candidate candidate : evictor.candidates()) {
            Stripe stripe = stripes[StoreEntries.stripe(candidate.location())];
            int ticket = parts.epochs().enter();
            try {
                // The address is compared before anything is read by it.
                ChainWalk.sample(stripe.table(), (int) candidate.location(), null, (entry, bucket, access, expires) -> {
                    if (entry == candidate.item()) {
                        boolean isStale = candidate.access() != EvictionTarget.EXPIRED && access != candidate.access();
                        present.add(new EvictionCandidate(EntryLayout.copyOfKey(entry), candidate.score(), isStale));
                    }
                });
            } finally {
                parts.epochs().exit(ticket);
            }
        }
        return present;
    }
}
