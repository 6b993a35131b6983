package dev.zmalloc.table;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** A number that is changed under one lock, and read by any thread without it. */
public final class OwnedCount {
    private static final VarHandle VALUE_HANDLE;

    static {
        try {
            VALUE_HANDLE = MethodHandles.lookup().findVarHandle(OwnedCount.class, "value", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private long value;

    /** Makes a count of 0. */
    public OwnedCount() {}

    /** Adds to it, under the lock: who sees that sees what the thread did before. */
    public void add(long change) {
        VALUE_HANDLE.setRelease(this, value + change);
    }

    /** The number now; a volatile read. */
    public long get() {
        return (long) VALUE_HANDLE.getVolatile(this);
    }
}
