package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.ChildJvm;
import org.junit.jupiter.api.Test;

/** The bundled library. */
class BundledJemallocTest extends AllocatorContract {
    private static final Allocator ALLOCATOR = open();

    private static Allocator open() {
        System.setProperty(LibraryFinder.SOURCES_PROPERTY, "bundled");
        try {
            return Allocators.use(JemallocAllocator.NAME);
        } finally {
            System.clearProperty(LibraryFinder.SOURCES_PROPERTY);
        }
    }

    @Override
    Allocator allocator() {
        return ALLOCATOR;
    }

    @Override
    ChildJvm serving(ChildJvm child) {
        return super.serving(child).property(LibraryFinder.SOURCES_PROPERTY, "bundled");
    }

    @Test
    void hasNoStatisticsAndSaysSo() {
        assertThat(ALLOCATOR.description().origin()).isEqualTo(Origin.BUNDLED);
        assertThat(ALLOCATOR.figures()).isEqualTo(AllocatorFigures.NONE);
    }

    @Test
    void isPurgedAndHasDecayTimesAllTheSame() {
        assertThat(ALLOCATOR.purge()).isTrue();
        assertThat(ALLOCATOR.dirtyDecayMillis()).isPresent();
        assertThat(ALLOCATOR.statisticsText("")).isEmpty();
    }
}
