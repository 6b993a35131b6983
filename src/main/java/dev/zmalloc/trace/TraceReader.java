package dev.zmalloc.trace;

import java.io.IOException;

/** The requests of a trace, one after another, without an object for each. For a single thread; to be closed. */
public abstract class TraceReader implements AutoCloseable {
    /** What {@link #valueBytes} is where the format knows no sizes. */
    public static final int NO_SIZE = -1;

    final TraceInput in;
    long key;
    int valueBytes = NO_SIZE;

    TraceReader(TraceInput in) {
        this.in = in;
    }

    /**
     * Goes on to the next request. Returns false at the end.
     *
     * @throws TraceException if what follows is damaged
     */
    public abstract boolean next() throws IOException;

    /** The key of the request. */
    public final long key() {
        return key;
    }

    /** The size of the request's value, in bytes, or {@link #NO_SIZE}. */
    public final int valueBytes() {
        return valueBytes;
    }

    /** How many bytes of the file were read so far, compressed as they are. */
    public final long fileBytesRead() {
        return in.fileBytesRead();
    }

    @Override
    public final void close() throws IOException {
        in.close();
    }

    /** Spreads similar numbers over all 64 bits; no two numbers give the same (D. Stafford's variant 13). */
    static long mixed(long number) {
        long mixed = (number ^ (number >>> 30)) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
        return mixed ^ (mixed >>> 31);
    }
}
