package dev.zmalloc.evict;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * The least frequently used, as Redis counts: a logarithmic counter that decays.
 *
 * <pre>
 *    15       8 7         0
 *   +----------+-----------+
 *   | period   | counter   |
 *   +----------+-----------+
 *   period: of the last use or ageing, in units of the decay time, modulo 256
 * </pre>
 *
 * A use counts with probability {@code 1 / ((counter - 5) * factor + 1)}; a new item has 5, so that it is not the first
 * to go. For each period that has passed since, the counter is one less. Redis has 16 bits of minutes, these are 8 of
 * periods: an item that is neither used nor sampled for 256 of them looks as if it had been used later than it was. Who
 * samples writes the aged field back, and does so the more often the more is evicted.
 *
 * <p>Asking for the time takes longer than counting. So the period is asked for at one use of 32, at each sample and at
 * each insertion, and goes only forwards. A thread may still hold the period before: a difference of 255 is none.
 */
final class FrequencyRule extends AccessRule {
    /** The counter of a new item. */
    static final int FRESH = 5;

    private static final int MOST = 255;
    private static final int PERIOD_SHIFT = 8;
    private static final int BYTE = 0xFF;
    private static final int ASK_MASK = 31;

    private final LongSupplier nanoTime;
    private final long start;
    private final int factor;

    /** 0 if nothing decays. */
    private final long periodNanos;

    private final AtomicLong period = new AtomicLong();

    FrequencyRule(EvictionParameters parameters, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        start = nanoTime.getAsLong();
        factor = parameters.lfuLogFactor();
        periodNanos = TimeUnit.MINUTES.toNanos(parameters.lfuDecayMinutes());
    }

    @Override
    public int fresh() {
        ask();
        return pack(FRESH);
    }

    @Override
    public int applyAsInt(int access) {
        int random = ThreadLocalRandom.current().nextInt();
        if ((random & ASK_MASK) == 0) {
            ask();
        }
        int counter = aged(access) & BYTE;
        if (counter < MOST) {
            double chance = 1.0 / ((double) Math.max(0, counter - FRESH) * factor + 1);
            counter += (random >>> 1) < chance * Integer.MAX_VALUE ? 1 : 0;
        }
        return pack(counter);
    }

    @Override
    public boolean ages() {
        return true;
    }

    @Override
    public int aged(int access) {
        int passed = (int) (period.get() - (access >>> PERIOD_SHIFT)) & BYTE;
        return passed == 0 || passed == BYTE ? access : pack(Math.max(0, (access & BYTE) - passed));
    }

    @Override
    public int frequency(int access) {
        return aged(access) & BYTE;
    }

    @Override
    long score(int access, long bytes, long expiry, long random) {
        return (long) MOST - (access & BYTE);
    }

    private int pack(int counter) {
        return ((int) (period.get() & BYTE) << PERIOD_SHIFT) | counter;
    }

    @Override
    void sampling() {
        ask();
    }

    private void ask() {
        if (periodNanos != 0) {
            long now = (nanoTime.getAsLong() - start) / periodNanos;
            long known = period.get();
            while (now > known && !period.compareAndSet(known, now)) {
                known = period.get();
            }
        }
    }
}
