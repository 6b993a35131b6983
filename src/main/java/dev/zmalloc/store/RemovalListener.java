package dev.zmalloc.store;

import java.lang.foreign.MemorySegment;

/**
 * Is told of each entry that leaves a store: once, after it has left, outside of all locks.
 *
 * <p>It is called by the thread whose operation took the entry out, before that operation returns: a put, for what it
 * evicts, waits for it. Other threads' operations do not. What has expired, unless an operation comes across it, and
 * what a lowered limit evicts, is told by a thread of the store's, which does nothing else meanwhile. With an
 * {@link java.util.concurrent.Executor} a copy of the entry on the heap is told by that instead; what it refuses is
 * lost.
 *
 * <p>The entry's memory counts as used until the listener returns; what it keeps from being freed is at most one entry
 * for each thread that is in a listener, and some tens for the store's own thread. Nothing more is evicted because of
 * that by the thread that waits. Between threads there is no order, also not between two entries that were under one
 * key. What {@link OffHeapStore#clear} and {@link OffHeapStore#close} take out is not told, nor that
 * {@link OffHeapStore#expire} and {@link OffHeapStore#persist} put a copy in an entry's place.
 *
 * <p>What a listener throws goes to the log of the name {@code dev.zmalloc}, the first time, and changes nothing. It
 * may call the store; what its own calls take out is told when it has returned, as a copy on the heap. One that puts
 * back as much as is evicted keeps its thread for good.
 *
 * <p>At a limit that stores share, the listener of the store whose entry it was is told, by the thread that wants the
 * room. Where that is for the first store of its policy to come under such a limit, no other store can come under one,
 * or leave one, until the listener returns.
 */
@FunctionalInterface
public interface RemovalListener {
    /**
     * Called for one entry.
     *
     * @param key read-only, valid during the call and for its thread alone, and not aligned
     * @param value the same
     */
    void removed(RemovalCause cause, MemorySegment key, MemorySegment value);

    /**
     * Whether it wants to be told of entries that leave for {@code cause}. Asked once for each cause, when the store is
     * built: what nobody wants to know then costs nothing for good.
     */
    default boolean wants(RemovalCause cause) {
        return true;
    }
}
