package dev.zmalloc.store;

import dev.zmalloc.MemoryLimits;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.allocator.Allocator;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the allocator's resident memory, which a store's limit does not bound, near a limit of its own.
 *
 * <p>Used memory is what the allocator gave; resident memory is what the process holds for it, with partly filled pages
 * and pages kept for reuse. A thread of the guard looks at the resident figure some times a second. Where it is above
 * the limit, the allocator is asked to give unused pages back. Only if that does not help, entries are evicted by the
 * store's policy, a bounded share of them a second, and pages given back meanwhile, until the figure is below the limit
 * by a margin, or the store is down to a floor: since evicted entries leave holes, resident memory may fall less than
 * used memory, or not at all. The store's own limit stays as it is, and what is put meanwhile is put.
 *
 * <p>The limit is no hard one. The guard evicts nothing under {@code noeviction}, and the figure is of the whole
 * process' allocator: other stores and other code count too. Close it before its store or after; it ends with the store
 * by itself. Any thread may call any method.
 */
public final class ResidentGuard implements AutoCloseable {
    /** How often pages are given back at most. */
    private static final long PURGE_PAUSE_NANOS = 1_000_000_000;

    /** The most time of which evictions are made up for at once. */
    private static final double MOST_SECONDS = 1;

    private static final double NANOS_PER_SECOND = 1e9;

    private final OffHeapStore store;
    private final long maxResident;
    private final long reliefBytes;
    private final long floorBytes;
    private final double sharePerSecond;
    private final long intervalNanos;
    private final Supplier<OptionalLong> resident;
    private final BooleanSupplier purge;
    private final LongSupplier nanoTime;
    private final Thread thread;
    private final AtomicBoolean hasFailed = new AtomicBoolean();
    private final AtomicBoolean hasReachedFloor = new AtomicBoolean();
    private final LongAdder purges = new LongAdder();
    private final LongAdder evictions = new LongAdder();
    private volatile boolean isClosed;

    // Written by one thread.
    private volatile boolean isEvicting;
    private long lastStep;
    private long nextPurge;
    private double allowance;

    private ResidentGuard(Builder builder) {
        store = builder.store;
        maxResident = builder.maxResident;
        reliefBytes = maxResident - (long) (maxResident * builder.margin);
        floorBytes = builder.floor < 0 ? maxResident / 2 : builder.floor;
        sharePerSecond = builder.sharePerSecond;
        intervalNanos = builder.intervalNanos;
        resident = builder.resident;
        purge = builder.purge;
        nanoTime = builder.nanoTime;
        lastStep = nanoTime.getAsLong();
        nextPurge = lastStep;
        thread = Thread.ofPlatform().daemon().name("zmalloc-resident-guard").unstarted(this::run);
    }

    /** A builder of a guard of {@code store}. */
    public static Builder builder(OffHeapStore store) {
        return new Builder(store);
    }

    private void run() {
        while (!isClosed && !store.isClosed()) {
            try {
                step();
            } catch (RuntimeException | OutOfMemoryError e) {
                // Of the caller's figure, or of a heap that is full for a while.
                if (hasFailed.compareAndSet(false, true)) {
                    log("a guard of resident memory failed; that it does so again is not logged", e);
                }
            }
            LockSupport.parkNanos(intervalNanos);
        }
    }

    /** Looks once, and does what follows from it. */
    void step() {
        long now = nanoTime.getAsLong();
        double seconds = Math.min(MOST_SECONDS, (now - lastStep) / NANOS_PER_SECOND);
        lastStep = now;
        long bytes = residentBytes();
        boolean mayPurge = now - nextPurge >= 0;
        if (bytes > maxResident && !isEvicting && !mayPurge) {
            // Giving pages back comes first: it has helped a moment ago, and will be tried again in another.
            return;
        }
        if (bytes > (isEvicting ? reliefBytes : maxResident) && mayPurge) {
            nextPurge = now + PURGE_PAUSE_NANOS;
            purges.increment();
            if (purge.getAsBoolean()) {
                bytes = residentBytes();
            }
        }
        if (bytes <= (isEvicting ? reliefBytes : maxResident)) {
            isEvicting = false;
            allowance = 0;
            return;
        }
        isEvicting = true;
        evict(seconds);
    }

    private void evict(double seconds) {
        double most = sharePerSecond * store.size();
        // Where a second's share is less than one entry, one goes when enough seconds have passed.
        for (allowance = Math.min(Math.max(1, most), allowance + most * seconds); allowance >= 1; allowance--) {
            if (store.usedMemory() <= floorBytes) {
                if (hasReachedFloor.compareAndSet(false, true)) {
                    log(
                            "resident memory is above its limit of " + maxResident
                                    + " bytes, and the store is down to its" + " floor of " + floorBytes
                                    + ": nothing more is evicted",
                            null);
                }
                return;
            }
            if (isClosed || !store.eviction().evictOne()) {
                return;
            }
            evictions.increment();
        }
    }

    private static void log(String what, @Nullable Throwable cause) {
        System.getLogger("dev.zmalloc").log(Level.WARNING, what, cause);
    }

    /** The resident figure now, in bytes; 0 if it is not told. */
    public long residentBytes() {
        return resident.get().orElse(0);
    }

    /** Whether entries are being evicted, since giving pages back did not help. */
    public boolean isEvicting() {
        return isEvicting;
    }

    /** How often pages were given back. */
    public long purges() {
        return purges.sum();
    }

    /** How many entries the guard has evicted, or had gone that were found expired. */
    public long evictions() {
        return evictions.sum();
    }

    /** Ends the guard, without waiting for a step under way. Closing twice does nothing. */
    @Override
    public void close() {
        isClosed = true;
        LockSupport.unpark(thread);
    }

    /** Sets up a {@link ResidentGuard}. */
    public static final class Builder {
        private final OffHeapStore store;
        private long maxResident;
        private long floor = -1;
        private double margin = 0.05;
        private double sharePerSecond = 0.02;
        private long intervalNanos = 200_000_000;
        private Supplier<OptionalLong> resident =
                () -> ZMalloc.allocator().figures().residentBytes();
        private BooleanSupplier purge = () -> ZMalloc.allocator().purge();
        private LongSupplier nanoTime = System::nanoTime;

        private Builder(OffHeapStore store) {
            this.store = Objects.requireNonNull(store, "store");
        }

        /**
         * The limit on resident memory. Required.
         *
         * @throws IllegalArgumentException if {@code bytes} is not positive
         */
        public Builder maxResident(long bytes) {
            maxResident = positive("maxResident", bytes);
            return this;
        }

        /**
         * The same as people write it: see {@link MemoryLimits#parse}.
         *
         * @throws IllegalArgumentException if {@code text} is no limit
         */
        public Builder maxResident(String text) {
            return maxResident(MemoryLimits.parse(text));
        }

        /**
         * The store's used memory at which eviction ends whatever the resident figure is, in bytes; half of the limit
         * unless set.
         *
         * @throws IllegalArgumentException if {@code bytes} is negative
         */
        public Builder floor(long bytes) {
            if (bytes < 0) {
                throw new IllegalArgumentException("floor is negative: " + bytes);
            }
            floor = bytes;
            return this;
        }

        /**
         * How far below the limit the figure must come for eviction to end, as a share of it; 0.05 unless set.
         *
         * @throws IllegalArgumentException if {@code share} is not from 0 to less than 1
         */
        public Builder margin(double share) {
            if (!(share >= 0 && share < 1)) {
                throw new IllegalArgumentException("margin must be from 0 to less than 1, not " + share);
            }
            margin = share;
            return this;
        }

        /**
         * The share of the entries that may be evicted in a second; 0.02 unless set.
         *
         * @throws IllegalArgumentException if {@code share} is not above 0 and at most 1
         */
        public Builder evictedPerSecond(double share) {
            if (!(share > 0 && share <= 1)) {
                throw new IllegalArgumentException("evictedPerSecond must be above 0 and at most 1, not " + share);
            }
            sharePerSecond = share;
            return this;
        }

        /**
         * How often the guard looks; five times a second unless set.
         *
         * @throws IllegalArgumentException if {@code interval} is not positive
         */
        public Builder interval(Duration interval) {
            intervalNanos = positive("interval", TimeUnit.NANOSECONDS.convert(interval));
            return this;
        }

        /**
         * The figure that is guarded, in bytes; empty if it cannot be had now, which counts as nothing. Resident memory
         * of the allocator unless set; {@link dev.zmalloc.ProcessMemory#residentBytes()} has the process' whole.
         */
        public Builder residentBytes(Supplier<OptionalLong> figure) {
            resident = Objects.requireNonNull(figure, "residentBytes");
            return this;
        }

        /** For tests: in place of the allocator, and of time. */
        Builder purgeAndClock(BooleanSupplier purging, LongSupplier nanoseconds) {
            purge = purging;
            nanoTime = nanoseconds;
            return this;
        }

        private static long positive(String what, long value) {
            if (value <= 0) {
                throw new IllegalArgumentException(what + " must be positive, not " + value);
            }
            return value;
        }

        /** For tests: the guard without its thread. */
        ResidentGuard buildIdle() {
            positive("maxResident", maxResident);
            if (resident.get().isEmpty()) {
                Allocator allocator = ZMalloc.allocator();
                throw new IllegalStateException("the allocator " + allocator.name()
                        + " does not tell its resident memory: name another figure by residentBytes");
            }
            return new ResidentGuard(this);
        }

        /**
         * Starts the guard.
         *
         * @throws IllegalArgumentException if there is no limit
         * @throws IllegalStateException if the figure is not told
         */
        public ResidentGuard start() {
            ResidentGuard guard = buildIdle();
            guard.thread.start();
            return guard;
        }
    }
}
