package dev.zmalloc.bench.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.zmalloc.bench.peers.KeyStream;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.Codecs;
import dev.zmalloc.store.OffHeapCache;
import dev.zmalloc.store.OffHeapStore;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The typed cache with codecs of strings beside the store: a million entries of 16 and 100 chars or bytes, in a Zipf
 * order. A key is made for each operation, of both as an array and of the cache's then as a string; values to put are
 * there. What is read is checked to begin with its number.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
public class TypedBench {
    private static final int ENTRIES = 1_000_000;
    private static final int VALUE_BYTES = 100;
    private static final int VALUES = 1 << 10;
    private static final int DRAWS = 1 << 22;
    private static final double SKEW = 0.99;
    private static final long LIMIT = 512L << 20;

    private final byte[] bytes = new byte[KeyStream.KEY_BYTES];
    private final byte[][] values = new byte[VALUES][];
    private final String[] texts = new String[VALUES];
    private int[] numbers = {};
    private int position;
    private OffHeapStore store;
    private OffHeapCache<String, String> cache;
    private OffHeapCache<String, String> expiring;

    /** Fills the store and the caches. */
    @Setup
    public void fill() {
        store = OffHeapStore.builder()
                .maxMemory(LIMIT)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build();
        cache = OffHeapCache.builder(Codecs.STRING, Codecs.STRING)
                .maxMemory(LIMIT)
                .build();
        expiring = OffHeapCache.builder(Codecs.STRING, Codecs.STRING)
                .maxMemory(LIMIT)
                .expireAfterAccess(Duration.ofHours(1))
                .build();
        for (int number = 0; number < VALUES; number++) {
            texts[number] = String.valueOf((char) ('a' + number % 26)).repeat(VALUE_BYTES);
            values[number] = texts[number].getBytes(ISO_8859_1);
        }
        for (int number = 0; number < ENTRIES; number++) {
            store.put(key(number), values[number % VALUES]);
            cache.put(text(number), texts[number % VALUES]);
            expiring.put(text(number), texts[number % VALUES]);
        }
        numbers = KeyStream.zipf(ENTRIES, SKEW, DRAWS, 1);
    }

    /** Closes them. */
    @TearDown
    public void close() {
        store.close();
        cache.close();
        expiring.close();
    }

    private int next() {
        position = (position + 1) & (DRAWS - 1);
        return numbers[position];
    }

    /** Of seven bits each, so that strings and bytes are as long as each other. */
    private byte[] key(int number) {
        KeyStream.key(number, bytes);
        for (int index = 0; index < bytes.length; index++) {
            bytes[index] &= 0x7f;
        }
        return bytes;
    }

    private String text(int number) {
        return new String(key(number), ISO_8859_1);
    }

    private static void check(boolean isRight) {
        if (!isRight) {
            throw new IllegalStateException("an entry is gone, or has another's value");
        }
    }

    @Benchmark
    public byte[] readRaw() {
        int number = next();
        byte[] value = store.get(key(number));
        check(value != null && value[0] == values[number % VALUES][0]);
        return value;
    }

    @Benchmark
    public String readTyped() {
        int number = next();
        String value = cache.getIfPresent(text(number));
        check(value != null && value.charAt(0) == values[number % VALUES][0]);
        return value;
    }

    @Benchmark
    public String readExpiring() {
        int number = next();
        String value = expiring.getIfPresent(text(number));
        check(value != null && value.charAt(0) == values[number % VALUES][0]);
        return value;
    }

    @Benchmark
    public void putRaw() {
        int number = next();
        store.put(key(number), values[number % VALUES]);
    }

    @Benchmark
    public void putTyped() {
        int number = next();
        cache.put(text(number), texts[number % VALUES]);
    }
}
