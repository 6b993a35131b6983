package dev.zmalloc.evict;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.NativeOutOfMemoryError;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ffi.Memory;
import java.util.ArrayList;
import java.util.List;

/**
 * The best victims of the samples so far: up to 16 candidates in one block of native memory, the best at the end.
 *
 * <pre>
 *   offset  0         8        16         24         32                       512
 *         +---------+--------+----------+----------+-------------+- -+----------+
 *         | score   | item   | location | access   | candidate 1 |...|   ...  15|
 *         +---------+--------+----------+----------+-------------+- -+----------+
 *           candidate 0: four longs                  ascending score
 * </pre>
 *
 * Keeping what good samples left over is what makes sampling five items come near to exact least-recent use (Redis,
 * {@code evict.c}, since 3.0). A candidate names its item and does not keep it: it may be gone when its turn comes,
 * which its target notices. Unlike in Redis an item is in the pool once at most.
 *
 * <p>Not thread-safe; the {@link Evictor} holds its lock.
 */
final class EvictionPool {
    static final int CAPACITY = 16;

    private static final int SCORE_OFFSET = 0;
    private static final int ITEM_OFFSET = 8;
    private static final int LOCATION_OFFSET = 16;
    private static final int ACCESS_OFFSET = 24;
    private static final int CANDIDATE_BYTES = 32;
    private static final int POOL_BYTES = CAPACITY * CANDIDATE_BYTES;

    private final MemoryAccount account;
    private final long base;
    private int size;

    private EvictionPool(MemoryAccount account, long base) {
        this.account = account;
        this.base = base;
    }

    /** The most bytes that a pool takes. */
    static long bytesBound() {
        return RawZMalloc.usableBytesBound(POOL_BYTES);
    }

    /**
     * Takes the pool's block from {@code account}.
     *
     * @throws NativeOutOfMemoryError if there is no memory
     */
    static EvictionPool open(MemoryAccount account) {
        return new EvictionPool(account, checked(account.tryAllocate(POOL_BYTES)));
    }

    /** Like {@link #open}, out of {@link #bytesBound} bytes that are reserved, and used up also if there is none. */
    static EvictionPool openReserved(MemoryAccount account) {
        return new EvictionPool(account, checked(account.allocateReserved(POOL_BYTES, bytesBound())));
    }

    private static long checked(long base) {
        if (!MemoryAccount.isAddress(base)) {
            throw new NativeOutOfMemoryError(POOL_BYTES);
        }
        return base;
    }

    /** Frees the block. The pool must not be used again. */
    void close() {
        account.free(base, POOL_BYTES);
    }

    /** The usable bytes of the block. */
    long bytes() {
        return RawZMalloc.zmallocSize(base);
    }

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /**
     * Takes a candidate in, unless the pool is full of better ones. A candidate known already gets its new score; if
     * that is none for the pool, it keeps the old one, and is found to have been used when its turn comes.
     */
    void offer(long score, long item, long location, int access) {
        if (size == CAPACITY && score < score(0)) {
            return;
        }
        removeIfPresent(item, location);
        int position = size;
        while (position > 0 && score(position - 1) >= score) {
            position--;
        }
        if (position == size && size < CAPACITY) {
            size++;
        } else if (size < CAPACITY) {
            Memory.copy(candidate(position), candidate(position + 1), (long) (size - position) * CANDIDATE_BYTES);
            size++;
        } else if (position == 0) {
            return;
        } else {
            position--;
            Memory.copy(candidate(1), candidate(0), (long) position * CANDIDATE_BYTES);
        }
        long candidate = candidate(position);
        Memory.putLong(candidate + SCORE_OFFSET, score);
        Memory.putLong(candidate + ITEM_OFFSET, item);
        Memory.putLong(candidate + LOCATION_OFFSET, location);
        Memory.putLong(candidate + ACCESS_OFFSET, access);
    }

    /** Drops all candidates. */
    void clear() {
        size = 0;
    }

    /** Drops the best candidate. */
    void removeBest() {
        size--;
    }

    long bestScore() {
        return score(size - 1);
    }

    long bestItem() {
        return Memory.getLong(candidate(size - 1) + ITEM_OFFSET);
    }

    long bestLocation() {
        return Memory.getLong(candidate(size - 1) + LOCATION_OFFSET);
    }

    int bestAccess() {
        return (int) Memory.getLong(candidate(size - 1) + ACCESS_OFFSET);
    }

    long score(int position) {
        return Memory.getLong(candidate(position) + SCORE_OFFSET);
    }

    /** The candidates, the best first. */
    List<Candidate> candidates() {
        List<Candidate> candidates = new ArrayList<>(size);
        for (int position = size - 1; position >= 0; position--) {
            long candidate = candidate(position);
            candidates.add(new Candidate(
                    Memory.getLong(candidate + SCORE_OFFSET),
                    Memory.getLong(candidate + ITEM_OFFSET),
                    Memory.getLong(candidate + LOCATION_OFFSET),
                    (int) Memory.getLong(candidate + ACCESS_OFFSET)));
        }
        return candidates;
    }

    private void removeIfPresent(long item, long location) {
        for (int position = 0; position < size; position++) {
            long candidate = candidate(position);
            if (Memory.getLong(candidate + ITEM_OFFSET) == item
                    && Memory.getLong(candidate + LOCATION_OFFSET) == location) {
                size--;
                Memory.copy(candidate(position + 1), candidate, (long) (size - position) * CANDIDATE_BYTES);
                return;
            }
        }
    }

    private long candidate(int position) {
        return base + (long) position * CANDIDATE_BYTES;
    }
}
