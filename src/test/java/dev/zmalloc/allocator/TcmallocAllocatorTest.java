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
    void movesAnAlignedBlockOutOfItsPages() {
        // Its size is that of a class, but it lies in pages of its own: freed by that size, it would be handed out
        // wrong.
        long aligned = allocator.allocateAligned(100, 64 << 10);
        Memory.putLong(aligned, 42);
        long bytes = allocator.usableBytes(aligned);
        long moved = allocator.reallocate(aligned, bytes);

        assertThat(moved).isNotEqualTo(aligned);
        assertThat(Memory.getLong(moved)).isEqualTo(42);
        allocator.free(moved, bytes);
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
