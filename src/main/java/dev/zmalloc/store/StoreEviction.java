package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.MemoryLimits;
import dev.zmalloc.evict.AccessRule;
import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.EvictionResult;
import dev.zmalloc.evict.EvictionStatistics;
import dev.zmalloc.evict.Evictor;
import dev.zmalloc.table.EntryLayout;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The limits of an {@link OffHeapStore} and its policy, which can be changed while it runs, and eviction by hand.
 *
 * <p>A limit that is lowered below what the store holds goes down as that does. Until then puts make the room that they
 * need and no more, and a thread of the store's evicts the rest in steps; {@link #performEvictions} helps.
 *
 * <p>Any thread may call any method. They belong to the store and are of no use once that is closed.
 */
@SuppressWarnings("exports") // the annotations of jspecify, which need not be there for who compiles against this
public final class StoreEviction {
    private final MemoryAccount account;
    private final Evictor evictor;
    private final StoreEntries entries;
    private final StoreParts parts;
    private final StoreMemory memory;
    private final StoreKeeper keeper;
    private final StoreSlots slots;
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
            Stripe[] stripes,
            StoreSlots slots) {
        account = parts.account();
        this.parts = parts;
        this.evictor = evictor;
        this.entries = entries;
        this.memory = memory;
        this.keeper = keeper;
        this.slots = slots;
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
     * @throws IllegalStateException if the store is closed, or from a listener that is told of an entry that this call
     *     evicts
     */
    public void setPolicy(EvictionPolicy policy, EvictionParameters parameters) {
        if (changing.isHeldByCurrentThread()) {
            throw new IllegalStateException("the policy is being changed by this thread");
        }
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

    /** Evicts one entry, limit or not. Answers whether there was one to evict. */
    boolean evictOne() {
        return evictor.evictOne() > 0;
    }

    /**
     * Protects a key from eviction: whatever the policy, other entries go. Where nothing else is left, a put that needs
     * room is refused as under {@link EvictionPolicy#NOEVICTION}, and the message tells how many are protected.
     *
     * <p>The mark belongs to the key. It stays when another value is put or the time to live is changed, and is gone
     * with the key: when that is removed, expires or is cleared. It costs no memory. Where nearly all of a store is
     * protected, looking for a victim takes a walk through the buckets, and the queues of {@code s3fifo} give up and
     * take any.
     *
     * @return whether the key is there; if not, nothing is protected
     * @throws IllegalStateException if the store is closed
     */
    public boolean protect(byte[] key) {
        return slots.setProtected(key, true);
    }

    /** Ends what {@link #protect} began: the entry may be evicted again. Answers whether the key is there. */
    public boolean unprotect(byte[] key) {
        return slots.setProtected(key, false);
    }

    /** Tells whether {@code key} is there and protected. */
    public boolean isProtected(byte[] key) {
        return slots.isProtected(key);
    }

    /** How many keys are protected, those included that have expired and were not yet removed. */
    public long protectedEntries() {
        return memory.protectedEntries();
    }

    /**
     * How long {@code key} has not been used, or under an {@code lrm} policy not been written: Redis' {@code OBJECT
     * IDLETIME}. Asking is no use.
     *
     * <p>A store's clock of uses goes on with insertions and evictions. So this is the least that it can be: 0 while
     * nothing came or went since, and up to a 32nd too little of the time in which all entries are replaced once.
     *
     * @return {@code null} if the key is not there
     * @throws UnsupportedOperationException if the policy is not of the {@code lru} or {@code lrm} kind
     */
    public @Nullable Duration idleTime(byte[] key) {
        AccessRule rule = evictor.rule();
        if (rule.idleNanos(rule.fresh()) < 0) {
            throw unknown("idle time, which the policies by lru and lrm do");
        }
        OptionalLong nanos = slots.look(key, (entry, access) -> OptionalLong.of(rule.idleNanos(access)));
        return nanos.isPresent() ? Duration.ofNanos(nanos.getAsLong()) : null;
    }

    /**
     * How often {@code key} was used, as the policy counts: for {@code lfu} Redis' {@code OBJECT FREQ}, a logarithmic
     * counter of 0 to 255 that decays and begins at 5; for {@code gdsf} about the number of uses, up to 80; for
     * {@code s3fifo} up to 3. Asking is no use.
     *
     * @return empty if the key is not there
     * @throws UnsupportedOperationException if the policy is not of these kinds
     */
    public OptionalInt accessFrequency(byte[] key) {
        AccessRule rule = evictor.rule();
        if (rule.frequency(rule.fresh()) < 0) {
            throw unknown("access frequency, which the policies by lfu, gdsf and s3fifo do");
        }
        OptionalLong uses = slots.look(key, (entry, access) -> OptionalLong.of(rule.frequency(access)));
        return uses.isPresent() ? OptionalInt.of((int) uses.getAsLong()) : OptionalInt.empty();
    }

    /**
     * How good a victim the entry of {@code key} is by the policy's own measure: of those sampled, the highest score
     * goes first. Scores of one policy can be compared, and change with time and use. A protected entry has one too,
     * and under a volatile policy one that does not expire. Asking is no use.
     *
     * @return empty if the key is not there
     * @throws UnsupportedOperationException if the policy chooses by chance or by queues, or evicts nothing
     */
    public OptionalLong score(byte[] key) {
        if (evictor.score(evictor.rule().fresh(), 1, 0).isEmpty()) {
            throw unknown("score, which the policies by lru, lrm, lfu, ttl and gdsf do");
        }
        long[] seen = new long[3];
        OptionalLong found = slots.look(key, (entry, access) -> {
            seen[0] = access;
            seen[1] = parts.sizes().applyAsLong(entry);
            seen[2] = EntryLayout.expiry(entry);
            return OptionalLong.of(0);
        });
        return found.isEmpty() ? found : evictor.score((int) seen[0], seen[1], seen[2]);
    }

    private UnsupportedOperationException unknown(String what) {
        return new UnsupportedOperationException("the policy " + policy() + " keeps no " + what);
    }

    /**
     * What the pool of candidates holds, the best victim first: up to 16 entries of earlier samples. Those that are
     * gone by now are left out. Asking is no use.
     */
    public List<EvictionCandidate> candidates() {
        return slots.candidates();
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
