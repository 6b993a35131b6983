package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.MemoryLimits;
import dev.zmalloc.NativeOutOfMemoryError;
import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.table.EntryPins;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/** Sets up an {@link OffHeapStore}. The defaults are Redis': no limit, {@code noeviction}. */
public final class OffHeapStoreBuilder {
    long maxMemory;
    EvictionPolicy policy = EvictionPolicy.NOEVICTION;

    @Nullable
    MemoryAccount account;

    EvictionParameters parameters = EvictionParameters.DEFAULTS;

    /** 0 for any number. */
    long maxEntries;

    /** For tests: in place of the bytes that entries really take. */
    @Nullable
    LongUnaryOperator payload;

    /** For tests: the limit on {@link #payload}. */
    long maxPayload;

    /** For tests: 0 for as many as the limit calls for. */
    int stripes;

    LongSupplier millis = System::currentTimeMillis;

    private @Nullable RemovalListener listener;
    private @Nullable Executor listenerExecutor;

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
     * The same as people write it: see {@link MemoryLimits#parse}.
     *
     * @throws IllegalArgumentException if {@code text} is no limit
     */
    public OffHeapStoreBuilder maxMemory(String text) {
        return maxMemory(MemoryLimits.parse(text));
    }

    /**
     * The most entries that may be there, beside the limit of memory or without one; as hard as that. Any number unless
     * set. {@link StoreEviction#setMaxEntries} changes it.
     *
     * @throws IllegalArgumentException if {@code entries} is less than 1
     */
    public OffHeapStoreBuilder maxEntries(long entries) {
        maxEntries = StoreSizing.checkMaxEntries(entries);
        return this;
    }

    /** What tunes the policy; {@link EvictionParameters#DEFAULTS} unless set. */
    public OffHeapStoreBuilder evictionParameters(EvictionParameters value) {
        parameters = Objects.requireNonNull(value, "evictionParameters");
        return this;
    }

    /**
     * Makes a store that counts what tests of hit ratios count: one stripe, and in place of memory the sum of sizes,
     * whatever tables and allocator take besides.
     *
     * @param limit on the sum
     * @param sizes tells the size of an entry by its address, in an epoch or under a lock
     */
    OffHeapStoreBuilder payloadOnly(long limit, LongUnaryOperator sizes) {
        payload = sizes;
        maxPayload = limit;
        stripes = 1;
        return this;
    }

    /**
     * What the store's memory is charged to besides itself, so that several stores, or a store and other code, are
     * counted together. Without an account the store is counted alone.
     *
     * <p>If that account, or one above it, has a limit, it holds for the store too. At it, victims are chosen among the
     * entries of all stores under the account that have the same policy and parameters, whichever of them needs room;
     * at its own limit a store evicts its own entries. Stores of another policy under the account lose none to it, nor
     * do stores that evict nothing. A put at a shared limit takes longer the more stores are under it.
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

    /** Is told of what leaves the store, by the thread that took it out. None unless set. */
    public OffHeapStoreBuilder removalListener(RemovalListener value) {
        listener = Objects.requireNonNull(value, "removalListener");
        listenerExecutor = null;
        return this;
    }

    /** Like {@link #removalListener(RemovalListener)}, told by an executor's threads, with copies on the heap. */
    public OffHeapStoreBuilder removalListener(RemovalListener value, Executor executor) {
        removalListener(value);
        listenerExecutor = Objects.requireNonNull(executor, "executor");
        return this;
    }

    @Nullable
    RemovalNotices notices(EntryPins pins) {
        Set<RemovalCause> wanted = EnumSet.noneOf(RemovalCause.class);
        if (listener != null) {
            for (RemovalCause cause : RemovalCause.values()) {
                if (listener.wants(cause)) {
                    wanted.add(cause);
                }
            }
        }
        return listener == null || wanted.isEmpty()
                ? null
                : new RemovalNotices(pins, listener, wanted, listenerExecutor);
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

    @Nullable
    EntryBudget budget() {
        return payload != null
                ? new EntryBudget(maxPayload, payload)
                : maxEntries == 0 ? null : new EntryBudget(maxEntries, entry -> 1);
    }
}
