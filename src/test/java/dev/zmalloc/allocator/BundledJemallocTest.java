package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The bundled library, in a JVM of its own: the build says why. */
@Tag("bundled")
class BundledJemallocTest extends AllocatorContract {
    private static final Allocator ALLOCATOR = open();

    private static Allocator open() {
        // First the one that other tests use: once the bundled library is there, it answers to the system's soname too.
        assertThat(JemallocAllocatorTest.ALLOCATOR).isNotNull();
        System.setProperty(JemallocFinder.SOURCES_PROPERTY, "bundled");
        try {
            return Allocators.open(JemallocAllocator.NAME);
        } finally {
            System.clearProperty(JemallocFinder.SOURCES_PROPERTY);
        }
    }

    @Override
    Allocator allocator() {
        return ALLOCATOR;
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
