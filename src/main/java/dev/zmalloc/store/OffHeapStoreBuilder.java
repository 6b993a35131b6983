package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.NativeOutOfMemoryError;
import dev.zmalloc.evict.EvictionPolicy;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Sets up an {@link OffHeapStore}. The defaults are Redis': no limit, {@code noeviction}. */
public final class OffHeapStoreBuilder {
    long maxMemory;
    EvictionPolicy policy = EvictionPolicy.NOEVICTION;

    @Nullable
    MemoryAccount account;

    LongSupplier millis = System::currentTimeMillis;

    OffHeapStoreBuilder() {}

    /**
     * The limit on everything that the store takes.
     *
     * @param bytes 0 for none
     * @throws IllegalArgumentException if {@code bytes} is negative
     */
    public OffHeapStoreBuilder maxMemory(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("maxMemory is negative: " + bytes);
        }
        maxMemory = bytes;
        return this;
    }

    /**
     * What the store's memory is charged to besides itself, so that several stores, or a store and other code, are
     * counted together. If that account has a limit, it holds for the store too: at it, the store evicts its own
     * entries. Without an account the store is counted alone.
     */
    public OffHeapStoreBuilder account(MemoryAccount value) {
        account = Objects.requireNonNull(value, "account");
        return this;
    }

    /** What goes when the limit is reached. */
    public OffHeapStoreBuilder evictionPolicy(EvictionPolicy value) {
        policy = Objects.requireNonNull(value, "evictionPolicy");
        return this;
    }

    /**
     * The clock that expiry goes by, in milliseconds; that of the system unless set. It is asked whenever an entry that
     * expires is found, by any thread, and must be fast. If it jumps, entries expire earlier or later.
     */
    public OffHeapStoreBuilder clock(LongSupplier milliseconds) {
        millis = Objects.requireNonNull(milliseconds, "clock");
        return this;
    }

    /**
     * Opens the store.
     *
     * @throws IllegalArgumentException if the limit is too small to hold anything; the message tells the number that
     *     would do
     * @throws MaxMemoryException if the account leaves no room for an empty store
     * @throws NativeOutOfMemoryError if the allocator has no memory
     */
    public OffHeapStore build() {
        return new OffHeapStore(this);
    }
}
