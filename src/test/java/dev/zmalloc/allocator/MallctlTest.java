package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MallctlTest {
    private final Mallctl mallctl = ((JemallocAllocator) Allocators.open(JemallocAllocator.NAME)).mallctl();

    @Test
    void readsEachType() {
        assertThat(mallctl.readString("version")).matches("\\d+\\.\\d+\\.\\d+-.*");
        assertThat(mallctl.readLong("arenas.page")).isGreaterThanOrEqualTo(4096);
        assertThat(mallctl.readInt("arenas.nbins")).isBetween(20, 200);
        assertThat(mallctl.readBoolean("opt.tcache")).isTrue();
    }

    @Test
    void writesAndReadsBack() {
        boolean before = mallctl.readBoolean("thread.tcache.enabled");
        mallctl.writeBoolean("thread.tcache.enabled", !before);
        assertThat(mallctl.readBoolean("thread.tcache.enabled")).isEqualTo(!before);
        mallctl.writeBoolean("thread.tcache.enabled", before);

        long decay = mallctl.readLong("arenas.dirty_decay_ms");
        mallctl.writeLong("arenas.dirty_decay_ms", 1234);
        assertThat(mallctl.readLong("arenas.dirty_decay_ms")).isEqualTo(1234);
        mallctl.writeLong("arenas.dirty_decay_ms", decay);
    }

    @Test
    void refusesAnotherTypeUnknownNamesAndReadOnlyOnes() {
        assertThatThrownBy(() -> mallctl.readInt("arenas.page"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("arenas.page")
                .hasMessageContaining("EINVAL");
        assertThatThrownBy(() -> mallctl.readLong("no.such")).hasMessageContaining("ENOENT");
        assertThatThrownBy(() -> mallctl.writeLong("arenas.page", 1)).hasMessageContaining("EPERM");
        assertThat(mallctl.tryReadLong("no.such")).isEmpty();
    }
}
