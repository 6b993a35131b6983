package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.fixtures.Seeds;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Arenas among threads and native functions: who may use them, and closing while others do. */
@SuppressWarnings("MustBeClosedChecker") // closed in the course of each test
class ZMallocArenaThreadsTest {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    @Test
    void aConfinedArenaIsItsThreadsOnly() throws InterruptedException {
        long before = ZMalloc.zmallocUsedMemory();
        try (Arena arena = ZMallocArena.ofConfined()) {
            MemorySegment segment = arena.allocateFrom(LONG, 5);
            long used = ZMalloc.zmallocUsedMemory();
            inAnotherThread(() -> {
                assertThat(segment.isAccessibleBy(Thread.currentThread())).isFalse();
                assertThatThrownBy(() -> arena.allocate(8)).isInstanceOf(WrongThreadException.class);
                assertThatThrownBy(() -> segment.get(LONG, 0)).isInstanceOf(WrongThreadException.class);
                assertThatThrownBy(() -> ZMallocArena.allocator(arena)).isInstanceOf(WrongThreadException.class);
                assertThatThrownBy(arena::close).isInstanceOf(WrongThreadException.class);
                assertThat(arena.scope().isAlive()).isTrue();
            });
            assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(used).isGreaterThan(before);
            assertThat(segment.get(LONG, 0)).isEqualTo(5);
        }
    }

    @Test
    void aSharedArenaIsClosedByAnyThread() throws InterruptedException {
        long before = ZMalloc.zmallocUsedMemory();
        Arena arena = ZMallocArena.ofShared();
        MemorySegment segment = arena.allocateFrom(LONG, 5);
        inAnotherThread(() -> {
            assertThat(segment.get(LONG, 0)).isEqualTo(5);
            arena.allocate(100).fill((byte) 1);
            arena.close();
        });
        assertThatThrownBy(() -> segment.get(LONG, 0)).isInstanceOf(IllegalStateException.class);
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
    }

    /** More of them than carriers, each of which parks between its calls. */
    @Test
    void virtualThreadsHaveArenasOfTheirOwn() throws InterruptedException {
        AtomicLong sum = new AtomicLong();
        List<Thread> threads = new ArrayList<>();
        for (int thread = 0; thread < 500; thread++) {
            long number = thread;
            threads.add(Thread.ofVirtual().start(() -> {
                try (Arena arena = ZMallocArena.ofConfined()) {
                    MemorySegment[] segments = new MemorySegment[20];
                    for (int index = 0; index < segments.length; index++) {
                        segments[index] = arena.allocateFrom(LONG, number);
                        LockSupport.parkNanos(1);
                    }
                    for (MemorySegment segment : segments) {
                        sum.addAndGet(segment.get(LONG, 0));
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(sum.get()).isEqualTo(20 * 499 * 500 / 2);
    }

    @Test
    void threadsThatShareAnArenaGetSegmentsThatKeepApart() throws InterruptedException {
        ConcurrentLinkedQueue<MemorySegment> segments = new ConcurrentLinkedQueue<>();
        try (Arena arena = ZMallocArena.ofShared()) {
            List<Thread> threads = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                threads.add(Thread.ofPlatform().start(() -> {
                    for (int count = 0; count < 5_000; count++) {
                        MemorySegment segment = arena.allocate(LONG, 3);
                        assertThat(segment.get(LONG, 16)).isZero();
                        segment.fill((byte) -1);
                        segment.set(LONG, 8, segment.address());
                        segments.add(segment);
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(segments).hasSize(20_000);
            for (MemorySegment segment : segments) {
                assertThat(segment.get(LONG, 8)).isEqualTo(segment.address());
            }
        }
    }

    /**
     * Threads allocate from, write to and close one arena after another, with no order between them. What goes wrong
     * otherwise: a block that nobody frees, which the count shows, or a block that is freed while it is written to, or
     * twice, which the blocks of the watcher show.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void allocatingWhileAnotherThreadCloses(boolean plainAllocator) throws InterruptedException {
        long before = ZMalloc.zmallocUsedMemory();
        Random random = new Random(Seeds.next("allocatingWhileAnotherThreadCloses"));
        AtomicLong served = new AtomicLong();
        ConcurrentLinkedQueue<Throwable> unexpected = new ConcurrentLinkedQueue<>();
        for (int round = 0; round < 120; round++) {
            Arena arena = plainAllocator ? Arena.ofShared() : ZMallocArena.ofShared();
            SegmentAllocator allocator = plainAllocator ? ZMallocArena.allocator(arena) : arena;
            CountDownLatch start = new CountDownLatch(3);
            List<Thread> threads = new ArrayList<>();
            for (int thread = 0; thread < 3; thread++) {
                threads.add(Thread.ofPlatform().start(() -> {
                    start.countDown();
                    try {
                        while (true) {
                            allocator.allocate(64).fill((byte) 7);
                            served.incrementAndGet();
                        }
                    } catch (IllegalStateException e) {
                        if (!"Already closed".equals(e.getMessage())) {
                            unexpected.add(e);
                        }
                    } catch (RuntimeException | Error e) {
                        unexpected.add(e);
                    }
                }));
            }
            start.await();
            Thread.sleep(0, random.nextInt(500_000));
            close(arena);
            for (Thread thread : threads) {
                thread.join();
            }
            MemorySegment watcher = ZMalloc.zcalloc(64);
            assertThat(watcher.toArray(ValueLayout.JAVA_BYTE)).containsOnly(0);
            ZMalloc.zfree(watcher);
            assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
        }
        assertThat(unexpected).isEmpty();
        assertThat(served.get()).isPositive();
    }

    /** One close frees and the others are refused, whichever it is. */
    @Test
    void manyCloseAtOnce() throws InterruptedException {
        long before = ZMalloc.zmallocUsedMemory();
        for (int round = 0; round < 100; round++) {
            Arena arena = ZMallocArena.ofShared();
            for (int count = 0; count < 50; count++) {
                arena.allocate(100);
            }
            CountDownLatch start = new CountDownLatch(1);
            AtomicLong closed = new AtomicLong();
            AtomicLong refused = new AtomicLong();
            List<Thread> threads = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                threads.add(Thread.ofPlatform().start(() -> {
                    try {
                        start.await();
                        arena.close();
                        closed.incrementAndGet();
                    } catch (IllegalStateException | InterruptedException e) {
                        refused.incrementAndGet();
                    }
                }));
            }
            start.countDown();
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(closed.get()).isEqualTo(1);
            assertThat(refused.get()).isEqualTo(3);
            assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
        }
    }

    /** Its reads are right until they are refused. JDKs differ in who gives way: the reader, or the one that closes. */
    @Test
    void closingWhileAnotherThreadReads() throws InterruptedException {
        long before = ZMalloc.zmallocUsedMemory();
        for (int round = 0; round < 50; round++) {
            Arena arena = ZMallocArena.ofShared();
            MemorySegment segment = arena.allocate(4_096);
            segment.fill((byte) 3);
            CountDownLatch reading = new CountDownLatch(1);
            ConcurrentLinkedQueue<Object> seen = new ConcurrentLinkedQueue<>();
            Thread reader = Thread.ofPlatform().start(() -> {
                try {
                    while (true) {
                        long word = segment.get(LONG, 8L * (seen.size() % 512));
                        if (word != 0x0303030303030303L) {
                            seen.add(word);
                        }
                        reading.countDown();
                    }
                } catch (IllegalStateException e) {
                    seen.add(e.getMessage());
                }
            });
            reading.await();
            int refusals = close(arena);
            reader.join();
            assertThat(seen).containsExactly("Already closed");
            assertThat(refusals).isNotNegative();
            assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
        }
    }

    /** The comparison function is called while {@code qsort} has the segment, and tries to close the arena. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aNativeFunctionThatHasASegmentKeepsTheArenaOpen(boolean shared) throws Throwable {
        long before = ZMalloc.zmallocUsedMemory();
        Arena arena = shared ? ZMallocArena.ofShared() : ZMallocArena.ofConfined();
        MemorySegment numbers = arena.allocateFrom(LONG, 5, 3, 9, 1);
        arena.allocate(1_000);
        long used = ZMalloc.zmallocUsedMemory();
        List<Throwable> refusals = new ArrayList<>();
        try (Arena stubs = Arena.ofConfined()) {
            sort(numbers, stubs, () -> {
                try {
                    arena.close();
                } catch (IllegalStateException e) {
                    refusals.add(e);
                }
                assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(used);
                assertThat(arena.scope().isAlive()).isTrue();
            });
        }
        assertThat(refusals)
                .isNotEmpty()
                .allSatisfy(refusal -> assertThat(refusal).hasMessageContaining("acquired by 1"));
        assertThat(numbers.toArray(LONG)).containsExactly(1, 3, 5, 9);
        arena.allocate(10).fill((byte) 1);
        arena.close();
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
    }

    @Test
    @SuppressWarnings("restricted") // functions of the C library
    void nativeFunctionsTakeItsSegmentsAndReturnStructsIntoIt() throws Throwable {
        Linker linker = Linker.nativeLinker();
        StructLayout quotient = MemoryLayout.structLayout(LONG.withName("quot"), LONG.withName("rem"));
        MethodHandle ldiv = linker.downcallHandle(
                linker.defaultLookup().find("ldiv").orElseThrow(), FunctionDescriptor.of(quotient, LONG, LONG));
        MethodHandle strlen = linker.downcallHandle(
                linker.defaultLookup().find("strlen").orElseThrow(), FunctionDescriptor.of(LONG, ValueLayout.ADDRESS));
        try (Arena arena = ZMallocArena.ofConfined()) {
            assertThat((long) strlen.invokeExact(arena.allocateFrom("native"))).isEqualTo(6);
            MemorySegment result = (MemorySegment) ldiv.invokeExact((SegmentAllocator) arena, 17L, 5L);
            assertThat(result.get(LONG, 0)).isEqualTo(3);
            assertThat(result.get(LONG, 8)).isEqualTo(2);
            assertThat(result.scope()).isEqualTo(arena.scope());
        }
    }

    @SuppressWarnings("restricted") // functions of the C library
    private static void sort(MemorySegment numbers, Arena stubs, Runnable meanwhile) throws Throwable {
        Linker linker = Linker.nativeLinker();
        MethodHandle compare = MethodHandles.insertArguments(
                MethodHandles.lookup()
                        .findStatic(
                                ZMallocArenaThreadsTest.class,
                                "compare",
                                MethodType.methodType(
                                        int.class, Runnable.class, MemorySegment.class, MemorySegment.class)),
                0,
                meanwhile);
        ValueLayout toLong = ValueLayout.ADDRESS.withTargetLayout(LONG);
        MemorySegment stub =
                linker.upcallStub(compare, FunctionDescriptor.of(ValueLayout.JAVA_INT, toLong, toLong), stubs);
        MethodHandle qsort = linker.downcallHandle(
                linker.defaultLookup().find("qsort").orElseThrow(),
                FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, LONG, LONG, ValueLayout.ADDRESS));
        qsort.invokeExact(numbers, numbers.byteSize() / 8, 8L, stub);
    }

    @SuppressWarnings("UnusedMethod") // found by its name, and called by qsort
    private static int compare(Runnable meanwhile, MemorySegment left, MemorySegment right) {
        meanwhile.run();
        return Long.compare(left.get(LONG, 0), right.get(LONG, 0));
    }

    /** Closes, again and again where somebody has a segment at hand; answers how often it was refused. */
    private static int close(Arena arena) {
        for (int refusals = 0; ; refusals++) {
            try {
                arena.close();
                return refusals;
            } catch (IllegalStateException e) {
                assertThat(arena.scope().isAlive()).isTrue();
                assertThatCode(() -> arena.allocate(16).fill((byte) 1)).doesNotThrowAnyException();
                Thread.onSpinWait();
            }
        }
    }

    private static void inAnotherThread(Runnable action) throws InterruptedException {
        List<Throwable> failures = new ArrayList<>();
        Thread thread = Thread.ofPlatform().start(() -> {
            try {
                action.run();
            } catch (RuntimeException | Error e) {
                failures.add(e);
            }
        });
        thread.join();
        assertThat(failures).isEmpty();
    }
}
