package dev.zmalloc.bench.store;

import dev.zmalloc.bench.peers.KeyStream;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
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
 * Values of 4 KiB, copied out or read where they lie: 64 bytes of each at a place drawn ahead, and all. What is read is
 * summed up, eight bytes at a time, in the same way from the copy and from the value itself.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
public class ValueBench {
    private static final int ENTRIES = 1 << 16;
    private static final int VALUE_BYTES = 4 << 10;
    private static final int PART_BYTES = 64;
    private static final int DRAWS = 1 << 20;
    private static final double SKEW = 0.99;
    private static final int SEED = 1;

    private final byte[] key = new byte[KeyStream.KEY_BYTES];
    private int[] numbers = {};
    private short[] offsets = {};
    private int position;
    private OffHeapStore store;

    /** Fills the store, and draws keys and offsets. */
    @Setup
    public void fill() {
        store = OffHeapStore.builder()
                .maxMemory(2L * ENTRIES * VALUE_BYTES)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build();
        SplittableRandom random = new SplittableRandom(SEED);
        byte[] value = new byte[VALUE_BYTES];
        for (int number = 0; number < ENTRIES; number++) {
            random.nextBytes(value);
            KeyStream.key(number, key);
            store.put(key, value);
        }
        numbers = KeyStream.zipf(ENTRIES, SKEW, DRAWS, SEED);
        offsets = new short[DRAWS];
        for (int draw = 0; draw < DRAWS; draw++) {
            offsets[draw] = (short) random.nextInt(VALUE_BYTES - PART_BYTES + 1);
        }
    }

    /** Closes the store. */
    @TearDown
    public void close() {
        store.close();
    }

    private byte[] nextKey() {
        position = (position + 1) & (DRAWS - 1);
        KeyStream.key(numbers[position], key);
        return key;
    }

    @Benchmark
    public long copyPart() {
        byte[] value = store.get(nextKey());
        return sum(MemorySegment.ofArray(value), offsets[position], PART_BYTES);
    }

    @Benchmark
    public long readPart() {
        byte[] next = nextKey();
        int offset = offsets[position];
        return store.<Long>read(next, value -> sum(value, offset, PART_BYTES));
    }

    @Benchmark
    public long copyWhole() {
        byte[] value = store.get(nextKey());
        return sum(MemorySegment.ofArray(value), 0, VALUE_BYTES);
    }

    @Benchmark
    public long readWhole() {
        return store.<Long>read(nextKey(), value -> sum(value, 0, VALUE_BYTES));
    }

    private static long sum(MemorySegment value, int offset, int bytes) {
        long sum = 0;
        for (int done = 0; done < bytes; done += Long.BYTES) {
            sum += value.get(ValueLayout.JAVA_LONG_UNALIGNED, offset + done);
        }
        return sum;
    }
}
