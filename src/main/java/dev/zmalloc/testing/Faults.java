package dev.zmalloc.testing;

import java.lang.System.Logger.Level;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Which allocations fail, as if there were no memory, while these faults are injected into the
 * {@link FaultInjectingAllocator} that serves the process. At most one object is at a time.
 *
 * <p>Allocations are counted from 1, from {@link #inject} on. Taking a block of any kind is one, and so is resizing
 * one; a request that the allocator never sees, since it is no size, is none. Any thread may call any method.
 */
public final class Faults implements AutoCloseable {
    private static final long NO_BUDGET = Long.MAX_VALUE;

    /** The distance of a SplittableRandom's states. */
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private final String description;
    private final LongPredicate failing;
    private final long budgetBytes;
    private final @Nullable Thread thread;
    private final AtomicLong allocations = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();

    private Faults(String description, LongPredicate failing, long budgetBytes, @Nullable Thread thread) {
        this.description = description;
        this.failing = failing;
        this.budgetBytes = budgetBytes;
        this.thread = thread;
    }

    /** The {@code number}th allocation fails, and no other. */
    public static Faults nth(long number) {
        return new Faults("allocation " + number + " fails", it -> it == number, NO_BUDGET, null);
    }

    /** The {@code number}th allocation fails, and all after it. */
    public static Faults fromNth(long number) {
        return new Faults("allocation " + number + " and all after it fail", it -> it >= number, NO_BUDGET, null);
    }

    /**
     * What would take {@link FaultInjectingAllocator#heldBytes} above {@code bytes} fails. Usable bytes count, of all
     * live blocks, those taken before too; a block that is resized counts by the difference. Where the backend only
     * knows a bound before it takes a block, the bound has to fit.
     */
    public static Faults overBudget(long bytes) {
        return new Faults("what takes more than " + bytes + " bytes fails", it -> false, bytes, null);
    }

    /** Each allocation fails with that probability; a seed is chosen and logged. */
    public static Faults atRandom(double probability) {
        Faults faults = atRandom(probability, ThreadLocalRandom.current().nextLong());
        System.getLogger("dev.zmalloc").log(Level.INFO, faults.description);
        return faults;
    }

    /** Each allocation fails with that probability; which ones follows from the seed and their numbers. */
    public static Faults atRandom(double probability, long seed) {
        return new Faults(
                "allocations fail with probability " + probability + ", seed " + seed,
                // The number's own value of one random sequence, whatever thread comes with it.
                it -> new SplittableRandom(seed + it * GOLDEN_GAMMA).nextDouble() < probability,
                NO_BUDGET,
                null);
    }

    /** The same faults for allocations of the calling thread only, which alone are counted then. */
    public Faults onThisThread() {
        Thread caller = Thread.currentThread();
        return new Faults(description + " on thread " + caller.getName(), failing, budgetBytes, caller);
    }

    /**
     * Puts these faults into force, instead of those that were. Returns this, to close.
     *
     * @throws IllegalStateException if another allocator serves the process
     */
    public Faults inject() {
        FaultInjectingAllocator.inject(this);
        return this;
    }

    /** Lets everything succeed again, unless other faults are in force by now. */
    @Override
    public void close() {
        FaultInjectingAllocator.remove(this);
    }

    /** How many allocations were made to fail. */
    public long refused() {
        return refused.get();
    }

    /** What fails, with the seed if that is by chance. */
    @Override
    public String toString() {
        return description;
    }

    /** How many bytes may be held with an allocation that begins now; -1 if it fails anyway. Counts it. */
    long mostHeldBytes() {
        return isMeant() && failing.test(allocations.incrementAndGet()) ? -1 : budgetBytes();
    }

    /** How many bytes may be held, as far as the calling thread is concerned. */
    long budgetBytes() {
        return isMeant() ? budgetBytes : NO_BUDGET;
    }

    private boolean isMeant() {
        return thread == null || thread == Thread.currentThread();
    }

    void countRefusal() {
        refused.incrementAndGet();
    }
}
