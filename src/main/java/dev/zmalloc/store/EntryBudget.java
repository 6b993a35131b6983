package dev.zmalloc.store;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongUnaryOperator;

/**
 * A limit beside that of memory: on the number of entries, or on their sizes by some measure. It holds at every moment,
 * as that of memory does, but where it was lowered: then it goes down as entries leave.
 *
 * <p>Any thread may call any method.
 */
final class EntryBudget {
    private final LongUnaryOperator weigher;
    private final AtomicLong used = new AtomicLong();
    private final ReentrantLock settling = new ReentrantLock();
    private volatile long wanted;
    private volatile long limit;

    /**
     * Makes a budget of which nothing is used.
     *
     * @param weigher tells the weight of an entry, which does not change
     */
    EntryBudget(long limit, LongUnaryOperator weigher) {
        this.weigher = weigher;
        this.limit = limit;
        wanted = limit;
    }

    long weight(long entry) {
        return weigher.applyAsLong(entry);
    }

    /** Charges a weight, if the limit allows. A negative one always is. */
    boolean tryTake(long weight) {
        while (true) {
            long now = used.get();
            if (weight > 0 && weight > limit - now) {
                return false;
            }
            if (used.compareAndSet(now, now + weight)) {
                return true;
            }
        }
    }

    /** Takes back a charge. */
    void give(long weight) {
        used.addAndGet(-weight);
    }

    long used() {
        return used.get();
    }

    /** The limit that was asked for. */
    long wanted() {
        return wanted;
    }

    void setLimit(long value) {
        wanted = value;
        settle();
    }

    /** Brings the limit as near to the one that was asked for as what is used allows. */
    void settle() {
        // So that one reckoned from an earlier wish does not come after a later one.
        settling.lock();
        try {
            limit = Math.max(wanted, used.get());
        } finally {
            settling.unlock();
        }
    }

    /** How much more is used than was asked for; not positive if no more. */
    long excess() {
        return used.get() - wanted;
    }
}
