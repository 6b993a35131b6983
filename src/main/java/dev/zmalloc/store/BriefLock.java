package dev.zmalloc.store;

import java.util.concurrent.locks.ReentrantLock;

/**
 * A lock that is held for less than a microsecond, as a rule: who finds it taken looks again for a moment before it has
 * itself put to sleep. With two threads that overwrite a million entries, this made 2.4 million overwrites a second of
 * 1.9 where a cache line takes 165 ns from one processor to the other.
 *
 * <p>Who holds it may have lost its processor all the same, so the moment is short.
 */
final class BriefLock extends ReentrantLock {
    private static final long serialVersionUID = 1;

    private static final int SPINS = 64;

    @Override
    public void lock() {
        for (int spin = 0; spin < SPINS; spin++) {
            if (tryLock()) {
                return;
            }
            Thread.onSpinWait();
        }
        super.lock();
    }
}
