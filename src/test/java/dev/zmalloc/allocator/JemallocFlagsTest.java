package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.LibraryLoader;
import dev.zmalloc.ffi.NativeLibrary;
import dev.zmalloc.ffi.abi.dallocx_fn;
import dev.zmalloc.ffi.abi.mallocx_fn;
import dev.zmalloc.ffi.abi.nallocx_fn;
import dev.zmalloc.ffi.abi.sallocx_fn;
import dev.zmalloc.fixtures.NativeLibraries;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The flags composed by hand do in the library what its manual says of the macros. */
class JemallocFlagsTest {
    private static NativeLibrary library;
    private static Mallctl mallctl;
    private static MethodHandle mallocx;
    private static MethodHandle dallocx;
    private static MethodHandle sallocx;
    private static MethodHandle nallocx;

    /** The system's library, for the statistics by arena. */
    @BeforeAll
    static void load() throws Exception {
        library = NativeLibrary.find(
                        LibraryLoader.open(NativeLibraries.jemalloc().toString()), "", "mallctl")
                .orElseThrow();
        mallctl = Mallctl.of(library);
        mallocx = Downcalls.ordinary(library.find("mallocx"), mallocx_fn.descriptor());
        dallocx = Downcalls.ordinary(library.find("dallocx"), dallocx_fn.descriptor());
        sallocx = Downcalls.ordinary(library.find("sallocx"), sallocx_fn.descriptor());
        nallocx = Downcalls.ordinary(library.find("nallocx"), nallocx_fn.descriptor());
    }

    @Test
    void alignsByBytes() throws Throwable {
        for (long alignment = 1; alignment <= 16 << 20; alignment *= 2) {
            int flags = JemallocFlags.align(alignment);
            for (long size : new long[] {1, 100, 5000, 70_000}) {
                long address = (long) mallocx.invokeExact(size, flags);
                assertThat(address & (alignment - 1))
                        .as("%d bytes by %d", size, alignment)
                        .isZero();
                long usableBytes = (long) sallocx.invokeExact(address, flags);
                assertThat(usableBytes).isEqualTo((long) nallocx.invokeExact(size, flags));
                dallocx.invokeExact(address, flags);
            }
        }
    }

    @Test
    void allocatesInTheArenaNamed() throws Throwable {
        int arena = mallctl.readInt("arenas.create");
        int flags = (arena + 1) << 20 | JemallocFlags.TCACHE_NONE;
        assertThat(smallAllocated(arena)).isZero();

        long address = (long) mallocx.invokeExact(1000L, flags);
        assertThat(smallAllocated(arena)).isEqualTo(1024);
        assertThat(mallctl.readLong("stats.arenas." + arena + ".small.nmalloc")).isEqualTo(1);

        dallocx.invokeExact(address, flags);
        assertThat(smallAllocated(arena)).as("no cache holds it back").isZero();
        mallctl.trigger("arena." + arena + ".destroy");
    }

    @Test
    void refusesWhatDoesNotFitItsField() {
        assertThatThrownBy(() -> JemallocFlags.align(0)).hasMessageContaining("no power of two: 0");
        assertThatThrownBy(() -> JemallocFlags.align(48)).hasMessageContaining("no power of two: 48");
        assertThatThrownBy(() -> JemallocFlags.align(Long.MIN_VALUE)).hasMessageContaining("no power of two");
    }

    private static long smallAllocated(int arena) {
        mallctl.refreshStatistics();
        return mallctl.readLong("stats.arenas." + arena + ".small.allocated");
    }
}
