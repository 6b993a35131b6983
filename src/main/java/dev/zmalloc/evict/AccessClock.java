package dev.zmalloc.evict;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongSupplier;

/**
 * Tells when an item was used last, in 16 bits: a clock that insertions and evictions drive and not time.
 *
 * <p>The clock ticks once for every 2048th part of the population that is inserted or evicted, unless told otherwise.
 * What is evicted by least recent use has typically lived for about one turnover of the population, that is some
 * thousands of ticks, whether that took a second or a week: the order of victims is equally fine in a small, busy
 * cache, where Redis' clock of one second makes everything look alike, and in a large, slow one. 16 bits wrap after
 * 65,536 ticks, that is 16 turnovers at the limit; an item unused for so long would look new again, but a sampler that
 * takes five items for each eviction has met it some 80 times before. While nothing is inserted the clock stands still,
 * nothing needs room, and reading changes nothing in memory.
 *
 * <p>Reading is one volatile load. Any thread may call any method.
 */
public final class AccessClock {
    /** Values of the clock are below this. */
    public static final int TICKS = 1 << 16;

    /** Ticks after which the whole population is asked for again. */
    private static final int TICKS_PER_COUNT = 64;

    /** Times that are remembered, {@link #MARKS_PER_TURNOVER} or more to a turnover. */
    private static final int MARKS = 1024;

    private static final int MARKS_PER_TURNOVER = 64;

    private final int ticksPerTurnover;
    private final LongSupplier wholePopulation;
    private final LongSupplier nanoTime;

    /** When the clock reached each of the last multiples of {@code 1 << markShift} ticks; 0 if it has not. */
    private final AtomicLongArray marks = new AtomicLongArray(MARKS);

    private final int markShift;

    private final AtomicLong events = new AtomicLong();
    private final AtomicLong nextTickAt = new AtomicLong(1);
    private final AtomicInteger ticks = new AtomicInteger();

    /** What {@link #wholePopulation} told last. */
    private volatile long counted;

    /** Events to a tick, as the last insertion had it; a lost update does no harm. */
    private volatile long step = 1;

    /** Makes a clock that stands at 0, with 2048 ticks to a turnover. */
    public AccessClock() {
        this(EvictionParameters.DEFAULTS.clockResolution());
    }

    /**
     * Makes a clock that stands at 0.
     *
     * @param ticksPerTurnover ticks while the population is replaced once; what is finer wraps the sooner
     */
    public AccessClock(int ticksPerTurnover) {
        this(ticksPerTurnover, () -> 0, System::nanoTime);
    }

    /**
     * Makes a clock that stands at 0, for items of several owners each of whom knows its own alone.
     *
     * @param wholePopulation tells how many items there are in all; asked now and then
     * @param nanoTime tells the time; asked now and then
     */
    AccessClock(int ticksPerTurnover, LongSupplier wholePopulation, LongSupplier nanoTime) {
        this.ticksPerTurnover = ticksPerTurnover;
        this.wholePopulation = wholePopulation;
        this.nanoTime = nanoTime;
        markShift = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(Math.max(1, ticksPerTurnover / MARKS_PER_TURNOVER));
    }

    /** The tick now, from 0 to {@link #TICKS} - 1: what to store in the access field of an item that is used. */
    public int now() {
        return ticks.get() & (TICKS - 1);
    }

    /**
     * Tells the clock of one insertion.
     *
     * @param population about how many items there are now, or the owner has
     */
    public void inserted(long population) {
        step = Math.max(1, Math.max(population, counted) / ticksPerTurnover);
        advance();
    }

    /**
     * Tells the clock of one eviction, which counts like an insertion: where items grow, the one comes without the
     * other.
     */
    void evicted() {
        advance();
    }

    private void advance() {
        long now = events.incrementAndGet();
        long due = nextTickAt.get();
        if (now >= due && nextTickAt.compareAndSet(due, now + step)) {
            int next = ticks.get() + 1;
            if (next >>> markShift << markShift == next) {
                marks.set(place(next >>> markShift), nanoTime.getAsLong());
            }
            if (ticks.getAndIncrement() % TICKS_PER_COUNT == 0) {
                counted = wholePopulation.getAsLong();
            }
        }
    }

    /**
     * How long ago an item with this access field was used, in nanoseconds: at least, and less than a 32nd of the time
     * of a turnover too little. 0 as long as nothing was inserted or evicted since; what was used 16 turnovers ago, or
     * more, counts as used then.
     */
    long idleNanos(int access) {
        int now = ticks.get();
        int lastMark = now >>> markShift << markShift;
        int firstAfter = (((now - ticksBetween(access, now)) >> markShift) + 1) << markShift;
        int passed = Math.min(lastMark - firstAfter, (MARKS - 2) << markShift);
        long reached = marks.get(place((lastMark - passed) >>> markShift));
        return passed < 0 || reached == 0 ? 0 : Math.max(0, nanoTime.getAsLong() - reached);
    }

    private static int place(int mark) {
        return mark & (MARKS - 1);
    }

    /** The ticks from {@code earlier} to {@code later}, if fewer than {@link #TICKS} lie between. */
    public static int ticksBetween(int earlier, int later) {
        return (later - earlier) & (TICKS - 1);
    }
}
