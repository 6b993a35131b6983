package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.zmalloc.fixtures.ChildJvm;
import dev.zmalloc.fixtures.NativeLibraries;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a jemalloc that has statistics tells of itself and lets be changed. */
class JemallocControlTest {
    private static final JemallocAllocator ALLOCATOR = (JemallocAllocator) Allocators.open(JemallocAllocator.NAME);

    @Test
    void everyFigureIsThere() {
        needStatistics();
        long block = ALLOCATOR.allocate(100_000);
        AllocatorFigures figures = ALLOCATOR.figures();
        ALLOCATOR.free(block);

        long allocated = figures.allocatedBytes().orElseThrow();
        long active = figures.activeBytes().orElseThrow();
        long resident = figures.residentBytes().orElseThrow();
        assertThat(allocated).isGreaterThan(100_000);
        assertThat(active).isGreaterThanOrEqualTo(allocated);
        assertThat(resident).isGreaterThanOrEqualTo(active);
        assertThat(figures.mappedBytes().orElseThrow()).isGreaterThanOrEqualTo(active);
        assertThat(figures.metadataBytes().orElseThrow()).isPositive();
        assertThat(figures.retainedBytes().orElseThrow()).isNotNegative();
        assertThat(figures.muzzyBytes().orElseThrow()).isNotNegative();
        assertThat(figures.smallBinFragmentationBytes().orElseThrow()).isBetween(0L, active);
    }

    @Test
    void fragmentationIsTheFreePlacesBetweenLiveBlocks() {
        needStatistics();
        int blocks = 40_000;
        long[] addresses = new long[blocks];
        for (int index = 0; index < blocks; index++) {
            addresses[index] = ALLOCATOR.allocate(512);
        }
        long before = fragmentation();
        for (int index = 0; index < blocks; index++) {
            if (index % 4 != 0) {
                ALLOCATOR.free(addresses[index], 512);
            }
        }
        long between = fragmentation();
        for (int index = 0; index < blocks; index += 4) {
            ALLOCATOR.free(addresses[index], 512);
        }
        long after = fragmentation();

        long freed = blocks * 3L / 4 * 512;
        assertThat(between - before).isBetween(freed * 9 / 10, freed * 11 / 10);
        assertThat(after).isLessThan(before + freed / 10);
    }

    /** What the thread's cache holds counts as taken, so it is emptied first. */
    private static long fragmentation() {
        ALLOCATOR.mallctl().trigger("thread.tcache.flush");
        return ALLOCATOR.figures().smallBinFragmentationBytes().orElseThrow();
    }

    @Test
    void purgeGivesUnusedPagesBack() {
        needStatistics();
        long decay = ALLOCATOR.dirtyDecayMillis().orElseThrow();
        assertThat(ALLOCATOR.setDirtyDecayMillis(-1)).isTrue();
        try {
            // Below 8 MiB, where blocks get an arena that purges at once.
            long block = ALLOCATOR.allocateZeroed(6 << 20);
            ALLOCATOR.free(block);
            long before = ALLOCATOR.figures().residentBytes().orElseThrow();
            assertThat(ALLOCATOR.purge()).isTrue();
            assertThat(ALLOCATOR.figures().residentBytes().orElseThrow()).isLessThanOrEqualTo(before - (6 << 20));
        } finally {
            ALLOCATOR.setDirtyDecayMillis(decay);
        }
    }

    @Test
    void decayTimesAreSetForArenasThatAreThereToo() {
        OptionalLong dirty = ALLOCATOR.dirtyDecayMillis();
        OptionalLong muzzy = ALLOCATOR.muzzyDecayMillis();
        assertThat(dirty).isPresent();
        assertThat(muzzy).isPresent();
        try {
            assertThat(ALLOCATOR.setDirtyDecayMillis(4_321)).isTrue();
            assertThat(ALLOCATOR.setMuzzyDecayMillis(1_234)).isTrue();

            assertThat(ALLOCATOR.dirtyDecayMillis()).hasValue(4_321);
            assertThat(ALLOCATOR.muzzyDecayMillis()).hasValue(1_234);
            assertThat(ALLOCATOR.mallctl().readLong("arena.0.dirty_decay_ms")).isEqualTo(4_321);
            assertThat(ALLOCATOR.mallctl().readLong("arena.0.muzzy_decay_ms")).isEqualTo(1_234);
            assertThatIllegalArgumentException().isThrownBy(() -> ALLOCATOR.setDirtyDecayMillis(-2));
            assertThatIllegalArgumentException().isThrownBy(() -> ALLOCATOR.setMuzzyDecayMillis(Long.MAX_VALUE));
            assertThat(ALLOCATOR.dirtyDecayMillis()).hasValue(4_321);
        } finally {
            ALLOCATOR.setDirtyDecayMillis(dirty.orElseThrow());
            ALLOCATOR.setMuzzyDecayMillis(muzzy.orElseThrow());
        }
        assertThat(ALLOCATOR.mallctl().readLong("arena.0.dirty_decay_ms")).isEqualTo(dirty.orElseThrow());
    }

    @Test
    void backgroundThreadsStartAndEnd() {
        Optional<Boolean> before = ALLOCATOR.backgroundThreads();
        if (before.isEmpty()) {
            assertThat(ALLOCATOR.setBackgroundThreads(true)).isFalse();
            return;
        }
        try {
            assertThat(ALLOCATOR.setBackgroundThreads(true)).isTrue();
            assertThat(ALLOCATOR.backgroundThreads()).contains(true);
            assertThat(ALLOCATOR.setBackgroundThreads(false)).isTrue();
            assertThat(ALLOCATOR.backgroundThreads()).contains(false);
        } finally {
            ALLOCATOR.setBackgroundThreads(before.get());
        }
    }

    @Test
    void reportIsTextOrJson() {
        needStatistics();
        assertThat(ALLOCATOR.statisticsText("").orElseThrow())
                .startsWith("___ Begin jemalloc statistics ___")
                .contains("Allocated: ", "small:", "bins:")
                .contains("--- End jemalloc statistics ---");
        String json = ALLOCATOR.statisticsText("Jmdablxeh").orElseThrow();
        assertThat(json.strip()).startsWith("{").endsWith("}").contains("\"stats\"");
        assertThat(ALLOCATOR.statisticsText("Jmdablxeh").orElseThrow()).hasSizeGreaterThan(1_000);
    }

    /** The JVM itself then takes blocks from it, also in the function that jemalloc calls for its report. */
    @Test
    @Tag("process")
    void servesWhereTheWholeProcessUsesIt() throws Exception {
        ChildJvm.Result result = ChildJvm.of(ControlProbe.class)
                .withAllCompilers()
                .environment("LD_PRELOAD", NativeLibraries.jemalloc().toString())
                .run();

        assertThat(result.exit()).as(result.toString()).isZero();
        assertThat(result.value("origin")).isEqualTo("preloaded");
        assertThat(result.value("reports")).isEqualTo("200");
        assertThat(result.value("complete")).isEqualTo("200");
        assertThat(result.value("background")).isEqualTo("true");
        assertThat(result.err()).isEmpty();
    }

    private static void needStatistics() {
        if (!ALLOCATOR.mallctl().readBoolean("config.stats")) {
            NativeLibraries.missing("a jemalloc with statistics", "libjemalloc2");
        }
    }
}
