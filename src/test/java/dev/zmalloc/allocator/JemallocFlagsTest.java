package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.LibraryLoader;
import dev.zmalloc.ffi.Memory;
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
    void alignsByExponent() throws Throwable {
        for (int exponent = 0; exponent < 63; exponent++) {
            assertThat(JemallocFlags.lgAlign(exponent)).isEqualTo(JemallocFlags.align(1L << exponent));
        }
        // A request that is smaller than its alignment takes the class of the alignment: the flag reached the library.
        assertThat((long) nallocx.invokeExact(1L, JemallocFlags.lgAlign(11))).isEqualTo(2048);
        assertThat((long) nallocx.invokeExact(1L, JemallocFlags.lgAlign(12))).isEqualTo(4096);
    }

    @Test
    void zeroes() throws Throwable {
        for (int round = 0; round < 1000; round++) {
            long dirty = (long) mallocx.invokeExact(512L, 0);
            Memory.fill(dirty, 512, (byte) 0xA5);
            dallocx.invokeExact(dirty, 0);
            long address = (long) mallocx.invokeExact(512L, JemallocFlags.ZERO | JemallocFlags.align(64));
            for (int offset = 0; offset < 512; offset += 8) {
                assertThat(Memory.getLong(address + offset)).isZero();
            }
            dallocx.invokeExact(address, 0);
        }
    }

    @Test
    void allocatesInTheArenaNamed() throws Throwable {
        int arena = mallctl.readInt("arenas.create");
        int flags = JemallocFlags.arena(arena) | JemallocFlags.TCACHE_NONE;
        assertThat(smallAllocated(arena)).isZero();

        long address = (long) mallocx.invokeExact(1000L, flags);
        assertThat(smallAllocated(arena)).isEqualTo(1024);
        assertThat(mallctl.readLong("stats.arenas." + arena + ".small.nmalloc")).isEqualTo(1);

        dallocx.invokeExact(address, flags);
        assertThat(smallAllocated(arena)).as("no cache holds it back").isZero();
        mallctl.trigger("arena." + arena + ".destroy");
    }

    @Test
    void keepsBlocksInTheCacheNamed() throws Throwable {
        int arena = mallctl.readInt("arenas.create");
        int tcache = mallctl.readInt("tcache.create");
        int flags = JemallocFlags.arena(arena) | JemallocFlags.tcache(tcache);

        long address = (long) mallocx.invokeExact(1000L, flags);
        dallocx.invokeExact(address, JemallocFlags.tcache(tcache));
        long again = (long) mallocx.invokeExact(1000L, flags);
        assertThat(again).as("the block last freed into the cache").isEqualTo(address);
        dallocx.invokeExact(again, JemallocFlags.tcache(tcache));

        assertThat(smallAllocated(arena)).as("cached blocks count as allocated").isPositive();
        mallctl.writeInt("tcache.flush", tcache);
        assertThat(smallAllocated(arena)).isZero();
        mallctl.writeInt("tcache.destroy", tcache);
        mallctl.trigger("arena." + arena + ".destroy");
    }

    @Test
    void refusesWhatDoesNotFitItsField() {
        assertThatThrownBy(() -> JemallocFlags.align(0)).hasMessageContaining("no power of two: 0");
        assertThatThrownBy(() -> JemallocFlags.align(48)).hasMessageContaining("no power of two: 48");
        assertThatThrownBy(() -> JemallocFlags.align(Long.MIN_VALUE)).hasMessageContaining("no power of two");
        assertThatThrownBy(() -> JemallocFlags.lgAlign(63)).hasMessageContaining("63");
        assertThatThrownBy(() -> JemallocFlags.tcache(-1)).hasMessageContaining("no index of a tcache");
        assertThatThrownBy(() -> JemallocFlags.tcache(4094)).hasMessageContaining("no index of a tcache");
        assertThatThrownBy(() -> JemallocFlags.arena(-1)).hasMessageContaining("no index of an arena");
        assertThatThrownBy(() -> JemallocFlags.arena(4095)).hasMessageContaining("no index of an arena");
    }

    private static long smallAllocated(int arena) {
        mallctl.refreshStatistics();
        return mallctl.readLong("stats.arenas." + arena + ".small.allocated");
    }
}
