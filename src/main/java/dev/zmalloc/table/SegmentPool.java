package dev.zmalloc.table;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ffi.Memory;

/**
 * The blocks of fixed size that the {@link WordRing}s of one owner are made of, and those kept ready for them.
 *
 * <p>Memory is taken by {@link #tryExpect} alone, before a change; what a change needs after that is in stock, however
 * words are moved from ring to ring. Each ring has at most two segments that are not full of words, so {@code rings}
 * rings of {@code words} words never have more than {@code words / 128 + 2 * rings} segments: that many are kept, and a
 * few more given back.
 *
 * <p>Not thread-safe.
 */
public final class SegmentPool {
    /** Words of a segment. */
    static final int WORDS = 128;

    static final int BYTES = WORDS * Long.BYTES;

    private final MemoryAccount account;
    private final int slack;

    /** The first of the segments in stock, each of which begins with the address of the next; 0 if there is none. */
    private long spare;

    private int total;
    /** Of all segments: what the allocator gave may be more than was told. */
    private long usableBytes;

    /** Makes an empty pool for so many rings, paid for by {@code account}. */
    public SegmentPool(MemoryAccount account, int rings) {
        this.account = account;
        slack = 2 * rings;
    }

    /** The usable bytes, or the most there can be, of a pool whose rings have grown to so many words. */
    public static long bytesBound(int rings, long words) {
        return (words / WORDS + 2L * rings) * RawZMalloc.usableBytesBound(BYTES);
    }

    /** The most bytes that one {@link #tryExpect} takes. */
    public long expectationBytesBound() {
        return expectationBytesBound(slack / 2);
    }

    /** The same for a pool of so many rings. */
    public static long expectationBytesBound(int rings) {
        return (2L * rings + 1) * RawZMalloc.usableBytesBound(BYTES);
    }

    /**
     * Sees to it that all rings together can hold so many words.
     *
     * @return 0, or {@link MemoryAccount#OVER_LIMIT} or {@link MemoryAccount#NO_MEMORY}
     */
    public long tryExpect(long words) {
        while (total < segments(words)) {
            long segment = account.tryAllocate(BYTES);
            if (!MemoryAccount.isAddress(segment)) {
                return segment;
            }
            total++;
            usableBytes += RawZMalloc.zmallocSize(segment);
            stock(segment);
        }
        return 0;
    }

    /** Gives back what so many words do not need. */
    public void trim(long words) {
        while (spare != 0 && total > segments(words) + 1) {
            free(take());
        }
    }

    /** Gives back all that is in stock. */
    public void freeStock() {
        while (spare != 0) {
            free(take());
        }
    }

    private long segments(long words) {
        return words / WORDS + slack;
    }

    /** How many segments there are, in use or not. */
    int total() {
        return total;
    }

    /** Usable bytes of all segments. */
    public long bytes() {
        return usableBytes;
    }

    long take() {
        long segment = spare;
        assert segment != 0 : "a segment that was not expected";
        spare = Memory.getLong(segment);
        return segment;
    }

    void stock(long segment) {
        Memory.putLong(segment, spare);
        spare = segment;
    }

    private void free(long segment) {
        usableBytes -= account.free(segment, BYTES);
        total--;
    }
}
