package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs the same code on the arenas of the JDK and on those from here. The matrix is in the manner of the JDK's own. */
@SuppressWarnings("MustBeClosedChecker") // closed in the course of each test
@Tag("core")
class ZMallocArenaTest {
    private static final ByteOrder SWAPPED =
            ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;

    private static final StructLayout STRUCT = MemoryLayout.structLayout(
            ValueLayout.JAVA_BYTE,
            MemoryLayout.paddingLayout(3),
            ValueLayout.JAVA_INT.withName("number"),
            ValueLayout.JAVA_DOUBLE.withName("fraction"));

    private static final long[] SIZES = {
        0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 31, 33, 64, 100, 127, 4_095, 4_096, 5_000, 20_000, 1 << 18
    };

    /** What is to behave alike. */
    @SuppressWarnings("ImmutableEnumChecker") // functions without state
    enum Provider {
        CONFINED(ZMallocArena::ofConfined, arena -> arena),
        SHARED(ZMallocArena::ofShared, arena -> arena),
        ON_JDK_CONFINED(Arena::ofConfined, ZMallocArena::allocator),
        ON_JDK_SHARED(Arena::ofShared, ZMallocArena::allocator),
        ON_CONFINED(ZMallocArena::ofConfined, ZMallocArena::allocator),
        JDK_CONFINED(Arena::ofConfined, arena -> arena),
        JDK_SHARED(Arena::ofShared, arena -> arena);

        private final Supplier<Arena> arenas;
        private final Function<Arena, SegmentAllocator> allocators;

        Provider(Supplier<Arena> arenas, Function<Arena, SegmentAllocator> allocators) {
            this.arenas = arenas;
            this.allocators = allocators;
        }

        Arena open() {
            return arenas.get();
        }

        SegmentAllocator on(Arena arena) {
            return allocators.apply(arena);
        }

        boolean ours() {
            return !name().startsWith("JDK");
        }
    }

    @ParameterizedTest
    @EnumSource
    void everySizeAtEveryAlignment(Provider provider) {
        for (long bytes : SIZES) {
            leaveDirt(bytes);
        }
        List<MemorySegment> segments = new ArrayList<>();
        try (Arena arena = provider.open()) {
            SegmentAllocator allocator = provider.on(arena);
            for (long alignment = 1; alignment <= 4_096; alignment *= 2) {
                for (long bytes : SIZES) {
                    MemorySegment segment = allocator.allocate(bytes, alignment);
                    assertThat(segment.byteSize()).isEqualTo(bytes);
                    assertThat(segment.address() % alignment).isZero();
                    assertThat(segment.isNative()).isTrue();
                    assertThat(segment.isReadOnly()).isFalse();
                    assertThat(segment.scope()).isEqualTo(arena.scope());
                    assertThat(segment.mismatch(MemorySegment.ofArray(new byte[(int) bytes])))
                            .as("all %d bytes are zero", bytes)
                            .isEqualTo(-1);
                    segment.fill((byte) segments.size());
                    assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, bytes))
                            .isInstanceOf(IndexOutOfBoundsException.class);
                    segments.add(segment);
                }
            }
            assertKeepApart(segments);
        }
        for (MemorySegment segment : segments) {
            assertThat(segment.scope().isAlive()).isFalse();
            assertThatThrownBy(() -> segment.fill((byte) 0))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("Already closed");
        }
    }

    /** Whole pages for the largest alignments: the address is all that counts. */
    @ParameterizedTest
    @EnumSource
    void alignsByMoreThanAPage(Provider provider) {
        try (Arena arena = provider.open()) {
            SegmentAllocator allocator = provider.on(arena);
            for (long alignment = 8_192; alignment <= 4 << 20; alignment *= 2) {
                MemorySegment segment = allocator.allocate(10, alignment);
                assertThat(segment.address() % alignment).isZero();
                segment.fill((byte) 1);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void segmentsOfNothingHaveAddressesOfTheirOwn(Provider provider) {
        try (Arena arena = provider.open()) {
            SegmentAllocator allocator = provider.on(arena);
            for (long alignment : new long[] {1, 8, 16, 64, 4_096}) {
                MemorySegment first = allocator.allocate(0, alignment);
                MemorySegment second = allocator.allocate(0, alignment);
                assertThat(first.address()).isNotZero().isNotEqualTo(second.address());
                assertThat(first.address() % alignment).isZero();
                assertThat(first.byteSize()).isZero();
                assertThat(first.scope()).isEqualTo(arena.scope());
            }
            assertThat(allocator
                            .allocate(MemoryLayout.sequenceLayout(0, STRUCT))
                            .byteSize())
                    .isZero();
        }
    }

    @ParameterizedTest
    @EnumSource
    void valuesOfEveryLayoutReadBack(Provider provider) {
        try (Arena arena = provider.open()) {
            SegmentAllocator to = provider.on(arena);
            for (ByteOrder order : new ByteOrder[] {ByteOrder.nativeOrder(), SWAPPED}) {
                ValueLayout.OfShort shorts = ValueLayout.JAVA_SHORT.withOrder(order);
                ValueLayout.OfChar chars = ValueLayout.JAVA_CHAR.withOrder(order);
                ValueLayout.OfInt ints = ValueLayout.JAVA_INT.withOrder(order);
                ValueLayout.OfLong longs = ValueLayout.JAVA_LONG.withOrder(order);
                ValueLayout.OfFloat floats = ValueLayout.JAVA_FLOAT.withOrder(order);
                ValueLayout.OfDouble doubles = ValueLayout.JAVA_DOUBLE.withOrder(order);
                AddressLayout addresses = ValueLayout.ADDRESS.withOrder(order);
                MemorySegment target = to.allocate(8);

                assertThat(to.allocateFrom(shorts, (short) -2).get(shorts, 0)).isEqualTo((short) -2);
                assertThat(to.allocateFrom(chars, 'ß').get(chars, 0)).isEqualTo('ß');
                assertThat(to.allocateFrom(ints, 1 << 30).get(ints, 0)).isEqualTo(1 << 30);
                assertThat(to.allocateFrom(longs, -1L << 40).get(longs, 0)).isEqualTo(-1L << 40);
                assertThat(to.allocateFrom(floats, 1.5f).get(floats, 0)).isEqualTo(1.5f);
                assertThat(to.allocateFrom(doubles, -2.25).get(doubles, 0)).isEqualTo(-2.25);
                assertThat(to.allocateFrom(addresses, target).get(addresses, 0).address())
                        .isEqualTo(target.address());

                assertThat(to.allocateFrom(shorts, (short) 1, (short) 2).toArray(shorts))
                        .containsExactly(1, 2);
                assertThat(to.allocateFrom(chars, 'a', 'b').toArray(chars)).containsExactly('a', 'b');
                assertThat(to.allocateFrom(ints, 1, 2, 3).toArray(ints)).containsExactly(1, 2, 3);
                assertThat(to.allocateFrom(longs, 1, 2).toArray(longs)).containsExactly(1, 2);
                assertThat(to.allocateFrom(floats, 1, 2).toArray(floats)).containsExactly(1, 2);
                assertThat(to.allocateFrom(doubles, 1, 2).toArray(doubles)).containsExactly(1, 2);
            }
            assertThat(to.allocateFrom(ValueLayout.JAVA_BYTE, (byte) 7).get(ValueLayout.JAVA_BYTE, 0))
                    .isEqualTo((byte) 7);
            assertThat(to.allocateFrom(ValueLayout.JAVA_BYTE, new byte[] {1, 2}).toArray(ValueLayout.JAVA_BYTE))
                    .containsExactly(1, 2);
            assertThat(to.allocateFrom(ValueLayout.JAVA_LONG, new long[0]).byteSize())
                    .isZero();
            assertThat(to.allocate(ValueLayout.JAVA_BOOLEAN).get(ValueLayout.JAVA_BOOLEAN, 0))
                    .isFalse();
            assertThat(to.allocate(ValueLayout.JAVA_INT, 100).byteSize()).isEqualTo(400);
        }
    }

    @ParameterizedTest
    @EnumSource
    void stringsReadBack(Provider provider) {
        List<Charset> charsets = List.of(
                StandardCharsets.US_ASCII,
                StandardCharsets.ISO_8859_1,
                StandardCharsets.UTF_8,
                StandardCharsets.UTF_16LE,
                StandardCharsets.UTF_16BE,
                StandardCharsets.UTF_16,
                Charset.forName("UTF-32LE"),
                Charset.forName("UTF-32BE"));
        try (Arena arena = provider.open()) {
            SegmentAllocator allocator = provider.on(arena);
            for (String text : new String[] {"", "a", "native memory", "x".repeat(5_000)}) {
                assertThat(allocator.allocateFrom(text).getString(0)).isEqualTo(text);
                assertThat(allocator.allocateFrom(text).byteSize()).isEqualTo(text.length() + 1L);
                for (Charset charset : charsets) {
                    assertThat(allocator.allocateFrom(text, charset).getString(0, charset))
                            .isEqualTo(text);
                }
            }
            assertThat(allocator.allocateFrom("größer, 記憶").getString(0)).isEqualTo("größer, 記憶");
        }
    }

    @ParameterizedTest
    @EnumSource
    void structsSlicesAndCopiesWork(Provider provider) {
        try (Arena arena = provider.open()) {
            MemorySegment structs = provider.on(arena).allocate(STRUCT, 10);
            assertThat(structs.byteSize()).isEqualTo(160);
            assertThat(structs.address() % STRUCT.byteAlignment()).isZero();
            MemorySegment third = structs.asSlice(3 * STRUCT.byteSize(), STRUCT);
            third.set(ValueLayout.JAVA_INT, 4, 42);
            assertThat(structs.get(ValueLayout.JAVA_INT, 52)).isEqualTo(42);
            assertThat(third.scope()).isEqualTo(arena.scope());

            MemorySegment copy = provider.on(arena).allocate(160);
            MemorySegment.copy(structs, 0, copy, 0, 160);
            assertThat(copy.mismatch(structs)).isEqualTo(-1);
            assertThat(structs.asOverlappingSlice(copy)).isEmpty();
            byte[] heap = new byte[16];
            MemorySegment.copy(copy, ValueLayout.JAVA_BYTE, 48, heap, 0, 16);
            assertThat(heap).contains(42);
            assertThat(structs.elements(STRUCT)).hasSize(10);
            assertThat(structs.asReadOnly().isReadOnly()).isTrue();
            assertThat(structs.asByteBuffer().capacity()).isEqualTo(160);
        }
    }

    @ParameterizedTest
    @EnumSource
    void theJdksAllocatorsWorkOnItsSegments(Provider provider) {
        try (Arena arena = provider.open()) {
            MemorySegment large = provider.on(arena).allocate(64, 64);
            SegmentAllocator slicing = SegmentAllocator.slicingAllocator(large);
            assertThat(slicing.allocateFrom(ValueLayout.JAVA_INT, 5).address()).isEqualTo(large.address());
            assertThat(slicing.allocateFrom(ValueLayout.JAVA_LONG, 6).address()).isEqualTo(large.address() + 8);
            assertThat(slicing.allocate(48).scope()).isEqualTo(arena.scope());
            assertThatThrownBy(() -> slicing.allocate(1)).isInstanceOf(IndexOutOfBoundsException.class);
            SegmentAllocator prefix = SegmentAllocator.prefixAllocator(large);
            assertThat(prefix.allocate(64).address())
                    .isEqualTo(prefix.allocate(1).address());
            assertThatThrownBy(() -> prefix.allocate(65)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    /** The same calls, refused by the same exceptions, where several reasons hold at once too. */
    @Test
    void refusesWhatTheJdkRefusesInTheSameOrder() {
        long[] sizes = {Long.MIN_VALUE, -1, 0, 8, 1L << 60, Long.MAX_VALUE - 1, Long.MAX_VALUE};
        long[] alignments = {Long.MIN_VALUE, -8, -1, 0, 1, 3, 8, 48, 1L << 60, 1L << 62, Long.MAX_VALUE};
        List<BiFunction<Provider, Consumer<SegmentAllocator>, String>> states =
                List.of(ZMallocArenaTest::open, ZMallocArenaTest::closed, ZMallocArenaTest::elsewhere);
        for (BiFunction<Provider, Consumer<SegmentAllocator>, String> state : states) {
            for (long bytes : sizes) {
                for (long alignment : alignments) {
                    assertAlike(state, allocator -> allocator.allocate(bytes, alignment), bytes + " at " + alignment);
                }
                assertAlike(state, allocator -> allocator.allocate(bytes), bytes + " bytes");
                assertAlike(state, allocator -> allocator.allocate(STRUCT, bytes), bytes + " structs");
            }
            assertAlike(state, allocator -> allocator.allocateFrom((String) null), "no string");
            assertAlike(state, allocator -> allocator.allocate((MemoryLayout) null), "no layout");
            assertAlike(state, allocator -> allocator.allocateFrom("text"), "a string");
        }
    }

    @ParameterizedTest
    @EnumSource
    void isClosedOnce(Provider provider) {
        Arena arena = provider.open();
        MemorySegment segment = provider.on(arena).allocate(100);
        assertThat(arena.scope().isAlive()).isTrue();
        arena.close();
        assertThat(arena.scope().isAlive()).isFalse();
        assertThat(segment.scope().isAlive()).isFalse();
        assertThat(segment.scope()).isEqualTo(arena.scope());
        for (int again = 0; again < 2; again++) {
            assertThatThrownBy(arena::close)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("Already closed");
        }
        assertThatThrownBy(() -> ZMallocArena.allocator(arena))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("Already closed");
        provider.open().close();
    }

    /** Exactly what the allocator gave, block by block, and nothing after. */
    @ParameterizedTest
    @EnumSource
    void countsWhatTheAllocatorGaveUntilItIsClosed(Provider provider) {
        long before = ZMalloc.zmallocUsedMemory();
        try (Arena arena = provider.open()) {
            SegmentAllocator allocator = provider.on(arena);
            assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
            long charged = 0;
            for (long bytes = 0; bytes < 3_000; bytes++) {
                MemorySegment segment = allocator.allocate(bytes, 8);
                charged += provider.ours() ? RawZMalloc.zmallocSize(segment.address()) : 0;
                assertThat(ZMalloc.zmallocUsedMemory() - before).isEqualTo(charged);
            }
            for (long alignment = 16; alignment <= 1 << 20; alignment *= 2) {
                MemorySegment segment = allocator.allocate(1_000, alignment);
                charged += provider.ours() ? RawZMalloc.zmallocSize(segment.address()) : 0;
                assertThat(ZMalloc.zmallocUsedMemory() - before).isEqualTo(charged);
            }
        }
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
    }

    /** An action tied to a segment of the arena finds the memory as it was, and may throw: all is freed after it. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = "JDK_.*") // some JDKs free first
    @SuppressWarnings("restricted") // an action can be had in no other way
    void actionsOfOthersRunBeforeTheBlocksAreFreed(Provider provider) {
        long before = ZMalloc.zmallocUsedMemory();
        List<Object> seen = new ArrayList<>();
        Arena arena = provider.open();
        MemorySegment segment = provider.on(arena).allocateFrom(ValueLayout.JAVA_LONG, 77);
        long used = ZMalloc.zmallocUsedMemory();
        segment.reinterpret(arena, memory -> {
            seen.add(memory.get(ValueLayout.JAVA_LONG, 0));
            seen.add(ZMalloc.zmallocUsedMemory());
            assertThatThrownBy(arena::close).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> provider.on(arena).allocate(8)).isInstanceOf(IllegalStateException.class);
            seen.add(memory.get(ValueLayout.JAVA_LONG, 0));
            throw new UnsupportedOperationException("somebody's action");
        });
        assertThatThrownBy(arena::close)
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage("somebody's action");
        assertThat(seen).containsExactly(77L, used, 77L);
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
    }

    @Test
    void anAutomaticArenaFreesWhenNothingRefersToIt() throws InterruptedException {
        long before = ZMalloc.zmallocUsedMemory();
        useAnAutomaticArena();
        for (int wait = 0; wait < 500 && ZMalloc.zmallocUsedMemory() != before; wait++) {
            System.gc();
            Thread.sleep(20);
        }
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
    }

    @Test
    void itsSegmentsAreNotFreedOneByOne() {
        long used = ZMalloc.zmallocUsedMemory();
        try (Arena arena = ZMallocArena.ofConfined()) {
            MemorySegment segment = arena.allocate(100);
            assertThatThrownBy(() -> ZMalloc.zfree(segment)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> ZMalloc.zrealloc(segment, 50)).isInstanceOf(IllegalArgumentException.class);
            assertThat(ZMalloc.zmallocUsedMemory()).isGreaterThan(used);
        }
    }

    @Test
    void theOutOfMemoryHandlerIsNotCalled() {
        ZMalloc.zmallocSetOomHandler(bytes -> {
            throw new AssertionError("the arena's caller gets an error");
        });
        try (Arena arena = ZMallocArena.ofConfined()) {
            assertThatThrownBy(() -> arena.allocate(1L << 60, 4_096))
                    .isInstanceOf(NativeOutOfMemoryError.class)
                    .hasMessage("zmalloc: Out of memory trying to allocate 1152921504606846976 bytes");
            arena.allocate(8).fill((byte) 1);
        } finally {
            ZMalloc.zmallocSetOomHandler(OutOfMemoryHandler.THROW);
        }
    }

    /** On its own, so that nothing in a frame refers to the segment after. */
    private static void useAnAutomaticArena() {
        long before = ZMalloc.zmallocUsedMemory();
        MemorySegment segment = ZMallocArena.allocator(Arena.ofAuto()).allocate(100_000);
        System.gc();
        segment.set(ValueLayout.JAVA_BYTE, 99_999, (byte) 1);
        assertThat(ZMalloc.zmallocUsedMemory()).isGreaterThanOrEqualTo(before + 100_000);
    }

    private static void leaveDirt(long bytes) {
        for (int block = 0; block < 20; block++) {
            MemorySegment dirt = ZMalloc.zmalloc(bytes);
            dirt.fill((byte) 0xA5);
            ZMalloc.zfree(dirt);
        }
    }

    /** Each was filled with its index, after which the ones taken later were filled. */
    private static void assertKeepApart(List<MemorySegment> segments) {
        for (int index = 0; index < segments.size(); index++) {
            MemorySegment segment = segments.get(index);
            byte[] expected = new byte[(int) segment.byteSize()];
            Arrays.fill(expected, (byte) index);
            assertThat(segment.mismatch(MemorySegment.ofArray(expected))).isEqualTo(-1);
        }
    }

    private static void assertAlike(
            BiFunction<Provider, Consumer<SegmentAllocator>, String> state,
            Consumer<SegmentAllocator> call,
            String what) {
        String confined = state.apply(Provider.JDK_CONFINED, call);
        String shared = state.apply(Provider.JDK_SHARED, call);
        for (Provider provider : Provider.values()) {
            if (provider.ours()) {
                assertThat(state.apply(provider, call))
                        .as("%s, %s", provider, what)
                        .isEqualTo(provider.name().endsWith("CONFINED") ? confined : shared);
            }
        }
    }

    private static String open(Provider provider, Consumer<SegmentAllocator> call) {
        try (Arena arena = provider.open()) {
            return outcome(provider.on(arena), call);
        }
    }

    private static String closed(Provider provider, Consumer<SegmentAllocator> call) {
        Arena arena = provider.open();
        SegmentAllocator allocator = provider.on(arena);
        arena.close();
        return outcome(allocator, call);
    }

    private static String elsewhere(Provider provider, Consumer<SegmentAllocator> call) {
        try (Arena arena = provider.open()) {
            SegmentAllocator allocator = provider.on(arena);
            List<String> outcomes = new ArrayList<>();
            Thread other = Thread.ofPlatform().start(() -> outcomes.add(outcome(allocator, call)));
            try {
                other.join();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            return outcomes.getFirst();
        }
    }

    /** How the call ended. Words are compared where the JDK's say something, and memory is out of memory. */
    private static String outcome(SegmentAllocator allocator, Consumer<SegmentAllocator> call) {
        try {
            call.accept(allocator);
            return "served";
        } catch (OutOfMemoryError e) {
            return "OutOfMemoryError";
        } catch (IllegalStateException | WrongThreadException e) {
            return e.toString();
        } catch (RuntimeException e) {
            return e.getClass().getName();
        }
    }
}
