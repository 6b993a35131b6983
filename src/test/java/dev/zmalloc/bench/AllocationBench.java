package dev.zmalloc.bench;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.ZMallocArena;
import dev.zmalloc.ffi.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.ThreadParams;

/**
 * A block taken and a block freed: {@code pair}, the same block at once, and {@code churn}, in random order over 65,536
 * live blocks. Requests are of 16 to 271 bytes. Each way to do so runs the loop of {@code native/rival.c}, with the
 * same generator; blocks are not touched, on either side.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(AllocationBench.OPERATIONS)
@State(Scope.Thread)
public class AllocationBench {
    static final int OPERATIONS = 1 << 16;

    private static final int LIVE_BLOCKS = 1 << 16;
    private static final int LEAST_BYTES = 16;
    private static final int SIZES = 256;

    private long random;

    /** Where the generator begins: elsewhere for each thread. */
    @Setup
    public void seed(ThreadParams thread) {
        random = (thread.getThreadIndex() + 1) * 0x9E3779B97F4A7C15L;
    }

    private static long next(long random) {
        long state = random ^ (random << 13);
        state ^= state >>> 7;
        return state ^ (state << 17);
    }

    private static int sizeOf(long random) {
        return LEAST_BYTES + ((int) random & (SIZES - 1));
    }

    private static int slotOf(long random) {
        return (int) (random >>> 32) & (LIVE_BLOCKS - 1);
    }

    @Benchmark
    public void pairRedis() throws Throwable {
        random = (long) Rival.REDIS_PAIR.invokeExact(random, (long) OPERATIONS);
    }

    @Benchmark
    public void pairBest() throws Throwable {
        random = (long) Rival.BEST_PAIR.invokeExact(random, (long) OPERATIONS);
    }

    @Benchmark
    public void pairSized() {
        long state = random;
        for (int operation = 0; operation < OPERATIONS; operation++) {
            state = next(state);
            int bytes = sizeOf(state);
            RawZMalloc.zfree(RawZMalloc.zmalloc(bytes), bytes);
        }
        random = state;
    }

    @Benchmark
    public void pairPlain() {
        long state = random;
        for (int operation = 0; operation < OPERATIONS; operation++) {
            state = next(state);
            RawZMalloc.zfree(RawZMalloc.zmalloc(sizeOf(state)));
        }
        random = state;
    }

    @Benchmark
    public void pairSegmentSized() {
        long state = random;
        for (int operation = 0; operation < OPERATIONS; operation++) {
            state = next(state);
            int bytes = sizeOf(state);
            ZMalloc.zfree(ZMalloc.zmalloc(bytes), bytes);
        }
        random = state;
    }

    @Benchmark
    public void pairSegmentPlain() {
        long state = random;
        for (int operation = 0; operation < OPERATIONS; operation++) {
            state = next(state);
            ZMalloc.zfree(ZMalloc.zmalloc(sizeOf(state)));
        }
        random = state;
    }

    /** What the JDK offers for memory of one's own: it is also zeroed. */
    @Benchmark
    public void pairJdkArena() {
        long state = random;
        for (int operation = 0; operation < OPERATIONS; operation++) {
            state = next(state);
            try (Arena arena = Arena.ofConfined()) {
                arena.allocate(sizeOf(state));
            }
        }
        random = state;
    }

    @Benchmark
    public void pairZMallocArena() {
        long state = random;
        for (int operation = 0; operation < OPERATIONS; operation++) {
            state = next(state);
            try (Arena arena = ZMallocArena.ofConfined()) {
                arena.allocate(sizeOf(state));
            }
        }
        random = state;
    }

    @Benchmark
    public void pairUnsafe() throws Throwable {
        long state = random;
        for (int operation = 0; operation < OPERATIONS; operation++) {
            state = next(state);
            Unsafe.FREE.invokeExact((long) Unsafe.ALLOCATE.invokeExact((long) sizeOf(state)));
        }
        random = state;
    }

    @Benchmark
    public void churnRedis(NativeBlocks blocks) throws Throwable {
        random = (long) Rival.REDIS_CHURN.invokeExact(random, (long) OPERATIONS, blocks.addresses.address());
    }

    @Benchmark
    public void churnBest(NativeBlocks blocks) throws Throwable {
        random = (long) Rival.BEST_CHURN.invokeExact(
                random, (long) OPERATIONS, blocks.addresses.address(), blocks.sizes.address());
    }

    @Benchmark
    public void churnSized(Blocks blocks) {
        long[] addresses = blocks.addresses;
        short[] sizes = blocks.sizes;
        long state = random;
        for (int operation = 0; operation < OPERATIONS; operation++) {
            state = next(state);
            int slot = slotOf(state);
            RawZMalloc.zfree(addresses[slot], sizes[slot]);
            int bytes = sizeOf(state);
            addresses[slot] = RawZMalloc.zmalloc(bytes);
            sizes[slot] = (short) bytes;
        }
        random = state;
    }

    @Benchmark
    public void churnPlain(Blocks blocks) {
        long[] addresses = blocks.addresses;
        long state = random;
        for (int operation = 0; operation < OPERATIONS; operation++) {
            state = next(state);
            int slot = slotOf(state);
            RawZMalloc.zfree(addresses[slot]);
            addresses[slot] = RawZMalloc.zmalloc(sizeOf(state));
        }
        random = state;
    }

    @Benchmark
    public void churnSegmentSized(SegmentBlocks blocks) {
        MemorySegment[] segments = blocks.segments;
        long state = random;
        for (int operation = 0; operation < OPERATIONS; operation++) {
            state = next(state);
            int slot = slotOf(state);
            MemorySegment block = segments[slot];
            ZMalloc.zfree(block, block.byteSize());
            segments[slot] = ZMalloc.zmalloc(sizeOf(state));
        }
        random = state;
    }

    /** The calls of {@link #churnSegmentSized}, by code that keeps addresses: no segment outlives its use. */
    @Benchmark
    public void churnSegmentsMade(Blocks blocks) {
        long[] addresses = blocks.addresses;
        short[] sizes = blocks.sizes;
        long state = random;
        for (int operation = 0; operation < OPERATIONS; operation++) {
            state = next(state);
            int slot = slotOf(state);
            ZMalloc.zfree(Memory.segment(addresses[slot], sizes[slot]), sizes[slot]);
            int bytes = sizeOf(state);
            addresses[slot] = ZMalloc.zmalloc(bytes).address();
            sizes[slot] = (short) bytes;
        }
        random = state;
    }

    @Benchmark
    public void churnSegmentPlain(SegmentBlocks blocks) {
        MemorySegment[] segments = blocks.segments;
        long state = random;
        for (int operation = 0; operation < OPERATIONS; operation++) {
            state = next(state);
            int slot = slotOf(state);
            ZMalloc.zfree(segments[slot]);
            segments[slot] = ZMalloc.zmalloc(sizeOf(state));
        }
        random = state;
    }

    @Benchmark
    public void churnUnsafe(UnsafeBlocks blocks) throws Throwable {
        long[] addresses = blocks.addresses;
        long state = random;
        for (int operation = 0; operation < OPERATIONS; operation++) {
            state = next(state);
            int slot = slotOf(state);
            Unsafe.FREE.invokeExact(addresses[slot]);
            addresses[slot] = (long) Unsafe.ALLOCATE.invokeExact((long) sizeOf(state));
        }
        random = state;
    }

    /** Blocks of {@link RawZMalloc}, with the bytes that each was requested with. */
    @State(Scope.Thread)
    public static class Blocks {
        private final long[] addresses = new long[LIVE_BLOCKS];
        private final short[] sizes = new short[LIVE_BLOCKS];

        /** Takes them all. */
        @Setup
        public void take() {
            LiveStates.opened();
            long state = 1;
            for (int slot = 0; slot < LIVE_BLOCKS; slot++) {
                state = next(state);
                sizes[slot] = (short) sizeOf(state);
                addresses[slot] = RawZMalloc.zmalloc(sizes[slot]);
            }
        }

        /** Frees them all, and fails if the count says that a block is left. */
        @TearDown
        public void free() {
            for (long address : addresses) {
                RawZMalloc.zfree(address);
            }
            LiveStates.closed(ZMalloc.zmallocUsedMemory());
        }
    }

    /** Blocks of {@link ZMalloc}. */
    @State(Scope.Thread)
    public static class SegmentBlocks {
        private final MemorySegment[] segments = new MemorySegment[LIVE_BLOCKS];

        /** Takes them all. */
        @Setup
        public void take() {
            LiveStates.opened();
            long state = 1;
            for (int slot = 0; slot < LIVE_BLOCKS; slot++) {
                state = next(state);
                segments[slot] = ZMalloc.zmalloc(sizeOf(state));
            }
        }

        /** Frees them all, and fails if the count says that a block is left. */
        @TearDown
        public void free() {
            for (MemorySegment segment : segments) {
                ZMalloc.zfree(segment);
            }
            LiveStates.closed(ZMalloc.zmallocUsedMemory());
        }
    }

    /** Blocks of {@code Unsafe}. */
    @State(Scope.Thread)
    public static class UnsafeBlocks {
        private final long[] addresses = new long[LIVE_BLOCKS];

        /** Takes them all. */
        @Setup
        public void take() throws Throwable {
            long state = 1;
            for (int slot = 0; slot < LIVE_BLOCKS; slot++) {
                state = next(state);
                addresses[slot] = (long) Unsafe.ALLOCATE.invokeExact((long) sizeOf(state));
            }
        }

        /** Frees them all. */
        @TearDown
        public void free() throws Throwable {
            for (long address : addresses) {
                Unsafe.FREE.invokeExact(address);
            }
        }
    }

    /** Arrays for the rival, which fills them in its first iterations. */
    @State(Scope.Thread)
    public static class NativeBlocks {
        private final Arena arena = Arena.ofShared();
        private MemorySegment addresses = MemorySegment.NULL;
        private MemorySegment sizes = MemorySegment.NULL;

        /** Makes them, with null pointers. */
        @Setup
        public void take() {
            addresses = arena.allocate(ValueLayout.JAVA_LONG, LIVE_BLOCKS);
            sizes = arena.allocate(ValueLayout.JAVA_SHORT, LIVE_BLOCKS);
            LiveStates.opened();
        }

        /** Frees what the rival has put there. */
        @TearDown
        public void free() {
            Rival.freeAll(addresses.address());
            LiveStates.closed(Rival.usedMemory());
            arena.close();
        }
    }

    /** How many threads hold blocks: when the last has freed its own, nothing may count as used. */
    private static final class LiveStates {
        private static final AtomicInteger LIVE = new AtomicInteger();

        private LiveStates() {}

        static void opened() {
            LIVE.incrementAndGet();
        }

        static void closed(long usedMemory) {
            if (LIVE.decrementAndGet() == 0 && usedMemory != 0) {
                throw new IllegalStateException(usedMemory + " bytes are said to be in use, and all were freed");
            }
        }
    }

    /** {@code sun.misc.Unsafe}, reached without the compiler's warning. */
    private static final class Unsafe {
        static final MethodHandle ALLOCATE = bind("allocateMemory", MethodType.methodType(long.class, long.class));
        static final MethodHandle FREE = bind("freeMemory", MethodType.methodType(void.class, long.class));

        private Unsafe() {}

        private static MethodHandle bind(String name, MethodType type) {
            try {
                Class<?> unsafe = Class.forName("sun.misc.Unsafe");
                Field instance = unsafe.getDeclaredField("theUnsafe");
                instance.setAccessible(true);
                return MethodHandles.lookup().findVirtual(unsafe, name, type).bindTo(instance.get(null));
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("no sun.misc.Unsafe", e);
            }
        }
    }
}
