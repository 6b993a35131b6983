package dev.zmalloc.evict;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.event.Telemetry;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps something under a limit of memory by evicting its items, one at a time: Redis' {@code evict.c} for any
 * {@link EvictionTarget}.
 *
 * <p>Nothing is evicted in the background. Whoever is about to take memory asks {@link #overMemoryAfterAllocation} or
 * calls {@link #makeRoom} first, on its own thread, and pays for what it needs.
 *
 * <p>A victim is chosen as Redis does it: a sample of the target's items goes through a pool of 16 candidates, which
 * lives in {@link ZMalloc} memory and remembers good ones of earlier samples; the best that is still there and was not
 * used meanwhile goes. What is good, the {@link EvictionPolicy} says; some keep queues in the target instead.
 *
 * <p>Any thread may call any method; evictions run one after another, under one lock. {@link #close} frees the pool.
 */
public final class Evictor implements AutoCloseable {
    /** Rounds of sampling after which a candidate is evicted even if it was used since it was offered. */
    private static final int PATIENT_ROUNDS = 8;

    /** Rounds of sampling after which the target's items count as held by somebody. */
    private static final int MAX_ROUNDS = 64;

    /** Evictions after which the clock is looked at, and what is held, in {@link #performEvictions}. */
    private static final int EVICTIONS_PER_LOOK = 16;

    private static final int SPINS = 200;

    private final EvictionTarget target;
    private final LongSupplier usedMemory;
    private final LongSupplier nanoTime;
    private final ReentrantLock lock = new ReentrantLock();
    private final SplittableRandom random;
    private final CandidateSink sink = this::offer;
    private volatile EvictionPolicy policy;
    private volatile EvictionParameters parameters;
    private volatile AccessClock clock;
    private volatile AccessRule rule;
    private volatile long maxMemory;

    /**
     * There from the start whatever the policy, as in Redis: a full store that is told to evict has no room for it.
     * {@code null} after {@link #close}.
     */
    @Nullable
    EvictionPool pool;

    private long removals;
    private long evictions;
    private long evictedBytes;
    private long sampled;
    private long stale;
    private final AtomicLong cycles = new AtomicLong();
    private final AtomicLong cycleNanos = new AtomicLong();

    private Evictor(Builder builder, EvictionPool opened) {
        policy = builder.policy;
        parameters = builder.parameters;
        target = Objects.requireNonNull(builder.target, "target");
        maxMemory = builder.maxMemory;
        usedMemory = builder.usedMemory;
        nanoTime = builder.nanoTime;
        Evictor other = builder.sharing;
        clock = other == null
                ? new AccessClock(parameters.clockResolution(), builder.population, nanoTime)
                : other.clock;
        rule = other == null ? AccessRule.of(policy, parameters, clock, nanoTime) : other.rule;
        random = new SplittableRandom(builder.seed);
        pool = opened;
    }

    /**
     * A builder whose defaults are Redis': no limit, {@code noeviction}, five samples, the memory of the whole process.
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The most bytes that an evictor takes for its pool. */
    public static long poolBytesBound() {
        return EvictionPool.bytesBound();
    }

    /** The usable bytes that the pool takes; 0 once it is closed. */
    public long poolBytes() {
        lock.lock();
        try {
            return pool == null ? 0 : pool.bytes();
        } finally {
            lock.unlock();
        }
    }

    /**
     * The clock whose ticks the target's items carry in their access fields, if the policy goes by recency. Another one
     * after {@link #setPolicy}.
     */
    public AccessClock clock() {
        return clock;
    }

    /** The policy. */
    public EvictionPolicy policy() {
        return policy;
    }

    /** What the policy keeps in the access fields of the target's items. Another one after {@link #setPolicy}. */
    public AccessRule rule() {
        return rule;
    }

    /** The parameters. */
    public EvictionParameters parameters() {
        return parameters;
    }

    /**
     * Changes the policy and its parameters. The pool is emptied: scores of two policies cannot be compared. Whoever
     * holds the items gives them the access fields of the new {@link #rule}.
     *
     * @throws IllegalStateException if the evictor is closed
     */
    public void setPolicy(EvictionPolicy newPolicy, EvictionParameters newParameters) {
        AccessClock newClock = new AccessClock(newParameters.clockResolution(), () -> 0, nanoTime);
        setPolicy(newPolicy, newParameters, newClock, AccessRule.of(newPolicy, newParameters, newClock, nanoTime));
    }

    /**
     * Like {@link #setPolicy(EvictionPolicy, EvictionParameters)}, with all that another evictor goes by: see
     * {@link Builder#sharing}.
     */
    public void setPolicyOf(Evictor other) {
        setPolicy(other.policy, other.parameters, other.clock, other.rule);
    }

    private void setPolicy(
            EvictionPolicy newPolicy, EvictionParameters newParameters, AccessClock newClock, AccessRule newRule) {
        lock.lock();
        try {
            if (pool == null) {
                throw new IllegalStateException("the evictor is closed");
            }
            pool.clear();
            clock = newClock;
            rule = newRule;
            parameters = newParameters;
            policy = newPolicy;
        } finally {
            lock.unlock();
        }
    }

    /** Empties the pool: what is in it was offered under another policy, or with access fields that mean nothing. */
    public void forgetCandidates() {
        lock.lock();
        try {
            if (pool != null) {
                pool.clear();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The limit in bytes; 0 for none. */
    public long maxMemory() {
        return maxMemory;
    }

    /**
     * Changes the limit. Nothing is evicted by that: {@link #performEvictions} does it.
     *
     * @param bytes 0 for none
     * @throws IllegalArgumentException if {@code bytes} is negative
     */
    public void setMaxMemory(long bytes) {
        maxMemory = Builder.checkMaxMemory(bytes);
    }

    /** What was done so far. */
    public EvictionStatistics statistics() {
        lock.lock();
        try {
            return new EvictionStatistics(evictions, evictedBytes, sampled, stale, cycles.get(), cycleNanos.get());
        } finally {
            lock.unlock();
        }
    }

    /** What the pool holds, the best victim first; nothing once this is closed. */
    public List<Candidate> candidates() {
        lock.lock();
        try {
            return pool == null ? List.of() : pool.candidates();
        } finally {
            lock.unlock();
        }
    }

    /**
     * How good a victim an item would be now: of several, the one with the highest score goes first. Changes nothing.
     *
     * @param access its access field
     * @param bytes what it takes
     * @param expiry when it expires
     * @return empty if the policy chooses by chance, or by the target's queues
     */
    public OptionalLong score(int access, long bytes, long expiry) {
        lock.lock();
        try {
            return rule.scores() && policy.evicts()
                    ? OptionalLong.of(rule.score(rule.aged(access), bytes, expiry, 0))
                    : OptionalLong.empty();
        } finally {
            lock.unlock();
        }
    }

    /** How many items were evicted. */
    public long evictions() {
        lock.lock();
        try {
            return evictions;
        } finally {
            lock.unlock();
        }
    }

    /** How many items went in all: those that were evicted, and those that were met and had expired. */
    public long removals() {
        lock.lock();
        try {
            return removals;
        } finally {
            lock.unlock();
        }
    }

    /** Tells whether memory would be over the limit once {@code more} bytes are taken. */
    public boolean overMemoryAfterAllocation(long more) {
        long limit = maxMemory;
        return limit != 0 && more > limit - usedMemory.getAsLong();
    }

    /**
     * Evicts until {@code more} bytes can be taken within the limit.
     *
     * <p>With other threads taking memory meanwhile, it may be gone again on return; who needs certainty reserves it,
     * as {@link MemoryAccount} does.
     *
     * @return whether they can; false if there was nothing more to evict
     */
    public boolean makeRoom(long more) {
        while (overMemoryAfterAllocation(more)) {
            if (evictOne() == 0) {
                return !overMemoryAfterAllocation(more);
            }
        }
        return true;
    }

    /**
     * Evicts until what is held is within the limit, for no longer than {@link EvictionParameters#timeLimitNanos}: what
     * Redis does before each command.
     *
     * <p>What is to be freed is reckoned first, and each victim's own bytes against it: other threads that take or free
     * memory meanwhile change that only when it is reckoned again. The clock is looked at after each 16 evictions.
     */
    public EvictionResult performEvictions() {
        return performEvictions(this::excessBytes);
    }

    private long excessBytes() {
        long limit = maxMemory;
        return limit == 0 ? 0 : usedMemory.getAsLong() - limit;
    }

    /**
     * Like {@link #performEvictions()}, for a limit of the caller's own.
     *
     * @param excess tells what is too much, in bytes; not positive if nothing is
     */
    public EvictionResult performEvictions(LongSupplier excess) {
        if (excess.getAsLong() <= 0) {
            return EvictionResult.OK;
        }
        Telemetry.Span span = Telemetry.present().beginEviction();
        long freedItems = 0;
        long freedBytes = 0;
        long start = System.nanoTime();
        long limitNanos = parameters.timeLimitNanos();
        try {
            cycles.incrementAndGet();
            while (true) {
                long lacking = excess.getAsLong();
                for (int count = 0; lacking > 0 && count < EVICTIONS_PER_LOOK; count++) {
                    long bytes = evictOne();
                    if (bytes == 0) {
                        return excess.getAsLong() <= 0 ? EvictionResult.OK : EvictionResult.FAIL;
                    }
                    lacking -= bytes;
                    freedItems++;
                    freedBytes += bytes;
                }
                if (excess.getAsLong() <= 0) {
                    return EvictionResult.OK;
                }
                if (System.nanoTime() - start >= limitNanos) {
                    return EvictionResult.RUNNING;
                }
            }
        } finally {
            cycleNanos.addAndGet(System.nanoTime() - start);
            if (span != null) {
                span.end(freedItems, freedBytes);
            }
        }
    }

    /**
     * Evicts one item, limit or not. Items that have expired go first, and do not count as evicted.
     *
     * @return the bytes that went with it; 0 if the policy evicts nothing, there is nothing to evict, or all of it is
     *     held by somebody
     */
    public long evictOne() {
        return evictOne(null);
    }

    /**
     * Like {@link #evictOne()}.
     *
     * @param causer who wants the memory, for {@link EvictionTarget#evicted} to know
     */
    @SuppressWarnings("exports") // the annotation, which need not be there for who compiles against this
    public long evictOne(@Nullable Object causer) {
        long bytes;
        EvictionTarget owner = target;
        lockBriefly();
        try {
            bytes = pool == null || !policy.evicts() ? 0 : evictFrom(pool);
            if (bytes > 0) {
                owner = target.owner();
            }
        } finally {
            lock.unlock();
        }
        if (bytes > 0) {
            owner.evicted(causer);
        }
        return bytes;
    }

    private long evictFrom(EvictionPool candidates) {
        if (policy.isQueued()) {
            long bytes = count(target.evictNext(random.nextLong()));
            if (bytes > 0) {
                return bytes;
            }
        }
        return evictSampled(candidates);
    }

    /** An eviction takes less than a microsecond: who finds another under way looks again before it goes to sleep. */
    private void lockBriefly() {
        for (int spin = 0; spin < SPINS; spin++) {
            if (lock.tryLock()) {
                return;
            }
            Thread.onSpinWait();
        }
        lock.lock();
    }

    private long evictSampled(EvictionPool candidates) {
        int samples = parameters.samples();
        for (int round = 0; round < MAX_ROUNDS; round++) {
            rule.sampling();
            int offered = target.sample(random.nextLong(), samples, sink);
            sampled += offered;
            long bytes = evictBest(candidates, round < PATIENT_ROUNDS);
            if (bytes > 0 || offered == 0) {
                return bytes;
            }
        }
        return 0;
    }

    /** Frees the pool. Nothing is evicted from now on. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (pool != null) {
                pool.close();
                pool = null;
            }
        } finally {
            lock.unlock();
        }
    }

    private void offer(long item, long location, int access) {
        if (pool != null) {
            if (access == EvictionTarget.EXPIRED) {
                pool.offer(Long.MAX_VALUE, item, location, access);
                return;
            }
            AccessRule scoring = rule;
            long bytes = scoring.needsBytes() ? target.bytes(item) : 0;
            scoring.weigh(bytes);
            long expiry = scoring.needsExpiry() ? target.expiry(item) : 0;
            long score = scoring.score(scoring.aged(access), bytes, expiry, random.nextLong() >>> 1);
            pool.offer(score, item, location, access);
        }
    }

    private long evictBest(EvictionPool candidates, boolean unusedOnly) {
        while (!candidates.isEmpty()) {
            int seen = candidates.bestAccess();
            int access = unusedOnly || seen == EvictionTarget.EXPIRED ? seen : EvictionTarget.ANY_ACCESS;
            long item = candidates.bestItem();
            long location = candidates.bestLocation();
            long score = candidates.bestScore();
            candidates.removeBest();
            long bytes = target.evict(item, location, access);
            if (bytes > 0) {
                rule.evicted(score);
            }
            if (bytes != 0) {
                return count(bytes);
            }
            stale++;
        }
        return 0;
    }

    /** Counts what a target has answered. Answers the bytes. */
    private long count(long bytes) {
        if (bytes != 0) {
            removals++;
        }
        if (bytes > 0) {
            evictions++;
            evictedBytes += bytes;
            clock.evicted();
        }
        return Math.abs(bytes);
    }

    /** Sets up an {@link Evictor}. */
    public static final class Builder {
        private EvictionPolicy policy = EvictionPolicy.NOEVICTION;
        private @Nullable EvictionTarget target;
        private long maxMemory;
        private LongSupplier usedMemory = ZMalloc::zmallocUsedMemory;
        private MemoryAccount account = new MemoryAccount("evictor", 0);
        private EvictionParameters parameters = EvictionParameters.DEFAULTS;
        private LongSupplier nanoTime = System::nanoTime;
        private long seed = System.nanoTime();
        private boolean isReserved;
        private @Nullable Evictor sharing;
        private LongSupplier population = () -> 0;

        private Builder() {}

        /** Which item goes. */
        public Builder policy(EvictionPolicy value) {
            policy = Objects.requireNonNull(value, "policy");
            return this;
        }

        /** What is evicted from. Required. */
        public Builder target(EvictionTarget value) {
            target = Objects.requireNonNull(value, "target");
            return this;
        }

        /**
         * The limit.
         *
         * @param bytes 0 for none
         * @throws IllegalArgumentException if {@code bytes} is negative
         */
        public Builder maxMemory(long bytes) {
            maxMemory = checkMaxMemory(bytes);
            return this;
        }

        private static long checkMaxMemory(long bytes) {
            if (bytes < 0) {
                throw new IllegalArgumentException("maxMemory is negative: " + bytes);
            }
            return bytes;
        }

        /**
         * Tells the bytes that are held against the limit; {@link ZMalloc#zmallocUsedMemory} unless set. Must be fast.
         */
        public Builder usedMemory(LongSupplier bytes) {
            usedMemory = Objects.requireNonNull(bytes, "usedMemory");
            return this;
        }

        /** Pays for the pool; an account without a limit unless set. */
        public Builder account(MemoryAccount value) {
            account = Objects.requireNonNull(value, "account");
            return this;
        }

        /**
         * Takes the pool, which is there whatever the policy, out of {@link #poolBytesBound} bytes that the caller has
         * reserved on the account: they are used up when {@link #build} returns or throws.
         */
        public Builder reserved() {
            isReserved = true;
            return this;
        }

        /**
         * Items to sample for each victim, Redis' {@code maxmemory-samples}.
         *
         * @param count 1 to 64; 5 unless set
         * @throws IllegalArgumentException if {@code count} is out of that range
         */
        public Builder samples(int count) {
            parameters = parameters.with("maxmemory-samples", count);
            return this;
        }

        /** All parameters; {@link EvictionParameters#DEFAULTS} unless set. */
        public Builder parameters(EvictionParameters value) {
            parameters = Objects.requireNonNull(value, "parameters");
            return this;
        }

        /** The clock that frequency decays by, in nanoseconds; that of the system unless set. Must be fast. */
        public Builder nanoTime(LongSupplier nanoseconds) {
            nanoTime = Objects.requireNonNull(nanoseconds, "nanoTime");
            return this;
        }

        /**
         * Goes by the policy and parameters of another evictor, and shares its clock and its rule: the access fields of
         * the items of both can be compared, and an item may be a target's of both.
         */
        public Builder sharing(Evictor other) {
            sharing = other;
            return policy(other.policy).parameters(other.parameters);
        }

        /**
         * Tells how many items there are of all evictors that will be {@link #sharing} with this one. Asked now and
         * then, by whoever inserts or evicts; must be fast.
         */
        public Builder population(LongSupplier items) {
            population = Objects.requireNonNull(items, "population");
            return this;
        }

        /** Seeds the choice of samples, so that a run can be repeated. */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /**
         * Makes the evictor, which takes its pool from the account.
         *
         * @throws NullPointerException if there is no target
         * @throws dev.zmalloc.NativeOutOfMemoryError if there is no memory for the pool
         */
        public Evictor build() {
            EvictionPool opened = isReserved ? EvictionPool.openReserved(account) : EvictionPool.open(account);
            boolean isMade = false;
            try {
                Evictor made = new Evictor(this, opened);
                isMade = true;
                return made;
            } finally {
                if (!isMade) {
                    opened.close();
                }
            }
        }
    }
}
