package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.ffi.Memory;
import dev.zmalloc.fixtures.Seeds;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Aligned blocks, and the ways to free one. */
class AlignedBlocksTest {
    private static final int OPERATIONS = 100_000;
    private static final int BLOCKS = 500;

    private final long usedBefore = ZMalloc.zmallocUsedMemory();

    @Test
    void alignsEverySizeToEveryPowerOfTwo() {
        for (long alignment = 1; alignment <= 4 << 20; alignment <<= 1) {
            for (long bytes : new long[] {0, 1, 15, 64, 65, 4_000, 5_000, 70_000, 1_100_000}) {
                MemorySegment block = ZMalloc.zmallocAligned(bytes, alignment);
                assertThat(block.address() % alignment).isZero();
                assertThat(block.address() % 8).isZero();
                long usable = ZMalloc.zmallocSize(block);
                assertThat(usable).isGreaterThanOrEqualTo(bytes);
                assertThat(ZMalloc.zmallocUsedMemory() - usedBefore).isEqualTo(usable);
                Memory.fill(block.address(), usable, (byte) 1);
                ZMalloc.zfreeAligned(block, alignment);
            }
        }
        MemorySegment line = ZMalloc.zmallocCacheAligned(1);
        assertThat(line.address() % ZMalloc.CACHE_LINE_BYTES).isZero();
        ZMalloc.zfree(line);
    }

    @Test
    void refusesWhatIsNoPowerOfTwo() {
        UsableBytes usable = new UsableBytes();
        for (long alignment : new long[] {0, -1, 3, 24, 100, -64, Long.MIN_VALUE, Long.MAX_VALUE}) {
            String message = "alignment is no power of two: " + alignment;
            assertRefused(message, () -> RawZMalloc.zmallocAligned(8, alignment));
            assertRefused(message, () -> RawZMalloc.ztrymallocAligned(8, alignment));
            assertRefused(message, () -> RawZMalloc.ztrymallocAligned(-1, alignment));
            usable.set(-5, -5);
            assertRefused(message, () -> RawZMalloc.zmallocAlignedUsable(8, alignment, usable));
            assertThat(usable).hasToString("usable 0, old 0");
            assertRefused(message, () -> RawZMalloc.ztrymallocAlignedUsable(8, alignment, usable));
            assertRefused(message, () -> RawZMalloc.zfreeAligned(0, 8, alignment));
            assertRefused(message, () -> ZMalloc.zmallocAligned(8, alignment));
            assertRefused(message, () -> ZMalloc.ztrymallocAligned(8, alignment));
            assertRefused(message, () -> ZMalloc.zmallocAlignedUsable(8, alignment));
            assertRefused(message, () -> ZMalloc.ztrymallocAlignedUsable(8, alignment));
        }
    }

    private static void assertRefused(String message, Runnable call) {
        assertThatThrownBy(call::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void alignmentsBeyondTheAddressSpaceAreOutOfMemory() {
        for (long alignment : new long[] {1L << 50, 1L << 60, 1L << 62}) {
            assertThat(RawZMalloc.ztrymallocAligned(8, alignment)).isZero();
            assertThatThrownBy(() -> ZMalloc.zmallocAligned(8, alignment))
                    .isInstanceOf(NativeOutOfMemoryError.class)
                    .hasMessage("zmalloc: Out of memory trying to allocate 8 bytes");
        }
    }

    @Test
    void segmentsFreedWithAnotherAlignmentThanTheyHaveAreRefused() {
        MemorySegment block = ZMalloc.zmallocAligned(10, 64);
        long notAligned = Long.lowestOneBit(block.address()) << 1;
        assertThatThrownBy(() -> ZMalloc.zfreeAligned(block, notAligned))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no block aligned to " + notAligned);
        ZMalloc.zfreeAligned(block, 64);
        ZMalloc.zfreeAligned(MemorySegment.NULL, 64);
    }

    /** With jemalloc, a free that names the wrong class shows sooner or later as a block given out twice. */
    @Test
    void randomBlocksKeepTheirContentHoweverTheyAreFreed() {
        SplittableRandom random = new SplittableRandom(Seeds.next("AlignedBlocksTest"));
        long[] addresses = new long[BLOCKS];
        long[] sizes = new long[BLOCKS];
        long[] alignments = new long[BLOCKS];
        for (int operation = 0; operation < OPERATIONS; operation++) {
            int index = random.nextInt(BLOCKS);
            if (addresses[index] != 0) {
                check(addresses[index], sizes[index], index);
                free(random.nextInt(5), addresses[index], sizes[index], alignments[index]);
            }
            long bytes = random.nextLong(random.nextInt(50) == 0 ? 100_000 : 600);
            // A fifth are plain ones, which share classes with the others.
            long alignment = random.nextInt(5) == 0 ? 0 : 1L << random.nextInt(random.nextInt(20) == 0 ? 17 : 10);
            addresses[index] = alignment == 0 ? RawZMalloc.zmalloc(bytes) : RawZMalloc.zmallocAligned(bytes, alignment);
            assertThat(alignment == 0 || addresses[index] % alignment == 0).isTrue();
            sizes[index] = bytes;
            alignments[index] = alignment;
            Memory.fill(addresses[index], RawZMalloc.zmallocSize(addresses[index]), (byte) index);
        }
        long live = 0;
        for (long address : addresses) {
            live += RawZMalloc.zmallocSize(address);
        }
        assertThat(ZMalloc.zmallocUsedMemory() - usedBefore).isEqualTo(live);
        for (int index = 0; index < BLOCKS; index++) {
            free(index % 5, addresses[index], sizes[index], alignments[index]);
        }
    }

    private static void check(long address, long bytes, int index) {
        if (bytes > 0) {
            assertThat(Memory.getByte(address)).isEqualTo((byte) index);
            assertThat(Memory.getByte(address + bytes - 1)).isEqualTo((byte) index);
        }
    }

    private static void free(int way, long address, long bytes, long alignment) {
        if (address == 0) {
            return;
        }
        switch (way) {
            case 0 -> RawZMalloc.zfree(address);
            case 1 -> assertThat(RawZMalloc.zfreeUsable(address)).isGreaterThanOrEqualTo(bytes);
            case 2 -> ZMalloc.zfree(Memory.segment(address, bytes));
            case 3 -> {
                if (alignment == 0) {
                    RawZMalloc.zfree(address, bytes);
                } else {
                    RawZMalloc.zfreeAligned(address, bytes, alignment);
                }
            }
            default -> RawZMalloc.zfree(RawZMalloc.zrealloc(address, 1 + bytes / 2), 1 + bytes / 2);
        }
    }
}
