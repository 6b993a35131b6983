package dev.zmalloc.bench.store;

import dev.zmalloc.ProcessMemory;
import dev.zmalloc.bench.peers.KeyStream;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

/** A read of 16 bytes by a key of 16, all keys alike, of a store of so many entries. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
public class SizeBench {
    /** Names the file that {@link #fill} writes what it has found into. */
    static final String NOTES = "zmalloc.bench.notes";

    /** What the store needs for an entry, and some room. */
    static final long BYTES_PER_ENTRY = 100;

    private static final int VALUE_BYTES = 16;

    /** How many entries to read of. */
    @Param("1000000")
    public int entries;

    private final byte[] key = new byte[KeyStream.KEY_BYTES];
    private long random = 1;
    private OffHeapStore store;

    /** Fills the store on all processors, and notes the memory that it took, and how much of that is huge pages. */
    @Setup
    public void fill() throws IOException, InterruptedException {
        store = OffHeapStore.builder()
                .maxMemory(Math.max(64L << 20, BYTES_PER_ENTRY * entries))
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build();
        int parts = Runtime.getRuntime().availableProcessors();
        List<Thread> threads = new ArrayList<>();
        for (int part = 0; part < parts; part++) {
            int first = (int) ((long) entries * part / parts);
            int end = (int) ((long) entries * (part + 1) / parts);
            threads.add(Thread.ofPlatform().start(() -> fill(first, end)));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        if (store.size() != entries) {
            throw new IllegalStateException(store.size() + " entries are there, not " + entries);
        }
        String notes = System.getProperty(NOTES);
        if (notes != null) {
            Files.writeString(
                    Path.of(notes),
                    store.usedMemory() + " " + ProcessMemory.residentBytes().orElse(0) + " "
                            + ProcessMemory.smapsBytes("AnonHugePages").orElse(0));
        }
    }

    private void fill(int first, int end) {
        byte[] next = new byte[KeyStream.KEY_BYTES];
        byte[] value = new byte[VALUE_BYTES];
        for (int number = first; number < end; number++) {
            KeyStream.key(number, next);
            KeyStream.stamp(value, number);
            store.put(next, value);
        }
    }

    /** Closes the store. */
    @TearDown
    public void close() {
        store.close();
    }

    @Benchmark
    public byte[] read() {
        random ^= random << 13;
        random ^= random >>> 7;
        random ^= random << 17;
        int number = (int) Math.unsignedMultiplyHigh(random, entries);
        KeyStream.key(number, key);
        byte[] value = store.get(key);
        if (value == null || KeyStream.stampOf(value) != number) {
            throw new IllegalStateException("entry " + number + " is gone, or has another's value");
        }
        return value;
    }
}
