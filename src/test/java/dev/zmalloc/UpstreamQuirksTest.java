package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.allocator.AllocatorFigures;
import dev.zmalloc.ffi.Memory;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** Quirks and past bugs of the zmalloc of Redis and Valkey, none of which is here. Each test shows one of them. */
class UpstreamQuirksTest {
    private final UsableBytes usable = new UsableBytes();
    private final long usedBefore = ZMalloc.zmallocUsedMemory();

    /** Upstream frees the block if the new size overflows, and keeps it on any other failure. */
    @Test
    void aRefusedTryreallocDoesNotFreeTheBlock() {
        long address = RawZMalloc.zmalloc(64);
        Memory.putLong(address, 4711);
        for (long bytes : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 60}) {
            assertThat(RawZMalloc.ztryrealloc(address, bytes)).isZero();
            assertThat(RawZMalloc.ztryreallocUsable(address, bytes, usable)).isZero();
            assertThat(Memory.getLong(address)).isEqualTo(4711);
            assertThat(ZMalloc.zmallocUsedMemory() - usedBefore).isEqualTo(RawZMalloc.zmallocSize(address));
        }
        RawZMalloc.zfree(address);
    }

    /** Upstream writes the old size where the new one belongs, and leaves the old one as the caller had it. */
    @Test
    void aReallocThatGivesNoBlockTellsNoUsableBytes() {
        long address = RawZMalloc.zmalloc(64);
        long old = RawZMalloc.zmallocSize(address);
        usable.set(-5, -5);
        assertThat(RawZMalloc.ztryreallocUsable(address, Long.MIN_VALUE, usable))
                .isZero();
        assertThat(usable.usable()).isZero();
        assertThat(usable.oldUsable()).as("the block is kept").isZero();
        usable.set(-5, -5);
        assertThat(RawZMalloc.ztryreallocUsable(address, 0, usable)).isZero();
        assertThat(usable.usable()).isZero();
        assertThat(usable.oldUsable()).as("the block is freed").isEqualTo(old);
    }

    /** Kept as it is, since so many programs rely on it: a resize to 0 frees, and is no failure. */
    @Test
    void aReallocToZeroFreesAndOneOfNothingToZeroTakes() {
        assertThat(RawZMalloc.zrealloc(RawZMalloc.zmalloc(10), 0)).isZero();
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(usedBefore);
        long address = RawZMalloc.zrealloc(0, 0);
        assertThat(address).isNotZero();
        RawZMalloc.zfree(address);
    }

    /** Upstream once counted blocks of no bytes wrongly, and drifted by a header with each resize. */
    @Test
    void blocksOfNoBytesAndManyResizesDoNotShiftTheCount() {
        for (int round = 0; round < 1_000; round++) {
            RawZMalloc.zfree(RawZMalloc.zmalloc(0));
            RawZMalloc.zfree(RawZMalloc.zcalloc(0), 0);
            RawZMalloc.zfreeAligned(RawZMalloc.zmallocAligned(0, 64), 0, 64);
        }
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(usedBefore);
        long address = RawZMalloc.zmalloc(8);
        for (int round = 0; round < 10_000; round++) {
            address = RawZMalloc.zrealloc(address, 1 + (round * 7919L) % 3_000);
        }
        assertThat(ZMalloc.zmallocUsedMemory() - usedBefore).isEqualTo(RawZMalloc.zmallocSize(address));
        RawZMalloc.zfree(address);
    }

    /** Upstream's flag forms hand a size of 0 to jemalloc's mallocx, which is undefined. */
    @Test
    void anUncachedBlockOfNoBytesIsABlock() {
        if (RawZMalloc.zmallocHasNoTcache()) {
            long address = RawZMalloc.zmallocNoTcache(0);
            assertThat(RawZMalloc.zmallocSize(address)).isGreaterThanOrEqualTo(8);
            RawZMalloc.zfreeNoTcache(address);
        }
    }

    /** Upstream once told more usable bytes than there were: neighbours would change here. */
    @Test
    void whatIsUsableBelongsToOneBlock() {
        for (long bytes : new long[] {0, 1, 8, 9, 24, 25, 100, 2_000, 20_000}) {
            long[] addresses = new long[200];
            for (int block = 0; block < addresses.length; block++) {
                addresses[block] = RawZMalloc.zmallocUsable(bytes, usable);
                Memory.fill(addresses[block], usable.usable(), (byte) block);
            }
            for (int block = 0; block < addresses.length; block++) {
                long size = RawZMalloc.zmallocSize(addresses[block]);
                assertThat(Memory.getByte(addresses[block])).isEqualTo((byte) block);
                assertThat(Memory.getByte(addresses[block] + size - 1)).isEqualTo((byte) block);
                RawZMalloc.zfree(addresses[block]);
            }
        }
    }

    /**
     * Upstream once added a header to any size, which wrapped (CVE-2021-21309); now it refuses half the address space.
     */
    @Test
    void sizesThatWrapAreRefusedInEveryForm() {
        for (long bytes :
                new long[] {Long.MAX_VALUE - 16, Long.MAX_VALUE - 1, Long.MAX_VALUE, Long.MIN_VALUE, -8, -1}) {
            assertThat(RawZMalloc.ztrymalloc(bytes)).as("%d", bytes).isZero();
            assertThat(RawZMalloc.ztrycalloc(bytes)).as("%d", bytes).isZero();
            assertThat(RawZMalloc.ztrymallocAligned(bytes, 64)).as("%d", bytes).isZero();
            assertThat(RawZMalloc.usableBytesBound(bytes)).as("%d", bytes).isEqualTo(Long.MAX_VALUE);
        }
    }

    /** Kept as it is: the form with a count refuses elements of no bytes, where the one without serves no bytes. */
    @Test
    void elementsOfNoBytesAreRefusedAndNoElementsServed() {
        assertThat(RawZMalloc.ztrycalloc(5, 0)).isZero();
        RawZMalloc.zfree(RawZMalloc.zcalloc(0, 8), 0);
        RawZMalloc.zfree(RawZMalloc.zcalloc(0), 0);
    }

    /** Upstream's unsigned mem_fragmentation_bytes showed as 1.8e19 where less was resident than used. */
    @Test
    void fragmentationOfSwappedMemoryIsNegative() {
        AllocatorInformation information = new AllocatorInformation(1_000, OptionalLong.of(400), AllocatorFigures.NONE);
        assertThat(information.fragmentationBytes()).hasValue(-600);
    }

    /** Upstream's zfree_usable once left the figure unset when there was nothing to free. */
    @Test
    void freeingNothingFreesNoBytes() {
        assertThat(RawZMalloc.zfreeUsable(0)).isZero();
        long address = RawZMalloc.zmalloc(100);
        long size = RawZMalloc.zmallocSize(address);
        assertThat(RawZMalloc.zfreeUsable(address)).isEqualTo(size);
    }

    /** Upstream's unsigned differences showed as 1.8e19. A stripe that only ever frees is far below zero. */
    @Test
    void theSumIsRightWhereEachThreadOnlyTakesOrOnlyFrees() throws InterruptedException {
        long[] addresses = new long[20_000];
        CountDownLatch taken = new CountDownLatch(1);
        Thread freeing = Thread.ofPlatform().start(() -> {
            awaitQuietly(taken);
            for (long address : addresses) {
                RawZMalloc.zfree(address);
            }
        });
        for (int block = 0; block < addresses.length; block++) {
            addresses[block] = RawZMalloc.zmalloc(1_000);
        }
        assertThat(ZMalloc.zmallocUsedMemory()).isGreaterThanOrEqualTo(usedBefore + 20_000_000);
        taken.countDown();
        while (freeing.isAlive()) {
            assertThat(ZMalloc.zmallocUsedMemory()).isNotNegative().isLessThan(1L << 40);
        }
        freeing.join();
    }

    /**
     * The one that stays: jemalloc has four large classes a doubling, so that a block of 540,000,000 bytes counts as
     * many more, untouched pages included. What the allocator gave is what is counted, and what may be written.
     */
    @Test
    void largeBlocksCountAsWhatTheAllocatorGave() {
        long address = RawZMalloc.ztrymallocUsable(540_000_000, usable);
        assertThat(address).isNotZero();
        assertThat(ZMalloc.zmallocUsedMemory() - usedBefore).isEqualTo(RawZMalloc.zmallocSize(address));
        assertThat(usable.usable()).isBetween(540_000_000L, RawZMalloc.usableBytesBound(540_000_000));
        Memory.putByte(address + usable.usable() - 1, (byte) 1);
        RawZMalloc.zfree(address, 540_000_000);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
