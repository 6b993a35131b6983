package dev.zmalloc.evict;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.ZMalloc;
import java.util.Objects;
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
 * used meanwhile goes.
 *
 * <p>Any thread may call any method; evictions run one after another, under one lock. {@link #close} frees the pool.
 */
public final class Evictor implements AutoCloseable {
    /** Rounds of sampling after which a candidate is evicted even if it was used since it was offered. */
    private static final int PATIENT_ROUNDS = 8;

    /** Rounds of sampling after which the target's items count as held by somebody. */
    private static final int MAX_ROUNDS = 64;

    private final EvictionPolicy policy;
    private final EvictionTarget target;
    private final long maxMemory;
    private final LongSupplier usedMemory;
    private final int samples;
    private final AccessClock clock = new AccessClock();
    private final ReentrantLock lock = new ReentrantLock();
    private final SplittableRandom random;

    /** {@code null} if the policy never evicts, and after {@link #close}. */
    private @Nullable EvictionPool pool;

    private final AtomicLong evictions = new AtomicLong();
    private final CandidateSink sink = this::offer;

    private Evictor(Builder builder) {
        policy = builder.policy;
        target = Objects.requireNonNull(builder.target, "target");
        maxMemory = builder.maxMemory;
        usedMemory = builder.usedMemory;
        samples = builder.samples;
        random = new SplittableRandom(builder.seed);
        pool = policy.evicts() ? EvictionPool.open(builder.account) : null;
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

    /** The usable bytes that the pool takes; 0 if there is none. */
    public long poolBytes() {
        lock.lock();
        try {
            return pool == null ? 0 : pool.bytes();
        } finally {
            lock.unlock();
        }
    }

    /** The clock whose ticks the target's items carry in their access fields. */
    public AccessClock clock() {
        return clock;
    }

    /** The policy. */
    public EvictionPolicy policy() {
        return policy;
    }

    /** The limit in bytes; 0 for none. */
    public long maxMemory() {
        return maxMemory;
    }

    /** How many items were evicted. */
    public long evictions() {
        return evictions.get();
    }

    /** Tells whether memory would be over the limit once {@code more} bytes are taken. */
    public boolean overMemoryAfterAllocation(long more) {
        return maxMemory != 0 && more > maxMemory - usedMemory.getAsLong();
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
     * Evicts one item, limit or not.
     *
     * @return the bytes that went with it; 0 if the policy evicts nothing, there is nothing to evict, or all of it is
     *     held by somebody
     */
    public long evictOne() {
        lock.lock();
        try {
            for (int round = 0; round < MAX_ROUNDS && pool != null; round++) {
                int offered = target.sample(random.nextLong(), samples, sink);
                long bytes = evictBest(pool, round < PATIENT_ROUNDS);
                if (bytes > 0 || offered == 0) {
                    return bytes;
                }
            }
            return 0;
        } finally {
            lock.unlock();
        }
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
            pool.offer(policy.score(clock.now(), access), item, location, access);
        }
    }

    private long evictBest(EvictionPool candidates, boolean unusedOnly) {
        while (!candidates.isEmpty()) {
            int access = unusedOnly ? candidates.bestAccess() : EvictionTarget.ANY_ACCESS;
            long item = candidates.bestItem();
            long location = candidates.bestLocation();
            candidates.removeBest();
            long bytes = target.evict(item, location, access);
            if (bytes > 0) {
                evictions.incrementAndGet();
                clock.evicted();
                return bytes;
            }
        }
        return 0;
    }

    /** Sets up an {@link Evictor}. */
    public static final class Builder {
        private EvictionPolicy policy = EvictionPolicy.NOEVICTION;
        private @Nullable EvictionTarget target;
        private long maxMemory;
        private LongSupplier usedMemory = ZMalloc::zmallocUsedMemory;
        private MemoryAccount account = new MemoryAccount("evictor", 0);
        private int samples = 5;
        private long seed = System.nanoTime();

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
            if (bytes < 0) {
                throw new IllegalArgumentException("maxMemory is negative: " + bytes);
            }
            maxMemory = bytes;
            return this;
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
         * Items to sample for each victim, Redis' {@code maxmemory-samples}.
         *
         * @param count 1 to 64; 5 unless set
         * @throws IllegalArgumentException if {@code count} is out of that range
         */
        public Builder samples(int count) {
            if (count < 1 || count > 64) {
                throw new IllegalArgumentException("samples must be 1 to 64, not " + count);
            }
            samples = count;
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
            return new Evictor(this);
        }
    }
}
