package dev.zmalloc.store;

import dev.zmalloc.evict.AccessRule;
import dev.zmalloc.table.ChainWalk;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.EntryVisitor;
import dev.zmalloc.table.HashTable;
import java.util.function.IntUnaryOperator;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * What a stripe keeps of the entries in its table: their access fields by the policy's rule, the policy's index, and
 * their weight in the store's budget. Under the stripe's lock, but for what readers and samplers ask.
 */
final class StripeBooks {
    /** The store's budget would be passed. */
    static final long OVER_BUDGET = -4;

    /** Chains that are searched for entries that expire where there is no index of them. */
    private static final int SEARCHED_CHAINS = 64;

    private final StoreParts parts;
    private final @Nullable EntryBudget budget;

    /** Changed with the policy. */
    private volatile @Nullable IntUnaryOperator reading;

    private volatile @Nullable IntUnaryOperator aging;
    private StripePolicy policy;
    private volatile @Nullable StripeIndex index;

    /** What the entries weigh in the budget, if there is one. */
    private long weight;

    /** How many entries {@link #sampleExpiring} has shown. */
    private int shown;

    StripeBooks(StoreParts parts, StripePolicy policy) {
        this.parts = parts;
        this.policy = policy;
        budget = parts.budget();
        use(policy);
    }

    private void use(StripePolicy next) {
        policy = next;
        AccessRule rule = next.rule();
        reading = rule.countsReads() ? rule : null;
        aging = rule.ages() ? rule::aged : null;
    }

    /** What becomes of the access field of an entry that is read; {@code null} for nothing. Any thread. */
    @Nullable
    IntUnaryOperator reading() {
        return reading;
    }

    /** What becomes of the access field of an entry that is sampled; {@code null} for nothing. Any thread. */
    @Nullable
    IntUnaryOperator aging() {
        return aging;
    }

    /** What becomes of the access field of an entry that is replaced. */
    AccessRule rule() {
        return policy.rule();
    }

    @Nullable
    StripeIndex index() {
        return index;
    }

    /** An index for a table that is empty or has none yet; {@code null} if the policy needs none. */
    @Nullable
    StripeIndex newIndex(HashTable table) {
        return policy.newIndex(parts, table);
    }

    /** Begins anew, for a table that is empty. */
    void startOver(@Nullable StripeIndex fresh) {
        index = fresh;
        if (budget != null) {
            budget.give(weight);
            weight = 0;
        }
    }

    /** What an entry adds to the budget; 0 if there is none, or the put will be refused. */
    long addedWeight(HashTable table, long hash, long entry, long expected) {
        if (budget == null) {
            return 0;
        }
        long there = table.getLike(hash, entry);
        return expected != HashTable.ANY && expected != there
                ? 0
                : budget.weight(entry) - (there == 0 ? 0 : budget.weight(there));
    }

    /**
     * Charges a weight, and sees to it that the index can take an entry.
     *
     * @return 0, or why not, with nothing changed
     */
    long expect(long added) {
        if (budget != null && !budget.tryTake(added)) {
            return OVER_BUDGET;
        }
        weight += added;
        boolean isReady = false;
        try {
            StripeIndex present = index;
            long outcome = present == null ? 0 : present.tryExpect();
            isReady = outcome == 0;
            return outcome;
        } finally {
            if (!isReady) {
                unexpect(added);
            }
        }
    }

    /** Takes back what {@link #expect} charged. */
    void unexpect(long added) {
        if (budget != null) {
            budget.give(added);
            weight -= added;
        }
    }

    /** The most bytes that {@link #expect} needs. Any thread. */
    long expectationBytesBound() {
        StripeIndex present = index;
        return present == null ? 0 : present.expectationBytesBound();
    }

    /** The access field of an entry whose key is not there. */
    int freshAccess(long hash, long entry) {
        int fresh = policy.rule().fresh();
        StripeIndex present = index;
        return present == null ? fresh : present.freshAccess(hash, entry, fresh);
    }

    void inserted(long hash, long entry, int access) {
        StripeIndex present = index;
        if (present != null) {
            present.inserted(hash, entry, access);
        }
    }

    void replaced(long hash, long replaced, long entry, int access) {
        StripeIndex present = index;
        if (present != null) {
            present.replaced(hash, replaced, entry, access);
        }
    }

    /** Takes note of an entry that has left the table and is not in another's place. */
    void left(long entry, int access) {
        StripeIndex present = index;
        if (present != null) {
            present.removed(entry, access);
        }
        if (budget != null) {
            unexpect(budget.weight(entry));
        }
    }

    /** Takes a victim out of the table by the policy's queues; 0 if there are none, or they have none. */
    long evictNext(LongPredicate isHeld, LongPredicate isDead) {
        long entry = index instanceof S3FifoQueues queues ? queues.evict(isHeld, isDead) : 0;
        if (entry != 0 && budget != null) {
            unexpect(budget.weight(entry));
        }
        return entry;
    }

    /** What the queues hold, in bytes, about. Any thread. */
    long queuedBytes() {
        return index instanceof S3FifoQueues queues ? queues.queuedBytes() : 0;
    }

    /**
     * Shows entries that expire: of those that the index has, or, while there is none, of some chains.
     *
     * @return how many
     */
    int sampleExpiring(HashTable table, int firstChain, long random, int count, EntryVisitor visitor) {
        if (index instanceof VolatileIndex expiring) {
            return expiring.sample(random, count, policy.rule(), visitor);
        }
        shown = 0;
        ChainWalk.forEachExpiring(table, firstChain, SEARCHED_CHAINS, (entry, bucket, access) -> {
            visitor.visit(entry, bucket, access);
            shown++;
        });
        return shown;
    }

    /*
     * Changing the policy, in steps between which the lock is let go. First the rule: from then on fields are written
     * by the new one, and the old index is out of use. When no reader is left that goes by the old rule, every field is
     * made what it is for a new entry. Only then there is an index, which adopts what is there.
     */

    /** The first step. Answers the index that is out of use now. */
    @Nullable
    StripeIndex change(StripePolicy next) {
        StripeIndex old = index;
        use(next);
        index = null;
        return old;
    }

    /** The second step, for some chains: makes every entry's access field what it is for a new one. */
    void renew(HashTable table, int firstChain, int chains) {
        int fresh = policy.rule().fresh();
        ChainWalk.stamp(table, firstChain, chains, (entry, access) -> {
            if (EntryLayout.expiry(entry) != EntryLayout.NEVER) {
                EntryLayout.setPlace(entry, EntryLayout.NO_PLACE);
            }
            return fresh;
        });
    }

    /** The third step. */
    void open(HashTable table) {
        if (index == null) {
            index = newIndex(table);
        }
    }

    /** The last step, for some chains: lets the index take in what was there before it. */
    void adopt(HashTable table, int firstChain, int chains) {
        StripeIndex adopting = index;
        if (adopting != null) {
            ChainWalk.stamp(
                    table, firstChain, chains, (entry, access) -> adopting.adopt(parts.hashOf(entry), entry, access));
        }
    }
}
