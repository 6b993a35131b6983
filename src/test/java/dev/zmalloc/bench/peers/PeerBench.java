package dev.zmalloc.bench.peers;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.ThreadParams;

/**
 * One operation on one peer that holds a million entries of 16 and 100 bytes, in a Zipf order. Every value that is read
 * is copied out, belongs to its key or ends the run, and is consumed.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
public class PeerBench {
    /** Bytes of a value. */
    static final int VALUE_BYTES = 100;

    static final int ENTRIES = 1_000_000;

    private static final double SKEW = 0.99;
    private static final double WRITE_SHARE = 0.05;
    private static final int DRAWS = 1 << 22;
    private static final int CHECK_EVERY = 997;
    private static final int HOT_NUMBER = 4_711;

    /** Whom to measure. */
    @Param("ZMALLOC")
    public Peer peer;

    private ByteMap map;

    /** Opens the peer and fills it. */
    @Setup
    public void fill() {
        map = peer.open(ENTRIES);
        fill(map, ENTRIES);
        byte[] key = new byte[KeyStream.KEY_BYTES];
        for (int number = 0; number < ENTRIES; number += CHECK_EVERY) {
            KeyStream.key(number, key);
            checked(map.get(key), number);
        }
    }

    /** Puts entries of the numbers below {@code entries}. */
    static void fill(ByteMap map, int entries) {
        byte[] key = new byte[KeyStream.KEY_BYTES];
        byte[] value = new byte[VALUE_BYTES];
        for (int number = 0; number < entries; number++) {
            KeyStream.key(number, key);
            KeyStream.stamp(value, number);
            map.put(key, value);
        }
    }

    /** Closes the peer. */
    @TearDown
    public void close() {
        map.close();
    }

    @Benchmark
    public byte[] read(Cursor cursor) {
        return read(cursor, cursor.next());
    }

    /** Like {@link #read}, but the next key is known by the value alone: the processor cannot go ahead to it. */
    @Benchmark
    public byte[] dependent(Cursor cursor) {
        byte[] value = read(cursor, cursor.next() + cursor.zero);
        cursor.zero = value[VALUE_BYTES - 1];
        return value;
    }

    @Benchmark
    public void overwrite(Cursor cursor) {
        overwrite(cursor, cursor.next());
    }

    @Benchmark
    public byte[] mixed(MixedCursor cursor) {
        int number = cursor.next();
        if (number >= 0) {
            return read(cursor, number);
        }
        overwrite(cursor, ~number);
        return cursor.value;
    }

    /** The same key each time, whatever the thread. */
    @Benchmark
    public byte[] hotKey(Cursor cursor) {
        return read(cursor, HOT_NUMBER);
    }

    private byte[] read(Cursor cursor, int number) {
        KeyStream.key(number, cursor.key);
        return checked(map.get(cursor.key), number);
    }

    private void overwrite(Cursor cursor, int number) {
        KeyStream.key(number, cursor.key);
        KeyStream.stamp(cursor.value, number);
        KeyStream.stamp(cursor.value, Long.BYTES, cursor.position);
        map.put(cursor.key, cursor.value);
    }

    static byte[] checked(byte[] value, int number) {
        if (value == null || KeyStream.stampOf(value) != number) {
            throw new IllegalStateException("entry " + number + (value == null ? " is gone" : " has another's value"));
        }
        return value;
    }

    /** The order of one thread. */
    @State(Scope.Thread)
    public static class Cursor {
        final byte[] key = new byte[KeyStream.KEY_BYTES];
        final byte[] value = new byte[VALUE_BYTES];
        int position;
        int zero;
        private int[] numbers = {};

        /** Draws it; each thread has its own. */
        @Setup
        public void draw(ThreadParams thread) {
            numbers = draw(1 + thread.getThreadIndex());
        }

        int[] draw(int seed) {
            return KeyStream.zipf(ENTRIES, SKEW, DRAWS, seed);
        }

        final int next() {
            position = (position + 1) & (DRAWS - 1);
            return numbers[position];
        }
    }

    /** The same, with one in twenty to be written. */
    @State(Scope.Thread)
    public static class MixedCursor extends Cursor {
        @Override
        int[] draw(int seed) {
            int[] numbers = super.draw(seed);
            KeyStream.markWrites(numbers, WRITE_SHARE, seed);
            return numbers;
        }
    }
}
