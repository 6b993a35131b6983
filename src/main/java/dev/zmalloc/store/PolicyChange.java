package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.table.HashTable;
import dev.zmalloc.table.ReaderEpochs;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Makes the stripes of a store go by another policy, while everything goes on: in the steps of {@link StripeBooks},
 * some chains at a time, so that no lock is held for long. The access fields of all entries are renewed, which is a
 * walk through the buckets; entries are looked at only if they expire, or the new policy keeps an index of them. For
 * that room is made by evicting, where the limit leaves none.
 *
 * <p>Where entries are merged into chains that were passed already, or all are cleared, the walk is done again.
 */
final class PolicyChange {
    private static final int CHAINS_PER_STEP = 64;

    /** How often room is made for one step, where others take it. */
    private static final int ATTEMPTS = 100;

    private static final long PAUSE_NANOS = 20_000;

    private final Stripe[] stripes;
    private final ReaderEpochs epochs;
    private final StoreMemory memory;

    PolicyChange(Stripe[] stripes, ReaderEpochs epochs, StoreMemory memory) {
        this.stripes = stripes;
        this.epochs = epochs;
        this.memory = memory;
    }

    /**
     * Makes all stripes go by {@code policy}. One change at a time.
     *
     * @throws IllegalStateException if the store is closed
     */
    void make(StripePolicy policy) {
        for (Stripe stripe : stripes) {
            stripe.exclusively(() -> {
                stripe.checkOpen();
                ClearedTables.Cleared last =
                        stripe.cleared().expect(null, stripe.books().index());
                stripe.books().change(policy);
                stripe.cleared().unlinked(last);
            });
        }
        // A reader that goes by the old rule may still store what it made of a field.
        int past = epochs.unlinked();
        while (!epochs.advanceBeyond(past)) {
            LockSupport.parkNanos(PAUSE_NANOS);
        }
        for (Stripe stripe : stripes) {
            walk(stripe, chain -> {
                stripe.exclusively(() -> stripe.books().renew(stripe.table(), chain, CHAINS_PER_STEP));
                return true;
            });
            boolean adopts = stripe.underLock(() -> stripe.books().open(stripe.table()));
            if (adopts && walk(stripe, chain -> adopt(stripe, chain))) {
                takeWithRoom(stripe, stripe.books()::complete, stripe.books()::completionBytesBound);
            }
        }
    }

    /** Lets the index take in the entries of some chains. Answers whether it has them all. */
    private boolean adopt(Stripe stripe, int chain) {
        StripeBooks books = stripe.books();
        return takeWithRoom(
                stripe, () -> books.adopt(stripe.table(), chain, CHAINS_PER_STEP), books::expectationBytesBound);
    }

    /**
     * Takes a step under the lock, and again once there is room, where the limit refused it. Answers whether it did.
     */
    private boolean takeWithRoom(Stripe stripe, Supplier<Long> step, LongSupplier bytesBound) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            long refusal = stripe.underLock(step);
            if (refusal != MemoryAccount.OVER_LIMIT || !memory.tryMakeRoom(stripe.underLock(bytesBound::getAsLong))) {
                return refusal == 0;
            }
        }
        return false;
    }

    private interface Step {
        boolean take(int firstChain);
    }

    /** Takes a step for each group of chains, until one fails or no entry can have been missed. Answers which. */
    private static boolean walk(Stripe stripe, Step step) {
        boolean isComplete = false;
        while (!isComplete) {
            HashTable table = stripe.table();
            long merges = stripe.underLock(table::merges);
            for (int chain = 0; chain < table.bucketCount(); chain += CHAINS_PER_STEP) {
                if (!step.take(chain)) {
                    return false;
                }
            }
            isComplete = stripe.table() == table && merges == stripe.underLock(table::merges);
        }
        return true;
    }
}
