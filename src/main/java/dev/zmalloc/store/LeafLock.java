package dev.zmalloc.store;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * A lock for some loads and stores that few threads share: taking it is one atomic instruction, giving it back a store,
 * where {@link BriefLock} needs a fence to learn whether somebody sleeps. Here nobody is woken: who finds it taken for
 * longer than a moment naps and looks again.
 *
 * <p>Not reentrant. Under it nothing else is locked, and no code of a user's runs.
 */
final class LeafLock {
    private static final int SPINS = 64;
    private static final long NAP_NANOS = 20_000;
    private static final VarHandle TAKEN_HANDLE;

    static {
        try {
            TAKEN_HANDLE = MethodHandles.lookup().findVarHandle(LeafLock.class, "taken", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private boolean taken;

    void lock() {
        if (!TAKEN_HANDLE.compareAndSet(this, false, true)) {
            await();
        }
    }

    private void await() {
        int spins = 0;
        while ((boolean) TAKEN_HANDLE.getOpaque(this) || !TAKEN_HANDLE.compareAndSet(this, false, true)) {
            if (++spins < SPINS) {
                Thread.onSpinWait();
            } else {
                // Its holder may have lost its processor.
                spins = 0;
                LockSupport.parkNanos(NAP_NANOS);
            }
        }
    }

    void unlock() {
        TAKEN_HANDLE.setRelease(this, false);
    }
}
