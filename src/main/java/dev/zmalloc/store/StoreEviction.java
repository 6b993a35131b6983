package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.MemoryLimits;
import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.EvictionResult;
import dev.zmalloc.evict.EvictionStatistics;
import dev.zmalloc.evict.Evictor;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The limits of an {@link OffHeapStore} and its policy, which can be changed while it runs, and eviction by hand.
 *
 * <p>A limit that is lowered below what the store holds goes down as that does. Until then puts make the room that they
 * need and no more, and a thread of the store's evicts the rest in steps; {@link #performEvictions} helps.
 *
 * <p>Any thread may call any method. They belong to the store and are of no use once that is closed.
 */
public final class StoreEviction {
    private final MemoryAccount account;
    private final Evictor evictor;
    private final StoreEntries entries;
    private final StoreParts parts;
    private final StoreMemory memory;
    private final StoreKeeper keeper;
    private final PolicyChange change;
    private final ReentrantLock changing = new ReentrantLock();
    private final ReentrantLock settling = new ReentrantLock();
    private volatile long maxMemory;

    StoreEviction(
            StoreParts parts,
            Evictor evictor,
            StoreEntries entries,
            StoreMemory memory,
            StoreKeeper keeper,
            Stripe[] stripes) {
        account = parts.account();
        this.parts = parts;
        this.evictor = evictor;
        this.entries = entries;
        this.memory = memory;
        this.keeper = keeper;
        change = new PolicyChange(stripes, parts.epochs(), memory);
        maxMemory = evictor.maxMemory();
    }

    /** The policy now. */
    public EvictionPolicy policy() {
        return evictor.policy();
    }

    /** What tunes it. */
    public EvictionParameters parameters() {
        return evictor.parameters();
    }

    /** Like {@link #setPolicy(EvictionPolicy, EvictionParameters)}, with the parameters as they are. */
    public void setPolicy(EvictionPolicy policy) {
        setPolicy(policy, parameters());
    }

    /**
     * Changes the policy. What is known of the entries' use means nothing to another policy: all of them count as new
     * when this returns, and the pool of candidates is empty. Takes a walk through the buckets, some at a time, and for
     * a volatile or a queued policy through the entries that it goes by, while everything else goes on; victims are
     * chosen rather at random meanwhile, and as either policy allows. Under a shared limit the store joins those of the
     * new policy, with the same parameters, at once.
     *
     * <p>What the policy keeps beside the entries counts against the limit: where that leaves no room, entries are
     * evicted for it. Where the new policy can evict none, or the allocator has no memory, it keeps less: entries that
     * a volatile policy does not know are evicted after those that it knows, and are looked for, which takes time;
     * those that are not in a queue go when the queues are empty. They come in when they are written, and all of them
     * when the policy is set again.
     *
     * @throws MaxMemoryException if a shared limit leaves no room for the pool of those of the new policy, and the old
     *     one can make none; nothing is changed then
     * @throws dev.zmalloc.NativeOutOfMemoryError if there is no memory for that pool; nothing is changed then
     * @throws IllegalStateException if the store is closed
     */
    public void setPolicy(EvictionPolicy policy, EvictionParameters parameters) {
        changing.lock();
        try {
            List<StoreGroup> groups = memory.enter(policy, parameters);
            boolean isChanged = false;
            try {
                boolean wasVolatile = policy().isVolatile();
                entries.setVolatileOnly(wasVolatile || policy.isVolatile());
                if (groups.isEmpty()) {
                    evictor.setPolicy(policy, parameters);
                } else {
                    evictor.setPolicyOf(groups.getFirst().evictor());
                }
                entries.setVolatileOnly(policy.isVolatile());
                isChanged = true;
            } finally {
                if (!isChanged) {
                    StoreGroup.leave(groups);
                }
            }
            StoreGroup.move(memory, groups);
            change.make(StripePolicy.of(evictor));
            evictor.forgetCandidates();
            groups.forEach(group -> group.evictor().forgetCandidates());
            keeper.start();
        } finally {
            changing.unlock();
        }
    }

    /** The limit in bytes that was asked for; 0 for none. */
    public long maxMemory() {
        return maxMemory;
    }

    /**
     * Changes the limit. If it is below what the store holds, {@link #excessBytes} tells how far eviction is from it.
     *
     * @param bytes 0 for none
     * @throws IllegalArgumentException if that is too small to hold anything; the message tells the number that would
     *     do
     */
    public void setMaxMemory(long bytes) {
        StoreSizing.checkMaxMemory(bytes, policy());
        settling.lock();
        try {
            maxMemory = bytes;
            evictor.setMaxMemory(bytes);
            settle();
        } finally {
            settling.unlock();
        }
        keeper.start();
    }

    /**
     * Like {@link #setMaxMemory(long)}, with a limit as people write it: see {@link MemoryLimits#parse}.
     *
     * @throws IllegalArgumentException if {@code text} is no limit, or too small
     */
    public void setMaxMemory(String text) {
        setMaxMemory(MemoryLimits.parse(text));
    }

    /** The most entries that may be there; 0 for any number. */
    public long maxEntries() {
        EntryBudget budget = parts.budget();
        return budget == null || parts.countsPayload() ? 0 : budget.wanted();
    }

    /**
     * Changes the most entries that may be there.
     *
     * @param entries at least 1
     * @throws IllegalArgumentException if it is less
     * @throws IllegalStateException if the store was built without such a limit, and does not count for it
     */
    public void setMaxEntries(long entries) {
        EntryBudget budget = parts.budget();
        if (budget == null || parts.countsPayload()) {
            throw new IllegalStateException("the store was built without maxEntries");
        }
        budget.setLimit(StoreSizing.checkMaxEntries(entries));
        keeper.start();
    }

    /** What the store holds beyond the limit that was asked for, in bytes; 0 if it is within. */
    public long excessBytes() {
        return maxMemory == 0 ? 0 : Math.max(0, account.usedMemory() - maxMemory);
    }

    /**
     * Evicts until the store is within its limits, and then, among all stores under an account, until that is within
     * its own; for no longer than {@link EvictionParameters#timeLimitNanos} at each. There is something to do only
     * after a limit was lowered.
     */
    public EvictionResult performEvictions() {
        EvictionResult result = performOwnEvictions();
        List<StoreGroup> groups = memory.groups();
        for (int index = 0; result == EvictionResult.OK && groups != null && index < groups.size(); index++) {
            result = groups.get(index).performEvictions();
        }
        return result;
    }

    private EvictionResult performOwnEvictions() {
        EvictionResult result = evictor.performEvictions(this::excess);
        settle();
        return result;
    }

    /** What is too much, in bytes, if only that which waits for readers is gone; of entries, their number. */
    private long excess() {
        long bytes = maxMemory == 0 ? 0 : account.usedMemory() - memory.readableBytes() - maxMemory;
        EntryBudget budget = parts.budget();
        return bytes > 0 || budget == null ? bytes : budget.excess();
    }

    /** Brings the limits as near to those that were asked for as what is held allows. */
    private void settle() {
        settling.lock();
        try {
            long wanted = maxMemory == 0 ? Long.MAX_VALUE : maxMemory;
            account.setMaxMemory(Math.max(wanted, account.usedMemory()));
            EntryBudget budget = parts.budget();
            if (budget != null) {
                budget.settle();
            }
        } finally {
            settling.unlock();
        }
    }

    /** For the keeper: a step of what a lowered limit asks for. Answers whether there is more to do at once. */
    boolean proceed() {
        long limit = account.maxMemory();
        EntryBudget budget = parts.budget();
        boolean isSettled =
                limit == (maxMemory == 0 ? Long.MAX_VALUE : maxMemory) && (budget == null || budget.excess() <= 0);
        return !isSettled && performOwnEvictions() == EvictionResult.RUNNING;
    }

    /**
     * What was evicted so far, and how: entries of this store, by whichever store's need; samples, stale candidates and
     * cycles at its own limit alone.
     */
    public EvictionStatistics statistics() {
        EvictionStatistics own = evictor.statistics();
        return new EvictionStatistics(
                memory.evicted().entries(),
                memory.evicted().bytes(),
                own.samples(),
                own.staleCandidates(),
                own.cycles(),
                own.cycleNanos());
    }

    /** How many of this store's entries were evicted to make room for other stores, at a limit that they share. */
    public long evictionsForOthers() {
        return memory.evicted().forOthers();
    }
}
