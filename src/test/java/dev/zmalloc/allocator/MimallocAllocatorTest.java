package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.NativeLibraries;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class MimallocAllocatorTest extends AllocatorContract {
    private static Allocator allocator;

    @BeforeAll
    static void open() {
        NativeLibraries.mimalloc();
        allocator = Allocators.use(MimallocAllocator.NAME);
    }

    @Override
    Allocator allocator() {
        return allocator;
    }

    @Test
    void boundHoldsAtEveryGranule() {
        for (long size = 60 << 10; size < 40 << 20; size += 37 * 1021) {
            checkBound(size, takeAndTell(size));
            checkBound(size & -(64 << 10), takeAndTell(size & -(64 << 10)));
            checkBound((size & -(64 << 10)) + 1, takeAndTell((size & -(64 << 10)) + 1));
        }
    }

    private static long takeAndTell(long size) {
        long address = allocator.allocate(size);
        long usableBytes = allocator.usableBytes(address);
        allocator.free(address);
        return usableBytes;
    }

    @Test
    void boundIsTightForSmallBlocks() {
        // Eight sizes lie between two powers of two: at most an eighth more is given, and a word that is not a pair.
        for (long size = 1; size <= 64 << 10; size++) {
            long addedBytes = allocator.usableBytesBound(size) - size;
            assertThat(addedBytes).as("%d bytes", size).isBetween(0L, 15 + size / 4);
        }
    }

    @Test
    void readsVersionsOfBothForms() {
        assertThat(MimallocAllocator.words(209)).isEqualTo("2.0.9");
        assertThat(MimallocAllocator.words(224)).isEqualTo("2.2.4");
        assertThat(MimallocAllocator.words(30403)).isEqualTo("3.4.3");
    }
}
