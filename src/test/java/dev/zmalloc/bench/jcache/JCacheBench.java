package dev.zmalloc.bench.jcache;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.zmalloc.bench.peers.KeyStream;
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

/**
 * A million entries of 16 and 100 chars or bytes, in a Zipf order. A key is made for each operation, as bytes and, but
 * for the store, of these as a string; values to put are there. What is read is checked to begin with its number's
 * letter.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
public class JCacheBench {
    private static final int ENTRIES = 1_000_000;
    private static final int VALUE_CHARS = 100;
    private static final int VALUES = 1 << 10;
    private static final int DRAWS = 1 << 22;
    private static final double SKEW = 0.99;

    private final String[] texts = new String[VALUES];
    private final byte[][] values = new byte[VALUES][];
    private int[] numbers = {};
    private Contender.Strings strings;

    /** What is measured. */
    @Param("ZMALLOC")
    public Contender contender;

    /** Fills it. */
    @Setup
    public void fill() {
        strings = contender.open(ENTRIES);
        for (int number = 0; number < VALUES; number++) {
            texts[number] = String.valueOf((char) ('a' + number % 26)).repeat(VALUE_CHARS);
            values[number] = texts[number].getBytes(ISO_8859_1);
        }
        for (int number = 0; number < ENTRIES; number++) {
            put(number, new byte[KeyStream.KEY_BYTES]);
        }
        numbers = KeyStream.zipf(ENTRIES, SKEW, DRAWS, 1);
    }

    /** Closes it. */
    @TearDown
    public void close() {
        strings.close();
    }

    /** A thread's place in the stream of keys. */
    @State(Scope.Thread)
    public static class Place {
        private final byte[] key = new byte[KeyStream.KEY_BYTES];
        private int position = (int) (Thread.currentThread().threadId() * 1_000_003) & (DRAWS - 1);
    }

    private int next(Place place) {
        place.position = (place.position + 1) & (DRAWS - 1);
        return numbers[place.position];
    }

    /** Of seven bits each, so that strings and bytes are as long as each other. */
    private static byte[] key(int number, byte[] bytes) {
        KeyStream.key(number, bytes);
        for (int index = 0; index < bytes.length; index++) {
            bytes[index] &= 0x7f;
        }
        return bytes;
    }

    private void put(int number, byte[] key) {
        strings.put(key(number, key), texts[number % VALUES], values[number % VALUES]);
    }

    @Benchmark
    public Object read(Place place) {
        int number = next(place);
        Object value = strings.get(key(number, place.key));
        int first = value instanceof String text ? text.charAt(0) : value instanceof byte[] bytes ? bytes[0] : -1;
        if (first != values[number % VALUES][0]) {
            throw new IllegalStateException("an entry is gone, or has another's value");
        }
        return value;
    }

    @Benchmark
    public void put(Place place) {
        put(next(place), place.key);
    }
}
