package dev.zmalloc.store;

import dev.zmalloc.evict.AccessClock;
import dev.zmalloc.evict.AccessRule;
import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.Evictor;
import dev.zmalloc.table.HashTable;
import org.jspecify.annotations.Nullable;

/**
 * The policy that a stripe goes by.
 *
 * @param policy its name
 * @param parameters what tunes it
 * @param rule what it keeps in access fields
 * @param clock is told of insertions
 */
record StripePolicy(EvictionPolicy policy, EvictionParameters parameters, AccessRule rule, AccessClock clock) {
    /** What an evictor goes by. */
    static StripePolicy of(Evictor evictor) {
        return new StripePolicy(evictor.policy(), evictor.parameters(), evictor.rule(), evictor.clock());
    }

    /** The index that the policy needs beside a table; {@code null} if none. */
    @Nullable
    StripeIndex newIndex(StoreParts parts, HashTable table) {
        if (policy.isQueued()) {
            boolean byPayload = parts.countsPayload();
            S3FifoQueues.Settings settings = new S3FifoQueues.Settings(
                    policy.isVolatile(),
                    S3FifoQueues.share(parameters.smallPercent()),
                    parameters.promoteAt(),
                    parts.sizes(),
                    byPayload ? parts.requireBudget().wanted() / parts.stripes() : 0,
                    byPayload ? Integer.MAX_VALUE : S3FifoQueues.PATIENCE);
            return new S3FifoQueues(parts.account(), table, settings);
        }
        return policy.isVolatile() ? new VolatileIndex(parts.account(), table) : null;
    }
}
