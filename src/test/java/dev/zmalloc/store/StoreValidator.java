package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.evict.PoolValidator;
import dev.zmalloc.table.TableValidator;

/**
 * Walks a store that nobody uses meanwhile and checks every invariant: places, counts, what the policy keeps, and, to
 * the byte, its memory.
 */
public final class StoreValidator {
    private StoreValidator() {}

    /** Checks {@code store}, which must have no reader under way. Its keeper is kept out. */
    public static void validate(OffHeapStore store) {
        validate(store, 0);
    }

    private static void validate(OffHeapStore store, int locked) {
        if (locked < store.stripes().length) {
            store.stripes()[locked].exclusively(() -> validate(store, locked + 1));
        } else {
            walk(store);
        }
    }

    /** All of it: the store's own thread may free some at any time, and lanes have no lock that keeps it from that. */
    private static void letGoOfReplaced(WriterLanes lanes) {
        for (int tries = 0; tries < 1_000 && lanes.readableBytes() > 0; tries++) {
            lanes.reclaim();
        }
        assertThat(lanes.readableBytes() + lanes.heldBytes())
                .as("bytes of replaced entries that wait for readers and leases")
                .isZero();
        lanes.forEach(lane ->
                lane.replaced().forEach((address, bytes) -> fail("an entry of " + bytes + " bytes is not counted")));
    }

    private static void walk(OffHeapStore store) {
        long usedBytes = store.evictor().poolBytes();
        long entries = 0;
        long weight = 0;
        letGoOfReplaced(store.parts().lanes());
        for (Stripe stripe : store.stripes()) {
            // What was cleared or retired lately is let go of first, or counted.
            while (stripe.hasCleared()) {
                stripe.drainSome(1_000);
            }
            stripe.reclaim();
            long[] waiting = {0};
            stripe.retired().forEach((address, bytes) -> waiting[0] += RawZMalloc.zmallocSize(address));
            StripeIndex index = stripe.books().index();
            usedBytes += (index == null ? 0 : index.bytes()) + stripe.cleared().indexBytes();
            usedBytes += waiting[0]
                    + TableValidator.validate(stripe.table(), store.parts().hash());
            entries += stripe.table().size();
            weight += IndexValidator.validate(stripe, store.parts());
            assertThat(stripe.heldBytes())
                    .as("bytes that wait for readers and leases")
                    .isZero();
        }
        assertThat(store.parts().pins().count())
                .as("readers and leases under way")
                .isZero();
        assertThat(store.parts().epochs().readers()).as("readings under way").isZero();
        assertThat(store.size()).isEqualTo(entries);
        assertThat(store.usedMemory())
                .as("used memory against the blocks that there are")
                .isEqualTo(usedBytes);
        // Of the account: where the limit was lowered, it follows what is used down.
        assertThat(store.usedMemory())
                .isLessThanOrEqualTo(store.parts().account().maxMemory());
        EntryBudget budget = store.parts().budget();
        if (budget != null) {
            assertThat(budget.used()).as("used of the budget").isEqualTo(weight);
        }
        PoolValidator.validate(store.evictor());
    }
}
