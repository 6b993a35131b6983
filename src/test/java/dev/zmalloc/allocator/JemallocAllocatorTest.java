package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class JemallocAllocatorTest extends AllocatorContract {
    static final JemallocAllocator ALLOCATOR = (JemallocAllocator) Allocators.use(JemallocAllocator.NAME);

    @Override
    JemallocAllocator allocator() {
        return ALLOCATOR;
    }

    @Test
    void listsTheSizesItGives() {
        List<Long> classes = allocator().description().sizeClassBytes();

        long pageBytes = allocator().description().pageBytes().orElseThrow();

        assertThat(classes).isSorted().doesNotHaveDuplicates().hasSizeGreaterThan(30);
        sizesAcrossClasses().forEach(size -> {
            long wholePages = Math.ceilDiv(size, pageBytes) * pageBytes;
            long usableBytes =
                    classes.stream().filter(bytes -> bytes >= size).findFirst().orElse(wholePages);
            assertThat(allocator().usableBytesBound(size)).as("%d bytes", size).isEqualTo(usableBytes);
        });
    }

    @Test
    void tableEndsWhereTheLookUpBegins() {
        long last = NallocxSizes.TABLE_BYTES;

        assertThat(allocator().usableBytesBound(last)).isEqualTo(last);
        assertThat(allocator().usableBytesBound(last + 1)).isGreaterThan(last);
    }

    @Test
    void figuresAreThereOrEmptyButNeverZero() {
        AllocatorFigures figures = allocator().figures();
        boolean statistics = allocator().mallctl().readBoolean("config.stats");

        assertThat(figures.allocatedBytes().isPresent()).isEqualTo(statistics);
        assertThat(figures.activeBytes().orElse(1)).isPositive();
        assertThat(figures.residentBytes().orElse(1)).isPositive();
        assertThat(figures.metadataBytes().orElse(1)).isPositive();
        assertThat(figures.mappedBytes().orElse(1)).isPositive();
        assertThat(figures.retainedBytes().isPresent()).isEqualTo(statistics);
    }

    @Test
    void figuresFollowAllocations() {
        if (!allocator().mallctl().readBoolean("config.stats")) {
            return;
        }
        long before = allocator().figures().allocatedBytes().orElseThrow();
        long address = allocator().allocate(8 << 20);
        long during = allocator().figures().allocatedBytes().orElseThrow();
        allocator().free(address);

        assertThat(during - before).isBetween(8L << 20, 9L << 20);
    }
}
