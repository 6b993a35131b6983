package dev.zmalloc.table;

import dev.zmalloc.ffi.Memory;

/**
 * A sequence of longs in native memory that grows at its end and shrinks at both, in segments of a {@link SegmentPool}.
 *
 * <pre>
 *   positions     0 ...... 127   128 ..... 255   256 ..... 383
 *               +-------------+---------------+--------------+
 *               | ...  first  | ............  | last  ...    |
 *               +-------------+---------------+--------------+
 *   first: of the oldest word;  last: after the youngest;  a segment is there while a position in it is, or it was
 *   emptied in its middle
 * </pre>
 *
 * The addresses of the segments lie on the heap, a 128th of the words. Not thread-safe.
 */
public final class WordRing {
    private static final int SHIFT = Integer.numberOfTrailingZeros(SegmentPool.WORDS);
    private static final int MASK = SegmentPool.WORDS - 1;

    private final SegmentPool pool;
    private long[] segments = new long[4];
    private long first;
    private long last;

    /** Makes an empty ring, which takes nothing. */
    public WordRing(SegmentPool pool) {
        this.pool = pool;
    }

    /** How many words there are. */
    public long size() {
        return last - first;
    }

    /** Sees to it that no {@link #push} needs memory of the heap before the pool has more segments. */
    public void ensureRoom() {
        if (segments.length <= pool.total()) {
            long[] more = new long[Integer.highestOneBit(pool.total()) << 1];
            for (long segment = first >>> SHIFT; segment < end(); segment++) {
                more[(int) segment & (more.length - 1)] = segments[(int) segment & (segments.length - 1)];
            }
            segments = more;
        }
    }

    /** The number of the segment after the last one. */
    private long end() {
        return (last + MASK) >>> SHIFT;
    }

    /** The word {@code index} places after the oldest. */
    public long get(long index) {
        return Memory.getLong(address(first + index));
    }

    /** Overwrites a word. */
    public void set(long index, long word) {
        Memory.putLong(address(first + index), word);
    }

    /** Adds a word at the end; the pool must have been told to expect it. */
    public void push(long word) {
        if ((last & MASK) == 0) {
            segments[slot(last)] = pool.take();
        }
        Memory.putLong(address(last), word);
        last++;
    }

    /** Takes the oldest word out. */
    public long popFirst() {
        assert first < last : "an empty ring";
        long word = get(0);
        first++;
        if ((first & MASK) == 0) {
            pool.stock(segments[slot(first - 1)]);
        }
        return word;
    }

    /** Takes the youngest word out. */
    public long popLast() {
        assert first < last : "an empty ring";
        last--;
        long word = Memory.getLong(address(last));
        if ((last & MASK) == 0) {
            pool.stock(segments[slot(last)]);
        }
        return word;
    }

    /** Gives so many segments to the pool, with what is in them, the oldest first. Answers whether none is left. */
    public boolean drain(int atMost) {
        for (int count = 0; count < atMost && first >>> SHIFT < end(); count++) {
            pool.stock(segments[slot(first)]);
            first = (first | MASK) + 1;
            last = Math.max(first, last);
        }
        return first >>> SHIFT >= end();
    }

    private long address(long position) {
        return segments[slot(position)] + (position & MASK) * Long.BYTES;
    }

    private int slot(long position) {
        return (int) (position >>> SHIFT) & (segments.length - 1);
    }
}
