package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.testing.FaultInjectingAllocator;
import dev.zmalloc.testing.Faults;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Arenas whose allocator fails at the 1st, 2nd, ... Nth block: that call throws, and nothing else changes. */
@Tag("fault")
@SuppressWarnings("MustBeClosedChecker") // closed in the course of each test
class ZMallocArenaFaultTest {
    private static final int BLOCKS = 60;

    @AfterEach
    void stopFailing() {
        FaultInjectingAllocator.stopInjecting();
    }

    @Test
    void aFailureAtAnyBlockLeavesTheArenaAsItWas() {
        long live = FaultInjectingAllocator.heldBytes();
        for (boolean andAllAfter : new boolean[] {false, true}) {
            for (int allocations = 0; allocations < BLOCKS; allocations++) {
                for (int kind = 0; kind < 3; kind++) {
                    Arena arena = switch (kind) {
                        case 0 -> ZMallocArena.ofConfined();
                        case 1 -> ZMallocArena.ofShared();
                        default -> Arena.ofConfined();
                    };
                    SegmentAllocator allocator = kind == 2 ? ZMallocArena.allocator(arena) : arena;
                    (andAllAfter ? Faults.fromNth(allocations + 1) : Faults.nth(allocations + 1)).inject();
                    List<MemorySegment> segments = fill(allocator);
                    assertThat(segments).hasSize(andAllAfter ? allocations : BLOCKS - 1);
                    assertThat(FaultInjectingAllocator.stopInjecting()).isPositive();
                    assertIntact(segments);
                    allocator.allocate(100, 64).fill((byte) 1);
                    assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(FaultInjectingAllocator.heldBytes());
                    arena.close();
                    assertThat(FaultInjectingAllocator.heldBytes()).isEqualTo(live);
                }
            }
        }
    }

    @Test
    void theErrorNamesWhatWasAskedForAndOtherRefusalsGoFirst() {
        Arena arena = ZMallocArena.ofConfined();
        Faults.fromNth(1).inject();
        for (long alignment : new long[] {1, 16, 4_096}) {
            assertThatThrownBy(() -> arena.allocate(50, alignment))
                    .isInstanceOf(NativeOutOfMemoryError.class)
                    .hasMessage("zmalloc: Out of memory trying to allocate 50 bytes");
        }
        assertThatThrownBy(() -> arena.allocate(50, 3)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> arena.allocateFrom("text")).isInstanceOf(OutOfMemoryError.class);
        arena.close();
        assertThatThrownBy(() -> arena.allocate(50)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void threadsThatFailNowAndThenLeaveNothingBehind() throws InterruptedException {
        long live = FaultInjectingAllocator.heldBytes();
        AtomicLong failures = new AtomicLong();
        try (Arena arena = ZMallocArena.ofShared()) {
            List<Thread> threads = new ArrayList<>();
            for (int thread = 0; thread < 3; thread++) {
                threads.add(Thread.ofPlatform().start(() -> {
                    for (int count = 0; count < 3_000; count++) {
                        Faults.nth(count % 7 + 1).inject();
                        try {
                            arena.allocate(count % 300, 1L << (count % 9)).fill((byte) 1);
                        } catch (NativeOutOfMemoryError e) {
                            failures.incrementAndGet();
                        }
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
        }
        FaultInjectingAllocator.stopInjecting();
        assertThat(failures.get()).isPositive();
        assertThat(FaultInjectingAllocator.heldBytes()).isEqualTo(live);
    }

    /** Takes blocks of many sizes and alignments, each with its number in it, and goes on after a failure. */
    private static List<MemorySegment> fill(SegmentAllocator allocator) {
        List<MemorySegment> segments = new ArrayList<>();
        for (int block = 0; block < BLOCKS; block++) {
            try {
                MemorySegment segment = allocator.allocate(4 + block * 7L, 1L << (block % 9));
                segment.set(ValueLayout.JAVA_INT_UNALIGNED, 0, segments.size());
                segments.add(segment);
            } catch (NativeOutOfMemoryError e) {
                assertThat(e.requestedBytes()).isEqualTo(4 + block * 7L);
            }
        }
        return segments;
    }

    private static void assertIntact(List<MemorySegment> segments) {
        for (int index = 0; index < segments.size(); index++) {
            assertThat(segments.get(index).get(ValueLayout.JAVA_INT_UNALIGNED, 0))
                    .isEqualTo(index);
        }
    }
}
