package dev.zmalloc.store;

import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.HashTable;
import dev.zmalloc.table.OwnedCount;
import dev.zmalloc.table.RetiredBlocks;

/**
 * What the writers of one thread stripe have to themselves: the count of those that hold memory, and the entries that
 * they have replaced, whose blocks become those of their next ones.
 *
 * <pre>
 *   put:   begin -----> a block ---> key, value ---> Stripe.put -------> end
 *            ^          (taken over,                 (one slot            |
 *            |           or new)                      changes)            | the entry that was replaced
 *            |                                                            v
 *            +------ blocks that no reader holds any more <--------- RetiredBlocks
 * </pre>
 *
 * So where entries are overwritten by entries of their size class, no memory is taken or given back, nothing is counted
 * in any account, and the block that is written to is in the cache still. Two threads meet in the stripe of a key only,
 * and there for as long as it takes to change a slot.
 *
 * <p>The lock is a leaf: nothing else is locked under it.
 */
final class WriterLane {
    private final LeafLock lock = new LeafLock();
    private final RetiredBlocks replaced;
    private final OwnedCount begun = new OwnedCount();
    private final OwnedCount ended = new OwnedCount();
    private final OwnedCount puts = new OwnedCount();
    private boolean isClosed;

    /** Makes a lane without writers. */
    WriterLane(RetiredBlocks replaced) {
        this.replaced = replaced;
    }

    /**
     * Begins an operation that needs a block for an entry. The caller owes an {@link #end}, {@link #giveBack} or
     * {@link #withdraw}.
     *
     * @return a block for {@code entryBytes}, which is the caller's; 0 if it has to come from the allocator
     */
    long begin(long entryBytes) {
        lock.lock();
        try {
            expect();
            return replaced.takeOver(entryBytes);
        } finally {
            lock.unlock();
        }
    }

    /** Like {@link #begin}, for a block that comes from the allocator. */
    void beginWithoutBlock() {
        lock.lock();
        try {
            expect();
        } finally {
            lock.unlock();
        }
    }

    private void expect() {
        // What can fail comes before the change.
        replaced.expect();
        // Before a block is out of the list, or is charged for: who finds memory gone finds its holder too.
        begun.add(1);
    }

    /** Makes {@link #begin} undone, where it gave no block and there is no memory. */
    void withdraw() {
        lock.lock();
        try {
            replaced.expectNoMore();
            begun.add(-1);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends an operation whose block is the table's, or the caller's to free. Throws nothing.
     *
     * @param outcome the entry that was replaced, and that readers may still hold; {@link HashTable#INSERTED} if the
     *     block is the table's, and in place of none; else it is the caller's
     */
    void end(long outcome) {
        boolean isReplaced = outcome > HashTable.INSERTED;
        end(
                isReplaced ? outcome : 0,
                isReplaced ? EntryLayout.entryBytes(outcome) : 0,
                outcome >= HashTable.INSERTED ? 1 : 0);
    }

    /** Ends an operation that did not come to use the block that it got from here, which is as it was before then. */
    void giveBack(long block, long bytes) {
        end(block, bytes, 0);
    }

    private void end(long block, long bytes, int put) {
        boolean isLate;
        lock.lock();
        try {
            if (block == 0) {
                replaced.expectNoMore();
            } else {
                replaced.retireExpected(block, bytes);
            }
            puts.add(put);
            ended.add(1);
            isLate = isClosed && block != 0;
        } finally {
            lock.unlock();
        }
        // The store was closed between the change and this: nobody else will free it. It may be pinned, by the caller
        // too; then it is freed when that ends.
        while (isLate && replaced.epochBytes() != 0) {
            reclaim();
            Thread.onSpinWait();
        }
    }

    /** Refuses to keep anything from now on. */
    void close() {
        lock.lock();
        try {
            isClosed = true;
        } finally {
            lock.unlock();
        }
    }

    /** After {@link #close}: frees what it can. Answers whether nothing is left but what is held. */
    boolean release() {
        lock.lock();
        try {
            long freed = 1;
            while (replaced.readableBytes() != 0 && freed != 0) {
                freed = replaced.reclaim();
            }
            return replaced.readableBytes() == 0;
        } finally {
            lock.unlock();
        }
    }

    /** Frees what no reader holds any more, as far as that can be told without waiting. Answers the bytes. */
    long reclaim() {
        lock.lock();
        try {
            return replaced.reclaim();
        } finally {
            lock.unlock();
        }
    }

    /** Frees an entry that waits for a pin that was taken off, if it is here. */
    void unpinned(long entry) {
        lock.lock();
        try {
            replaced.unpinned(entry);
        } finally {
            lock.unlock();
        }
    }

    /** Operations that hold memory, and those that {@link #ended}. */
    long begun() {
        return begun.get();
    }

    /** Operations whose memory is the table's, or was freed. */
    long ended() {
        return ended.get();
    }

    /** Entries that were put. */
    long puts() {
        return puts.get();
    }

    /** The entries that were replaced. {@link RetiredBlocks#readableBytes} and the like any thread. */
    RetiredBlocks replaced() {
        return replaced;
    }
}
