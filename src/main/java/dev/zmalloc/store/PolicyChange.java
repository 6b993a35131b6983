package dev.zmalloc.store;

import dev.zmalloc.table.ReaderEpochs;
import java.util.concurrent.locks.LockSupport;

/**
 * Makes the stripes of a store go by another policy, while everything goes on: in the steps of {@link StripeBooks},
 * some chains at a time, so that no lock is held for long. The access fields of all entries are renewed, which is a
 * walk through the buckets; entries are looked at only where the new policy keeps an index of them.
 *
 * <p>Where entries are merged into chains that were passed already, the walk is done again.
 */
final class PolicyChange {
    private static final int CHAINS_PER_STEP = 64;
    private static final long PAUSE_NANOS = 20_000;

    private final Stripe[] stripes;
    private final ReaderEpochs epochs;

    PolicyChange(Stripe[] stripes, ReaderEpochs epochs) {
        this.stripes = stripes;
        this.epochs = epochs;
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
            walk(stripe, chain -> stripe.books().renew(stripe.table(), chain, CHAINS_PER_STEP));
            stripe.exclusively(() -> stripe.books().open(stripe.table()));
            if (stripe.books().index() != null) {
                walk(stripe, chain -> stripe.books().adopt(stripe.table(), chain, CHAINS_PER_STEP));
            }
        }
    }

    private interface Step {
        void take(int firstChain);
    }

    private static void walk(Stripe stripe, Step step) {
        boolean isComplete = false;
        while (!isComplete) {
            int buckets = stripe.table().bucketCount();
            for (int chain = 0; chain < stripe.table().bucketCount(); chain += CHAINS_PER_STEP) {
                int first = chain;
                stripe.exclusively(() -> step.take(first));
            }
            isComplete = stripe.table().bucketCount() >= buckets;
        }
    }
}
