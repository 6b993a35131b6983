package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.zmalloc.ffi.Memory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("core")
class ZMallocTest {
    private static final long[] NO_SIZES = {-1, -8, Long.MIN_VALUE, Long.MAX_VALUE};

    @AfterEach
    void restoreHandler() {
        ZMalloc.zmallocSetOomHandler(OutOfMemoryHandler.THROW);
    }

    @Test
    void countsUsableBytes() {
        long before = ZMalloc.zmallocUsedMemory();
        MemorySegment block = ZMalloc.zmalloc(100);
        assertThat(block.byteSize()).isEqualTo(100);
        assertThat(ZMalloc.zmallocSize(block)).isGreaterThanOrEqualTo(100);
        assertThat(ZMalloc.zmallocUsedMemory() - before).isEqualTo(ZMalloc.zmallocSize(block));
        ZMalloc.zfree(block);
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
    }

    /** Sizes of Redis' own test: allocate 123, reallocate to 456, callocate 123, free both. */
    @Test
    void returnsToWhereItWas() {
        long before = ZMalloc.zmallocUsedMemory();
        MemorySegment first = ZMalloc.zrealloc(ZMalloc.zmalloc(123), 456);
        MemorySegment second = ZMalloc.zcalloc(123);
        assertThat(ZMalloc.zmallocUsedMemory() - before)
                .isEqualTo(ZMalloc.zmallocSize(first) + ZMalloc.zmallocSize(second));
        ZMalloc.zfree(first);
        ZMalloc.zfree(second);
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
    }

    @Test
    void servesZeroBytesWithABlockThatCanBeFreed() {
        MemorySegment empty = ZMalloc.zmalloc(0);
        MemorySegment other = ZMalloc.zcalloc(0);
        assertThat(empty.address()).isNotZero().isNotEqualTo(other.address());
        assertThat(empty.byteSize()).isZero();
        assertThat(ZMalloc.zmallocSize(empty)).isGreaterThanOrEqualTo(8);
        ZMalloc.zfree(empty);
        ZMalloc.zfree(other);
    }

    @Test
    void everySizeIsUsableToTheLastByte() {
        for (long bytes = 1; bytes < 1 << 22; bytes += 1 + bytes / 7) {
            long address = RawZMalloc.zmalloc(bytes);
            long usable = RawZMalloc.zmallocSize(address);
            assertThat(usable).isBetween(bytes, RawZMalloc.usableBytesBound(bytes));
            Memory.fill(address, usable, (byte) 0x5A);
            // Any size from the requested to the usable one may be told.
            RawZMalloc.zfree(address, bytes % 2 == 0 ? bytes : usable);
        }
    }

    @Test
    void callocZeroesMemoryThatWasUsed() {
        for (long bytes : new long[] {8, 100, 5_000, 100_000, 3_000_000}) {
            for (int round = 0; round < 20; round++) {
                MemorySegment dirty = ZMalloc.zmalloc(bytes);
                dirty.fill((byte) 0xFF);
                ZMalloc.zfree(dirty);
                MemorySegment clean = ZMalloc.zcalloc(bytes / 4, 4);
                assertThat(clean.byteSize()).isEqualTo(bytes / 4 * 4);
                MemorySegment zeros = MemorySegment.ofArray(new byte[(int) clean.byteSize()]);
                assertThat(clean.mismatch(zeros)).isEqualTo(-1);
                ZMalloc.zfree(clean);
            }
        }
    }

    @Test
    void reallocKeepsTheContent() {
        MemorySegment block = ZMalloc.zmalloc(16);
        block.set(ValueLayout.JAVA_LONG, 8, 77);
        for (long bytes = 24; bytes < 2_000_000; bytes *= 3) {
            block = ZMalloc.zrealloc(block, bytes);
            assertThat(block.byteSize()).isEqualTo(bytes);
            assertThat(block.get(ValueLayout.JAVA_LONG, 8)).isEqualTo(77);
        }
        block = ZMalloc.zrealloc(block, 16);
        assertThat(block.get(ValueLayout.JAVA_LONG, 8)).isEqualTo(77);
        ZMalloc.zfree(block);
    }

    @Test
    void reallocOfNullTakesAndToZeroFrees() {
        MemorySegment block = ZMalloc.zrealloc(MemorySegment.NULL, 50);
        assertThat(block.byteSize()).isEqualTo(50);
        ZMalloc.zmallocSetOomHandler(bytes -> {
            throw new AssertionError("freeing is not running out of memory");
        });
        assertThat(ZMalloc.zrealloc(block, 0)).isEqualTo(MemorySegment.NULL);
        MemorySegment empty = ZMalloc.zrealloc(MemorySegment.NULL, 0);
        assertThat(empty.address()).isNotZero();
        ZMalloc.zfree(empty);
    }

    @Test
    void freeingNullIsNothing() {
        ZMalloc.zfree(MemorySegment.NULL);
        RawZMalloc.zfree(0);
        RawZMalloc.zfree(0, 10);
        assertThat(ZMalloc.zmallocSize(MemorySegment.NULL)).isZero();
    }

    @Test
    void tryFormsAnswerNullForWhatIsNoSize() {
        ZMalloc.zmallocSetOomHandler(bytes -> {
            throw new AssertionError("the try forms do not call the handler");
        });
        for (long bytes : NO_SIZES) {
            assertThat(ZMalloc.ztrymalloc(bytes)).isEqualTo(MemorySegment.NULL);
            assertThat(ZMalloc.ztrycalloc(bytes)).isEqualTo(MemorySegment.NULL);
        }
        assertThat(ZMalloc.ztrymalloc(Long.MAX_VALUE - 1)).isEqualTo(MemorySegment.NULL);
        assertThat(ZMalloc.ztrymalloc(1L << 60)).isEqualTo(MemorySegment.NULL);
        assertThat(ZMalloc.ztrycalloc(1L << 32, 1L << 32)).isEqualTo(MemorySegment.NULL);
        assertThat(ZMalloc.ztrycalloc(4, 0)).isEqualTo(MemorySegment.NULL);
        assertThat(ZMalloc.ztrycalloc(-1, 4)).isEqualTo(MemorySegment.NULL);
        assertThat(RawZMalloc.usableBytesBound(-1)).isEqualTo(Long.MAX_VALUE);
    }

    /**
     * Upstream frees the block when the new size overflows, and keeps it on other failures; callers cannot tell which
     * it was.
     */
    @Test
    void aFailedReallocKeepsTheOldBlock() {
        MemorySegment block = ZMalloc.zmalloc(32);
        block.set(ValueLayout.JAVA_LONG, 0, 99);
        long used = ZMalloc.zmallocUsedMemory();
        for (long bytes : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, Long.MAX_VALUE - 1, 1L << 60}) {
            assertThat(ZMalloc.ztryrealloc(block, bytes)).isEqualTo(MemorySegment.NULL);
            assertThatThrownBy(() -> ZMalloc.zrealloc(block, bytes)).isInstanceOf(NativeOutOfMemoryError.class);
            assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(used);
            assertThat(block.get(ValueLayout.JAVA_LONG, 0)).isEqualTo(99);
        }
        ZMalloc.zfree(block);
    }

    @Test
    void theHandlerAtStartThrowsWhatRedisPrints() {
        long used = ZMalloc.zmallocUsedMemory();
        NativeOutOfMemoryError error =
                catchThrowableOfType(NativeOutOfMemoryError.class, () -> ZMalloc.zmalloc(1L << 60));
        assertThat(error)
                .isInstanceOf(OutOfMemoryError.class)
                .hasMessage("zmalloc: Out of memory trying to allocate 1152921504606846976 bytes");
        assertThat(error.requestedBytes()).isEqualTo(1L << 60);
        assertThat(error.usedMemory()).isEqualTo(used);
        assertThatThrownBy(() -> ZMalloc.zmalloc(-1))
                .hasMessage("zmalloc: Out of memory trying to allocate 18446744073709551615 bytes");
        assertThatThrownBy(() -> ZMalloc.zcalloc(-8)).isInstanceOf(NativeOutOfMemoryError.class);
    }

    @Test
    void countTimesSizeThatOverflowsIsOutOfMemoryWithTheLargestSize() {
        List<Long> requests = new ArrayList<>();
        ZMalloc.zmallocSetOomHandler(requests::add);
        assertThat(ZMalloc.zcalloc(1L << 40, 1L << 40)).isEqualTo(MemorySegment.NULL);
        assertThat(ZMalloc.zcalloc(3, 0)).isEqualTo(MemorySegment.NULL);
        assertThat(requests).containsExactly(-1L, -1L);
        MemorySegment none = ZMalloc.zcalloc(0, 8);
        assertThat(none.address()).isNotZero();
        ZMalloc.zfree(none);
    }

    @Test
    void aHandlerThatReturnsMakesTheCallAnswerNull() {
        List<Long> requests = new ArrayList<>();
        ZMalloc.zmallocSetOomHandler(requests::add);
        assertThat(ZMalloc.zmalloc(1L << 60)).isEqualTo(MemorySegment.NULL);
        assertThat(ZMalloc.zcalloc(-5)).isEqualTo(MemorySegment.NULL);
        assertThat(RawZMalloc.zrealloc(0, Long.MAX_VALUE)).isZero();
        assertThat(requests).containsExactly(1L << 60, -5L, Long.MAX_VALUE);
    }

    @Test
    void refusesHeapSegments() {
        MemorySegment heap = MemorySegment.ofArray(new byte[16]);
        assertThatThrownBy(() -> ZMalloc.zfree(heap)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ZMalloc.zrealloc(heap, 5)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ZMalloc.zmallocSize(heap))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("16 bytes");
    }
}
