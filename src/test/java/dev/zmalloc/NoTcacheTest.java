package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.allocator.DebugLevel;
import dev.zmalloc.allocator.NativeMemoryDebug;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The forms past the thread's cache: there with jemalloc, refused by name elsewhere, and at the debug level
 * {@code guard}, which keeps every freed block for a while.
 */
@Tag("core")
class NoTcacheTest {
    @Test
    void areThereWithJemalloc() {
        assertThat(ZMalloc.zmallocHasNoTcache())
                .isEqualTo(RawZMalloc.zmallocHasNoTcache())
                .isEqualTo(ZMalloc.allocator().hasUncachedCalls());
        if (ZMalloc.allocator().name().equals("jemalloc")) {
            assertThat(ZMalloc.zmallocHasNoTcache()).isEqualTo(NativeMemoryDebug.level() != DebugLevel.GUARD);
        }
    }

    @Test
    void refuseWhereTheBackendHasNone() {
        if (ZMalloc.zmallocHasNoTcache()) {
            return;
        }
        String name = ZMalloc.allocator().name();
        MemorySegment block = ZMalloc.zmalloc(10);
        assertRefused(name, () -> ZMalloc.zmallocNoTcache(10));
        assertRefused(name, () -> ZMalloc.ztrymallocNoTcache(10));
        assertRefused(name, () -> ZMalloc.zfreeNoTcache(block));
        assertRefused(name, () -> RawZMalloc.zmallocNoTcache(10));
        assertRefused(name, () -> RawZMalloc.ztrymallocNoTcache(-1));
        assertRefused(name, () -> RawZMalloc.zfreeNoTcache(0));
        assertRefused(name, () -> RawZMalloc.zfreeNoTcache(block.address(), 10));
        ZMalloc.zfree(block);
    }

    private static void assertRefused(String name, Runnable call) {
        assertThatThrownBy(call::run)
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageStartingWith(name + " (")
                .hasMessageEndingWith(") has no calls past a thread cache");
    }

    /** Upstream's skip the count. */
    @Test
    void areCounted() {
        if (!ZMalloc.zmallocHasNoTcache()) {
            return;
        }
        long used = ZMalloc.zmallocUsedMemory();
        for (long bytes : new long[] {0, 1, 100, 5_000, 50_000, 5_000_000}) {
            MemorySegment block = ZMalloc.zmallocNoTcache(bytes);
            assertThat(ZMalloc.zmallocUsedMemory() - used).isEqualTo(ZMalloc.zmallocSize(block));
            ZMalloc.zfreeNoTcache(block);
            RawZMalloc.zfreeNoTcache(RawZMalloc.ztrymallocNoTcache(bytes), bytes);
            ZMalloc.zfree(ZMalloc.ztrymallocNoTcache(bytes));
            ZMalloc.zfreeNoTcache(ZMalloc.zmalloc(bytes));
            assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(used);
        }
        RawZMalloc.zfreeNoTcache(0);
        ZMalloc.zfreeNoTcache(MemorySegment.NULL);
    }

    /** A block freed past the cache is not the next that the cache gives. */
    @Test
    void leaveTheCacheAlone() {
        if (!ZMalloc.zmallocHasNoTcache()) {
            return;
        }
        int again = 0;
        for (int round = 0; round < 1_000; round++) {
            long address = RawZMalloc.zmallocNoTcache(200);
            RawZMalloc.zfreeNoTcache(address, 200);
            long cached = RawZMalloc.zmalloc(200);
            again += cached == address ? 1 : 0;
            RawZMalloc.zfree(cached, 200);
        }
        assertThat(again).isLessThan(10);
    }
}
