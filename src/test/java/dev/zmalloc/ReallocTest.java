package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.ffi.Memory;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every form that resizes a block. */
@Tag("core")
class ReallocTest {
    private static final UsableBytes USABLE = new UsableBytes();

    private final long usedBefore = ZMalloc.zmallocUsedMemory();
    private final long liveBefore = live();

    /** A way to resize a block at an address: the form's name, and the form. */
    record Form(String name, Resize resize) {
        boolean isTry() {
            return name.contains("ztry");
        }

        boolean tellsUsable() {
            return name.contains("Usable") && !name.contains("without");
        }

        @Override
        public String toString() {
            return name;
        }
    }

    interface Resize {
        /** Answers the new address. {@code byteSize} is how long the block at {@code address} is. */
        long apply(long address, long byteSize, long bytes);
    }

    private interface SegmentResize {
        MemorySegment apply(MemorySegment block, long bytes);
    }

    static Stream<Form> forms() {
        return Stream.of(
                new Form("zrealloc", (address, size, bytes) -> RawZMalloc.zrealloc(address, bytes)),
                new Form("ztryrealloc", (address, size, bytes) -> RawZMalloc.ztryrealloc(address, bytes)),
                new Form("zreallocUsable", (address, size, bytes) -> RawZMalloc.zreallocUsable(address, bytes, USABLE)),
                new Form(
                        "ztryreallocUsable",
                        (address, size, bytes) -> RawZMalloc.ztryreallocUsable(address, bytes, USABLE)),
                segments("segment zrealloc", ZMalloc::zrealloc),
                segments("segment ztryrealloc", ZMalloc::ztryrealloc),
                segments("segment zreallocUsable without figures", ZMalloc::zreallocUsable),
                segments("segment ztryreallocUsable without figures", ZMalloc::ztryreallocUsable),
                segments("segment zreallocUsable", (block, bytes) -> ZMalloc.zreallocUsable(block, bytes, USABLE)),
                segments(
                        "segment ztryreallocUsable",
                        (block, bytes) -> ZMalloc.ztryreallocUsable(block, bytes, USABLE)));
    }

    private static Form segments(String name, SegmentResize resize) {
        return new Form(name, (address, size, bytes) -> {
            MemorySegment block = address == 0 ? MemorySegment.NULL : Memory.segment(address, size);
            MemorySegment moved = resize.apply(block, bytes);
            if (moved.address() != 0) {
                long usable = RawZMalloc.zmallocSize(moved.address());
                assertThat(moved.byteSize()).isEqualTo(name.contains("Usable") ? usable : bytes);
            }
            return moved.address();
        });
    }

    @AfterEach
    void leavesNoBlockBehind() {
        ZMalloc.zmallocSetOomHandler(OutOfMemoryHandler.THROW);
        assertThat(live()).isEqualTo(liveBefore);
    }

    private static long live() {
        return ZMalloc.zmallocAllocations() - ZMalloc.zmallocFrees();
    }

    /** Up and down through all kinds of sizes: content kept, figures right, one block alive throughout. */
    @ParameterizedTest
    @MethodSource("forms")
    void keepsContentAndCount(Form form) {
        SplittableRandom random = new SplittableRandom(7);
        long size = 1;
        long address = form.resize.apply(0, 0, size);
        Memory.putByte(address, (byte) 1);
        for (int round = 2; round < 120; round++) {
            long used = ZMalloc.zmallocUsedMemory();
            long oldUsable = RawZMalloc.zmallocSize(address);
            long bytes = 1 + random.nextLong(round % 10 == 0 ? 3_000_000 : round % 3 == 0 ? 20_000 : 300);
            USABLE.set(-5, -5);
            long moved = form.resize.apply(address, size, bytes);
            assertThat(Memory.getByte(moved)).isEqualTo((byte) (round - 1));
            Memory.fill(moved, RawZMalloc.zmallocSize(moved), (byte) round);
            assertThat(ZMalloc.zmallocUsedMemory() - used).isEqualTo(RawZMalloc.zmallocSize(moved) - oldUsable);
            assertThat(live()).isEqualTo(liveBefore + 1);
            if (form.tellsUsable()) {
                assertThat(USABLE.oldUsable()).isEqualTo(oldUsable);
                assertThat(USABLE.usable()).isEqualTo(RawZMalloc.zmallocSize(moved));
            }
            address = moved;
            size = bytes;
        }
        RawZMalloc.zfree(address);
    }

    /** Freeing tells the old size, no new one, and is no failure. */
    @ParameterizedTest
    @MethodSource("forms")
    void toZeroFrees(Form form) {
        ZMalloc.zmallocSetOomHandler(bytes -> {
            throw new AssertionError("freeing is not running out of memory");
        });
        long address = RawZMalloc.zmalloc(100);
        long oldUsable = RawZMalloc.zmallocSize(address);
        assertThat(form.resize.apply(address, 100, 0)).isZero();
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(usedBefore);
        if (form.tellsUsable()) {
            assertThat(USABLE.usable()).isZero();
            assertThat(USABLE.oldUsable()).isEqualTo(oldUsable);
        }
    }

    @ParameterizedTest
    @MethodSource("forms")
    void keepsTheBlockWhenItFails(Form form) {
        long address = RawZMalloc.zmalloc(100);
        Memory.fill(address, 100, (byte) 9);
        long used = ZMalloc.zmallocUsedMemory();
        for (long bytes : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, Long.MAX_VALUE - 1, 1L << 60}) {
            USABLE.set(-5, -5);
            if (form.isTry()) {
                assertThat(form.resize.apply(address, 100, bytes)).isZero();
            } else {
                assertThatThrownBy(() -> form.resize.apply(address, 100, bytes))
                        .isInstanceOf(NativeOutOfMemoryError.class);
            }
            if (form.tellsUsable()) {
                assertThat(USABLE).hasToString("usable 0, old 0");
            }
            assertThat(Memory.getByte(address + 99)).isEqualTo((byte) 9);
            assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(used);
        }
        RawZMalloc.zfree(address);
    }

    @Test
    void ofAnAlignedBlockKeepsContentAndCount() {
        for (long alignment = 16; alignment <= 1 << 20; alignment <<= 2) {
            MemorySegment block = ZMalloc.zmallocAligned(100, alignment);
            block.fill((byte) 3);
            block = ZMalloc.zrealloc(block, 10_000);
            assertThat(Memory.getByte(block.address() + 99)).isEqualTo((byte) 3);
            block = ZMalloc.zrealloc(block, 50);
            assertThat(Memory.getByte(block.address() + 49)).isEqualTo((byte) 3);
            ZMalloc.zfree(block, 50);
        }
    }
}
