package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.ChildJvm;
import dev.zmalloc.fixtures.NativeLibraries;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class LibcAllocatorTest extends AllocatorContract {
    private static final Allocator ALLOCATOR = Allocators.use(LibcAllocator.NAME);

    @Override
    Allocator allocator() {
        return ALLOCATOR;
    }

    @Test
    void boundIsTightForSmallBlocks() {
        // At most what an allocator that rounds to 16 bytes may add, and one chunk too small to stand alone.
        for (long size = 1; size < 100_000; size++) {
            long addedBytes = ALLOCATOR.usableBytesBound(size) - size;
            assertThat(addedBytes).as("%d bytes", size).isBetween(0L, 39L);
        }
    }

    @Test
    void figuresFollowAllocations() {
        long before = ALLOCATOR.figures().allocatedBytes().orElseThrow();
        long address = ALLOCATOR.allocate(100 << 20);
        long during = ALLOCATOR.figures().allocatedBytes().orElseThrow();
        ALLOCATOR.free(address);

        // The JVM allocates from the same library meanwhile.
        assertThat(during - before).isBetween(90L << 20, 120L << 20);
        assertThat(ALLOCATOR.figures().residentBytes()).as("not known is not 0").isEmpty();
    }

    @Test
    void offersTrimmingAndNothingElse() {
        assertThat(ALLOCATOR.purge()).isTrue();
        assertThat(ALLOCATOR.backgroundThreads()).isEmpty();
        assertThat(ALLOCATOR.setBackgroundThreads(true)).isFalse();
        assertThat(ALLOCATOR.dirtyDecayMillis()).isEmpty();
        assertThat(ALLOCATOR.setMuzzyDecayMillis(0)).isFalse();
        assertThat(ALLOCATOR.statisticsText("")).isEmpty();
    }

    @Test
    @Tag("process")
    void servesUnderPreloadedJemalloc() throws Exception {
        ChildJvm.Result result = ChildJvm.of(AllocatorProbe.class)
                .environment("LD_PRELOAD", NativeLibraries.jemalloc().toString())
                .environment("ZMALLOC_ALLOCATOR", "libc")
                .run();

        assertThat(result.exit()).as(result.toString()).isZero();
        assertThat(result.value("origin")).isEqualTo("libc");
        assertThat(result.value("file")).contains("libc.so.6");
        assertThat(result.value("works")).isEqualTo("true");
        assertThat(result.err()).isEmpty();
    }
}
