package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.zmalloc.allocator.DebugLevel;
import dev.zmalloc.allocator.NativeMemoryDebug;
import dev.zmalloc.allocator.NativeMemoryMisuseError;
import dev.zmalloc.ffi.Memory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is no whole block is neither freed nor resized nor measured, as far as that can be told. */
@Tag("core")
class WholeBlockTest {
    /** Every call that takes a block. */
    private static final List<Consumer<MemorySegment>> CALLS = List.of(
            ZMalloc::zfree,
            ZMalloc::zfreeUsable,
            block -> ZMalloc.zfree(block, block.byteSize()),
            block -> ZMalloc.zrealloc(block, 100),
            block -> ZMalloc.zrealloc(block, 0),
            block -> ZMalloc.zrealloc(block, -1),
            block -> ZMalloc.ztryrealloc(block, 100),
            block -> ZMalloc.zreallocUsable(block, 100),
            block -> ZMalloc.ztryreallocUsable(block, 100, new UsableBytes()),
            ZMalloc::zmallocSize);

    private static void assertRefused(MemorySegment segment, String why) {
        assertRefused(CALLS, segment, why);
        assertRefused(List.of(block -> ZMalloc.zfreeAligned(block, 8)), segment, why);
    }

    private static void assertRefused(List<Consumer<MemorySegment>> calls, MemorySegment segment, String why) {
        for (Consumer<MemorySegment> call : calls) {
            assertThatThrownBy(() -> call.accept(segment))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("not a whole block of ZMalloc: ")
                    .hasMessageContaining(why);
        }
    }

    @Test
    void heapSegments() {
        assertRefused(MemorySegment.ofArray(new byte[16]), "a heap segment of 16 bytes");
        assertRefused(MemorySegment.ofArray(new long[0]), "a heap segment of 0 bytes");
        assertRefused(MemorySegment.ofBuffer(ByteBuffer.allocate(24)), "a heap segment of 24 bytes");
    }

    @Test
    void segmentsOfArenas() {
        String why = "of an arena that frees it itself";
        assertRefused(Arena.ofAuto().allocate(64, 16), why);
        try (Arena confined = Arena.ofConfined();
                Arena shared = Arena.ofShared()) {
            assertRefused(confined.allocate(64, 16), why);
            assertRefused(shared.allocate(64, 16), why);
            MemorySegment block = ZMalloc.zmalloc(64);
            assertRefused(ofArena(block, confined), why);
            ZMalloc.zfree(block);
        }
        assertRefused(MemorySegment.ofBuffer(ByteBuffer.allocateDirect(64).alignedSlice(16)), why);
    }

    @SuppressWarnings("restricted") // ties a block to an arena, which then stands in its scope
    private static MemorySegment ofArena(MemorySegment block, Arena arena) {
        return block.reinterpret(arena, null);
    }

    @Test
    void closedArenas() {
        MemorySegment dead;
        try (Arena arena = Arena.ofConfined()) {
            dead = arena.allocate(64, 16);
        }
        assertRefused(dead, "of an arena that frees it itself");
    }

    @Test
    void mappedFilesAndReadOnlyViews(@TempDir Path folder) throws IOException {
        Path file = Files.write(folder.resolve("file"), new byte[4096]);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, 4096, Arena.global());
            assertRefused(mapped, "mapped from a file");
        }
        MemorySegment block = ZMalloc.zmalloc(64);
        assertRefused(block.asReadOnly(), "a read-only view");
        ZMalloc.zfree(block);
    }

    @Test
    void slicesThatBeginWhereNoBlockDoes() {
        MemorySegment block = ZMalloc.zmalloc(1_000);
        for (long offset : new long[] {1, 2, 4, 7, 9, 12, 15, 20, 24, 40, 500, 999}) {
            String why = "where no block of that size begins";
            if (offset % 8 != 0 || 1_000 - offset >= 16) {
                assertRefused(block.asSlice(offset), why);
            }
            if (offset % 8 != 0) {
                assertRefused(block.asSlice(offset, 1), why);
                assertRefused(block.asSlice(offset, 0), why);
            }
        }
        ZMalloc.zfree(block);
    }

    /**
     * Where sizes are exact, a length that leads to another class than the block has gives a slice away; and where
     * every block is remembered, its address.
     */
    @Test
    void slicesOfAnotherSizeClass() {
        if (!RawZMalloc.usableBytesExact() && !blocksAreRemembered()) {
            return;
        }
        String why = "where the allocator has a block of";
        List<Consumer<MemorySegment>> asking = List.of(
                ZMalloc::zfree,
                ZMalloc::zfreeUsable,
                block -> ZMalloc.zrealloc(block, 100),
                block -> ZMalloc.ztryreallocUsable(block, 100),
                ZMalloc::zmallocSize);
        MemorySegment block = ZMalloc.zmalloc(1_000);
        for (long offset = 16; offset < 1_000 - 160; offset += 160) {
            assertSliceRefused(asking, block.asSlice(offset, 100), why);
            assertSliceRefused(asking, block.asSlice(offset, 16), why);
            assertSliceRefused(List.of(slice -> ZMalloc.zfree(slice, 1_000)), block.asSlice(offset, 1), why);
        }
        ZMalloc.zfree(block);
        if (!ZMalloc.allocator().name().equals("jemalloc") && !blocksAreRemembered()) {
            return; // tcmalloc may remember what lay there before the large block.
        }
        MemorySegment large = ZMalloc.zmalloc(10 << 20);
        for (long offset = 16; offset < 9 << 20; offset = offset * 5 & -16) {
            assertSliceRefused(asking, large.asSlice(offset, 1_000), "");
        }
        ZMalloc.zfree(large);
    }

    private static boolean blocksAreRemembered() {
        return NativeMemoryDebug.level().compareTo(DebugLevel.TRACK) >= 0;
    }

    private static void assertSliceRefused(List<Consumer<MemorySegment>> calls, MemorySegment slice, String why) {
        if (!blocksAreRemembered()) {
            assertRefused(calls, slice, why);
            return;
        }
        for (Consumer<MemorySegment> call : calls) {
            NativeMemoryMisuseError error =
                    catchThrowableOfType(NativeMemoryMisuseError.class, () -> call.accept(slice));
            assertThat(error.kind()).isEqualTo(NativeMemoryMisuseError.Kind.FOREIGN_ADDRESS);
        }
    }

    @Test
    void segmentsLongerThanTheirBlock() {
        MemorySegment block = ZMalloc.zmalloc(100);
        MemorySegment longer = Memory.segment(block.address(), 5_000);
        assertRefused(List.of(ZMalloc::zfree, ZMalloc::zmallocSize), longer, "5000 bytes at 0x");
        ZMalloc.zfree(block);
    }

    @Test
    void sizesThatAreNotOfTheBlock() {
        MemorySegment block = ZMalloc.zmalloc(1_000);
        assertRefused(List.of(b -> ZMalloc.zfree(b, 999), b -> ZMalloc.zfree(b, 0)), block, "said to have");
        assertRefused(List.of(b -> ZMalloc.zfree(b, -1)), block, "said to have -1");
        assertRefused(List.of(b -> ZMalloc.zfree(b, 1_000_000)), block, "said to have 1000000");
        ZMalloc.zfree(block, ZMalloc.zmallocSize(block));
    }

    /** Everything that a form returned is a whole block, resized ones and those of other lengths too. */
    @Test
    void wholeBlocksPass() {
        for (long bytes = 0; bytes < 100_000; bytes += 1 + bytes / 3) {
            ZMalloc.zfree(ZMalloc.zmalloc(bytes));
            ZMalloc.zfree(ZMalloc.zmalloc(bytes), bytes);
            MemorySegment usable = ZMalloc.zmallocUsable(bytes);
            ZMalloc.zfree(usable, usable.byteSize());
            MemorySegment told = ZMalloc.zmalloc(bytes);
            ZMalloc.zfree(told, ZMalloc.zmallocSize(told));
            MemorySegment moved = ZMalloc.zrealloc(ZMalloc.zmalloc(3 * bytes + 1), bytes + 1);
            ZMalloc.zfree(moved, bytes + 1);
            ZMalloc.zfree(ZMalloc.zmallocAligned(bytes, 512));
            ZMalloc.zfreeAligned(ZMalloc.zmallocAlignedUsable(bytes, 512), 512);
        }
        ZMalloc.zfree(MemorySegment.NULL);
        ZMalloc.zfree(MemorySegment.NULL, 0);
        assertThat(ZMalloc.zfreeUsable(MemorySegment.NULL)).isZero();
        assertThat(ZMalloc.zmallocSize(MemorySegment.NULL)).isZero();
    }
}
