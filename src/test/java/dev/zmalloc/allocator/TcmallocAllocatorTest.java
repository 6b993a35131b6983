package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.ffi.Memory;
import dev.zmalloc.fixtures.NativeLibraries;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class TcmallocAllocatorTest extends AllocatorContract {
    private static Allocator allocator;

    @BeforeAll
    static void open() {
        NativeLibraries.tcmalloc();
        allocator = Allocators.use(TcmallocAllocator.NAME);
    }

    @Override
    Allocator allocator() {
        return allocator;
    }

    @Test
    void listsTheSizesItGives() {
        List<Long> classes = allocator.description().sizeClassBytes();

        assertThat(classes)
                .isSorted()
                .doesNotHaveDuplicates()
                .hasSizeGreaterThan(50)
                .endsWith(256L << 10);
        classes.forEach(bytes -> assertThat(allocator.usableBytesBound(bytes))
                .as("%d bytes", bytes)
                .isEqualTo(bytes));
    }

    @Test
    void freesAnAlignedBlockByItsSizeToo() {
        // Its size is that of a class, but it lies in pages of its own: taken for one of the class, it would end there.
        for (int round = 0; round < 10_000; round++) {
            long aligned = allocator.allocateAligned(100, 64 << 10);
            long bytes = allocator.usableBytes(aligned);
            Memory.putLong(aligned, 42);
            long same = allocator.reallocate(aligned, bytes - 1);
            assertThat(Memory.getLong(same)).isEqualTo(42);
            allocator.free(same, bytes);
            allocator.free(allocator.allocate(bytes), bytes);
        }
    }

    @Test
    void figuresFollowAllocations() {
        long before = allocator.figures().allocatedBytes().orElseThrow();
        long address = allocator.allocate(100 << 20);
        long during = allocator.figures().allocatedBytes().orElseThrow();
        allocator.free(address);

        assertThat(during - before).isEqualTo(100L << 20);
        assertThat(allocator.figures().metadataBytes()).as("not told is not 0").isEmpty();
    }
}
