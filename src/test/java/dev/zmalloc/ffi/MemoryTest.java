package dev.zmalloc.ffi;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.RawZMalloc;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MemoryTest {
    private static final int BLOCK_BYTES = 4 << 20;
    private long block;

    @BeforeEach
    void takeBlock() {
        block = RawZMalloc.zcalloc(BLOCK_BYTES);
    }

    @AfterEach
    void freeBlock() {
        RawZMalloc.zfree(block);
    }

    @Test
    void readsWhatWasWrittenAtAnyAlignment() {
        for (int offset = 0; offset < 16; offset++) {
            long address = block + offset;
            Memory.putLong(address, 0x0123456789ABCDEFL);
            assertThat(Memory.getLong(address)).isEqualTo(0x0123456789ABCDEFL);
            assertThat(Memory.getInt(address)).isEqualTo(0x89ABCDEF);
            assertThat(Memory.getShort(address)).isEqualTo((short) 0xCDEF);
            assertThat(Memory.getByte(address)).isEqualTo((byte) 0xEF);
            Memory.putInt(address, 7);
            Memory.putShort(address + 4, (short) 8);
            Memory.putByte(address + 6, (byte) 9);
            assertThat(Memory.getLong(address)).isEqualTo(0x01_09_0008_00000007L);
        }
    }

    @Test
    void copiesLongArraysInPiecesAndComparesThem() {
        byte[] source = new byte[3 << 20];
        new Random(1).nextBytes(source);
        Memory.copyIn(source, 5, block + 3, source.length - 5);
        byte[] target = new byte[source.length];
        Memory.copyOut(block + 3, target, 5, source.length - 5);
        assertThat(Arrays.mismatch(source, 5, source.length, target, 5, target.length))
                .isNegative();
        assertThat(Memory.equal(block + 3, source, 5, source.length - 5)).isTrue();
        Memory.putByte(block + 3 + source.length - 6, (byte) ~source[source.length - 1]);
        assertThat(Memory.equal(block + 3, source, 5, source.length - 5)).isFalse();
        assertThat(Memory.equal(block + 3, source, 5, source.length - 6)).isTrue();
    }

    /** Short arrays are copied otherwise than long ones. */
    @Test
    void copiesEachLengthAndNothingBesideIt() {
        byte[] source = new byte[300];
        new Random(3).nextBytes(source);
        byte[] all = new byte[source.length + 16];
        for (int bytes = 0; bytes <= source.length - 3; bytes++) {
            Memory.fill(block, all.length, (byte) 0x55);
            Memory.copyIn(source, 3, block + 5, bytes);
            Memory.copyOut(block, all, 0, all.length);
            byte[] expected = new byte[all.length];
            Arrays.fill(expected, (byte) 0x55);
            System.arraycopy(source, 3, expected, 5, bytes);
            assertThat(all).as("%d bytes in", bytes).isEqualTo(expected);
            Arrays.fill(all, (byte) 0x66);
            Arrays.fill(expected, (byte) 0x66);
            Memory.copyOut(block + 5, all, 7, bytes);
            System.arraycopy(source, 3, expected, 7, bytes);
            assertThat(all).as("%d bytes out", bytes).isEqualTo(expected);
        }
    }

    /** Else this JVM would be gone. */
    @Test
    @SuppressWarnings("restricted") // maps a page that has none behind it
    void goesNoFurtherThanThePage() throws Throwable {
        Linker linker = Linker.nativeLinker();
        MethodHandle mmap = linker.downcallHandle(
                linker.defaultLookup().find("mmap").orElseThrow(),
                FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
        MethodHandle munmap = linker.downcallHandle(
                linker.defaultLookup().find("munmap").orElseThrow(),
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
        long pageBytes = PageSize.bytesOrLargest();
        int readAndWrite = 3;
        int privateAndAnonymous = 0x22;
        long page = (long) mmap.invokeExact(0L, 2 * pageBytes, readAndWrite, privateAndAnonymous, -1, 0L);
        assertThat(page).isPositive();
        assertThat((int) munmap.invokeExact(page + pageBytes, pageBytes)).isZero();
        byte[] array = new byte[300];
        for (int bytes = 1; bytes < array.length; bytes++) {
            long address = page + pageBytes - bytes;
            Memory.copyIn(array, 0, address, bytes);
            Memory.copyOut(address, array, 0, bytes);
        }
        assertThat((int) munmap.invokeExact(page, pageBytes)).isZero();
    }

    @Test
    void copiesOverlappingRangesBothWays() {
        byte[] source = new byte[(2 << 20) + 17];
        new Random(2).nextBytes(source);
        for (long distance : new long[] {1, 100, 1 << 20}) {
            Memory.copyIn(source, 0, block, source.length);
            Memory.copy(block, block + distance, source.length);
            assertThat(Memory.equal(block + distance, source, 0, source.length)).isTrue();
            Memory.copy(block + distance, block, source.length);
            assertThat(Memory.equal(block, source, 0, source.length)).isTrue();
        }
    }

    @Test
    void comparesNativeRanges() {
        Memory.fill(block, 100, (byte) 7);
        Memory.fill(block + 200, 100, (byte) 7);
        assertThat(Memory.equal(block, block + 200, 100)).isTrue();
        Memory.putByte(block + 299, (byte) 8);
        assertThat(Memory.equal(block, block + 200, 100)).isFalse();
        assertThat(Memory.equal(block, block + 200, 99)).isTrue();
    }

    /** Short ranges are compared otherwise than long ones. */
    @Test
    void seesEachByteThatDiffersAtEachLength() {
        byte[] source = new byte[40];
        new Random(2).nextBytes(source);
        Memory.copyIn(source, 0, block, source.length);
        Memory.copyIn(source, 0, block + 101, source.length);
        for (int bytes = 0; bytes < source.length; bytes++) {
            for (int differing = 0; differing <= bytes; differing++) {
                // The byte after the last does not belong to the range.
                boolean isSame = differing == bytes;
                Memory.putByte(block + differing, (byte) ~source[differing]);
                assertThat(Memory.equal(block, source, 0, bytes)).isEqualTo(isSame);
                assertThat(Memory.equal(block, MemorySegment.ofArray(source), bytes))
                        .isEqualTo(isSame);
                assertThat(Memory.equal(block, block + 101, bytes)).isEqualTo(isSame);
                Memory.putByte(block + differing, source[differing]);
            }
        }
    }

    @Test
    void readOnlySegmentDiesWithItsArena() {
        Memory.putLong(block, 42);
        MemorySegment segment;
        try (Arena arena = Arena.ofConfined()) {
            segment = Memory.readOnlySegment(block, 8, arena);
            assertThat(segment.get(ValueLayout.JAVA_LONG_UNALIGNED, 0)).isEqualTo(42);
            assertThat(segment.isReadOnly()).isTrue();
            assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 8))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
        assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void readsCStrings() {
        byte[] text = "größer\0".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        Memory.copyIn(text, 0, block, text.length);
        assertThat(Memory.cString(block)).isEqualTo("größer");
    }

    @Test
    void refusesNullAndWildAddresses() {
        byte[] array = new byte[8];
        for (long wild : new long[] {0, 1, 4096, -1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 48}) {
            assertThatThrownBy(() -> Memory.getLong(wild))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("0x" + Long.toHexString(wild))
                    .hasMessageContaining("8 bytes");
            assertThatThrownBy(() -> Memory.putByte(wild, (byte) 0)).isInstanceOf(AssertionError.class);
            assertThatThrownBy(() -> Memory.copyIn(array, 0, wild, 8)).isInstanceOf(AssertionError.class);
            assertThatThrownBy(() -> Memory.copy(block, wild, 8)).isInstanceOf(AssertionError.class);
            assertThatThrownBy(() -> Memory.segment(wild, 1)).isInstanceOf(AssertionError.class);
        }
        assertThatThrownBy(() -> Memory.getLongAcquire(block + 4))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("0x" + Long.toHexString(block + 4));
        assertThatThrownBy(() -> Memory.fill(block, -1, (byte) 0)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> Memory.fill(block, Long.MAX_VALUE, (byte) 0)).isInstanceOf(AssertionError.class);
    }
}
