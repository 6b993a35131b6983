package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.evict.AccessRule;
import dev.zmalloc.table.ChainWalk;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.EntryVisitor;
import dev.zmalloc.table.HashTable;
import dev.zmalloc.table.OwnedCount;
import dev.zmalloc.table.SlotCursor;
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

    /** Answered by {@link #sampleExpiring}: it is known without a search that no entry expires. */
    static final int NONE_EXPIRES = -1;

    /** Chains that are searched at once for entries that expire, where there is no index of them. */
    private static final int SECTION_CHAINS = 64;

    private final StoreParts parts;
    private final @Nullable EntryBudget budget;

    /** Changed with the policy. */
    private volatile @Nullable IntUnaryOperator reading;

    private volatile @Nullable IntUnaryOperator aging;
    private StripePolicy policy;
    private volatile @Nullable StripeIndex index;

    /** What the entries weigh in the budget, if there is one. */
    private long weight;

    /** Entries that are protected. */
    private final OwnedCount protectedEntries = new OwnedCount();

    /** How many entries {@link #sampleExpiring} has shown. */
    private int shown;

    /** Whether the policy is being changed, so that there is no index yet. */
    private boolean isChanging;

    /** Whether entries may be there that the index should have and has not. */
    private boolean isPartial;

    /** Why {@link #adopt} could not take in all. */
    private long refusal;

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

    /**
     * An index for a table that is empty or has none yet; {@code null} if the policy needs none, or while it is being
     * changed: a reader may still write by the rule of the last one.
     */
    @Nullable
    StripeIndex newIndex(HashTable table) {
        return isChanging ? null : policy.newIndex(parts, table);
    }

    /** Begins anew, for a table that is empty. */
    void startOver(@Nullable StripeIndex fresh) {
        index = fresh;
        isPartial = isChanging;
        protectedEntries.add(-protectedEntries.get());
        if (budget != null) {
            budget.give(weight);
            weight = 0;
        }
    }

    /**
     * Puts an entry into the table, and into the books.
     *
     * @return as {@link HashTable#put}, or {@link #OVER_BUDGET}, with nothing changed as with its other negative
     *     answers
     */
    long put(HashTable table, long hash, long entry, long expected) {
        long added = addedWeight(table, hash, entry, expected);
        // Before room is made: a key that is remembered must not be forgotten for it.
        int access = freshAccess(hash, entry);
        long unexpected = expect(added);
        if (unexpected != 0) {
            return unexpected;
        }
        long outcome = HashTable.REFUSED;
        try {
            outcome = table.put(hash, entry, access, rule(), expected, index != null);
        } finally {
            if (outcome < 0) {
                unexpect(added);
            }
        }
        if (outcome == HashTable.INSERTED) {
            policy.clock().inserted(table.size() * parts.stripes());
        }
        StripeIndex present = index;
        if (present != null && outcome == HashTable.INSERTED) {
            present.inserted(hash, entry, access);
        } else if (present != null && outcome > 0) {
            replaced(present, table, hash, outcome, entry);
        }
        return outcome;
    }

    private static void replaced(StripeIndex present, HashTable table, long hash, long replaced, long entry) {
        boolean isProtected = table.lastIsProtected();
        if (isProtected) {
            present.marked(replaced, false);
        }
        present.replaced(hash, replaced, entry, table.lastAccess());
        if (isProtected) {
            present.marked(entry, true);
        }
    }

    /** What an entry adds to the budget; 0 if there is none, or the put will be refused. */
    private long addedWeight(HashTable table, long hash, long entry, long expected) {
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
    private long expect(long added) {
        if (budget != null && !budget.tryTake(added)) {
            return OVER_BUDGET;
        }
        weigh(added);
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
    private void unexpect(long added) {
        if (budget != null) {
            budget.give(added);
            weigh(-added);
        }
    }

    /** Writes only where there is a budget: a line that each put writes travels from thread to thread. */
    private void weigh(long added) {
        if (added != 0) {
            weight += added;
        }
    }

    /** The most bytes that {@link #expect} needs. Any thread. */
    long expectationBytesBound() {
        StripeIndex present = index;
        return present == null ? 0 : present.expectationBytesBound();
    }

    /** The access field of an entry whose key is not there. */
    private int freshAccess(long hash, long entry) {
        int fresh = policy.rule().fresh();
        StripeIndex present = index;
        return present == null ? fresh : present.freshAccess(hash, entry, fresh);
    }

    /** Takes note of the entry that has left the table last and is not in another's place. */
    void left(HashTable table, long entry) {
        StripeIndex present = index;
        if (table.lastIsProtected()) {
            protectedEntries.add(-1);
            if (present != null) {
                present.marked(entry, false);
            }
        }
        if (present != null) {
            present.removed(entry, table.lastAccess());
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

    /** How many entries are protected. Any thread. */
    long protectedEntries() {
        return protectedEntries.get();
    }

    /** Protects the entry at {@code slot} from eviction, or ends that. */
    void setProtected(SlotCursor slot, boolean on) {
        if (slot.isProtected() == on) {
            return;
        }
        slot.setProtected(on);
        protectedEntries.add(on ? 1 : -1);
        StripeIndex present = index;
        if (present != null) {
            present.marked(slot.entry(), on);
        }
    }

    /** Ends the protection of an entry that has expired and may be replaced: its key counts as absent. */
    void unprotectDead(HashTable table, long hash, long entry) {
        if (protectedEntries.get() == 0) {
            return;
        }
        long there = table.getLike(hash, entry);
        if (there != 0 && EntryLayout.expiry(there) != EntryLayout.NEVER && EntryLayout.expiry(there) <= parts.now()) {
            SlotCursor slot = new SlotCursor(table);
            slot.findKey(hash, null, 0, entry);
            setProtected(slot, false);
        }
    }

    /** What the queues hold, in bytes, about. Any thread. */
    long queuedBytes() {
        return index instanceof S3FifoQueues queues ? queues.queuedBytes() : 0;
    }

    /** Whether the policy spares entries without an expiry. */
    boolean sparesLasting() {
        return policy.policy().isVolatile();
    }

    /** In how many sections {@link #sampleExpiring} searches a table. */
    static int sections(HashTable table) {
        return (table.bucketCount() + SECTION_CHAINS - 1) / SECTION_CHAINS;
    }

    /** Where the policy finds what to evict: buckets, or entries in the index, or bytes there. Any thread. */
    long weight(HashTable table) {
        StripeIndex present = index;
        return present != null ? present.weight() : table.size() == 0 ? 0 : table.bucketCount();
    }

    /**
     * Shows entries that expire: of those that the index has, or, where it has none, of a section of the table.
     *
     * @param section any number: it is taken modulo {@link #sections}
     * @return how many; {@link #NONE_EXPIRES}
     */
    int sampleExpiring(HashTable table, int section, long random, int count, EntryVisitor visitor) {
        shown = index instanceof VolatileIndex expiring ? expiring.sample(random, count, rule(), visitor) : 0;
        boolean mayHave =
                isPartial || !sparesLasting() || (index instanceof S3FifoQueues queues && queues.queuedBytes() > 0);
        if (shown == 0 && table.size() > 0 && mayHave) {
            int first = Integer.remainderUnsigned(section, sections(table)) * SECTION_CHAINS;
            ChainWalk.forEachExpiring(table, first, SECTION_CHAINS, false, (entry, bucket, access, expires) -> {
                visitor.visit(entry, bucket, access, expires);
                shown++;
            });
        }
        return shown == 0 && !mayHave ? NONE_EXPIRES : shown;
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
        isChanging = true;
        isPartial = true;
        return old;
    }

    /** The second step, for some chains: makes every entry's access field what it is for a new one. */
    void renew(HashTable table, int firstChain, int chains) {
        int fresh = policy.rule().fresh();
        ChainWalk.stamp(table, firstChain, chains, (entry, access, expires) -> {
            if (expires) {
                EntryLayout.setPlace(entry, EntryLayout.NO_PLACE);
            }
            return fresh;
        });
    }

    /** The third step. Answers whether there is an index now, and entries may be there that it is to take in. */
    boolean open(HashTable table) {
        isChanging = false;
        index = newIndex(table);
        isPartial = index != null && table.size() > 0;
        return isPartial;
    }

    /**
     * The last step, for some chains: lets the index take in what was there before it, as far as there is memory.
     *
     * @return 0; or why it lacks some of it, {@link MemoryAccount#OVER_LIMIT} or {@link MemoryAccount#NO_MEMORY}, and
     *     the step is to be taken again once there is memory
     */
    long adopt(HashTable table, int firstChain, int chains) {
        StripeIndex adopting = index;
        refusal = 0;
        if (adopting != null) {
            ChainWalk.stamp(table, firstChain, chains, (entry, access, expires) -> {
                if (refusal != 0 || (sparesLasting() && !expires) || !adopting.lacks(entry, access)) {
                    return access;
                }
                refusal = adopting.tryExpect();
                return refusal == 0 ? adopting.adopt(parts.hashOf(entry), entry, access) : access;
            });
        }
        return refusal;
    }

    StripePolicy policy() {
        return policy;
    }

    /** Whether entries may be there that the index should have and has not. */
    boolean isPartial() {
        return isPartial;
    }

    /** What the entries weigh in the budget; 0 if there is none. */
    long weight() {
        return weight;
    }

    /** When nothing is left to {@link #adopt}: takes what the index wants besides. Answers as that. */
    long complete() {
        isPartial = false;
        StripeIndex present = index;
        return present == null ? 0 : present.tryComplete();
    }

    /** The most bytes that {@link #complete} needs. */
    long completionBytesBound() {
        StripeIndex present = index;
        return present == null ? 0 : present.completionBytesBound();
    }
}
