package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.table.TableValidator;

/** Walks a store that nobody uses meanwhile and checks every invariant: places, counts and, to the byte, its memory. */
final class StoreValidator {
    private StoreValidator() {}

    /** Checks {@code store}, which must have no reader under way. */
    static void validate(OffHeapStore store) {
        long usedBytes = store.evictor().poolBytes();
        long entries = 0;
        for (Stripe stripe : store.stripes()) {
            usedBytes += TableValidator.validate(stripe.table(), store.hash());
            entries += stripe.table().size();
            assertThat(stripe.pinned()).as("readers under way").isZero();
        }
        assertThat(store.size()).isEqualTo(entries);
        assertThat(store.usedMemory())
                .as("used memory against the blocks that there are")
                .isEqualTo(usedBytes);
        if (store.maxMemory() != 0) {
            assertThat(store.usedMemory()).isLessThanOrEqualTo(store.maxMemory());
        }
    }
}
