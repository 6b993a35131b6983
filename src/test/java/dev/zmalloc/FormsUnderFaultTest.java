package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.ffi.Memory;
import dev.zmalloc.testing.FaultInjectingAllocator;
import dev.zmalloc.testing.Faults;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every form against an allocator that fails, and that checks each size it is told and keeps an exact account. */
@Tag("fault")
class FormsUnderFaultTest {
    private static final int THREADS = 6;

    @AfterEach
    void stopFailing() {
        FaultInjectingAllocator.stopInjecting();
        ZMalloc.zmallocResetPeak();
    }

    @ParameterizedTest
    @MethodSource("dev.zmalloc.AllocationFormsTest#forms")
    void takesNothingAndCountsNothing(AllocationFormsTest.Form form) {
        long used = ZMalloc.zmallocUsedMemory();
        long allocations = ZMalloc.zmallocAllocations();
        for (long bytes : new long[] {0, 8, 100, 1 << 20}) {
            Faults.fromNth(1).inject();
            if (form.isTry()) {
                assertThat(form.take().apply(bytes)).isEqualTo(MemorySegment.NULL);
            } else {
                assertThatThrownBy(() -> form.take().apply(bytes))
                        .isInstanceOf(NativeOutOfMemoryError.class)
                        .hasMessage("zmalloc: Out of memory trying to allocate " + bytes + " bytes");
            }
            assertThat(FaultInjectingAllocator.stopInjecting()).isPositive();
            assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(used);
            assertThat(ZMalloc.zmallocAllocations()).isEqualTo(allocations);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.zmalloc.ReallocTest#forms")
    void keepsTheBlockThatCannotBeResized(ReallocTest.Form form) {
        long address = RawZMalloc.zmalloc(100);
        Memory.fill(address, 100, (byte) 5);
        long used = ZMalloc.zmallocUsedMemory();
        Faults.fromNth(1).inject();
        if (form.isTry()) {
            assertThat(form.resize().apply(address, 100, 5_000)).isZero();
        } else {
            assertThatThrownBy(() -> form.resize().apply(address, 100, 5_000))
                    .isInstanceOf(NativeOutOfMemoryError.class);
        }
        assertThat(FaultInjectingAllocator.stopInjecting()).isPositive();
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(used);
        assertThat(Memory.getByte(address + 99)).isEqualTo((byte) 5);
        RawZMalloc.zfree(address, 100);
    }

    @Test
    void stringsFailToo() {
        Faults.fromNth(1).inject();
        assertThat(RawZMalloc.ztrystrdup("abc")).isZero();
        assertThat(ZMalloc.ztrystrdup("abc")).isEqualTo(MemorySegment.NULL);
        assertThatThrownBy(() -> ZMalloc.zstrdup("abc"))
                .hasMessage("zmalloc: Out of memory trying to allocate 4 bytes");
        UsableBytes usable = new UsableBytes();
        usable.set(-5, -5);
        assertThatThrownBy(() -> RawZMalloc.zstrdupUsable("abc", usable)).isInstanceOf(NativeOutOfMemoryError.class);
        assertThat(usable).hasToString("usable 0, old 0");
        usable.set(-5, -5);
        assertThat(RawZMalloc.ztrystrdupUsable("abc", usable)).isZero();
        assertThat(usable).hasToString("usable 0, old 0");
        assertThat(ZMalloc.ztrystrdupUsable("abc")).isEqualTo(MemorySegment.NULL);
        assertThatThrownBy(() -> ZMalloc.zstrdupUsable("abc"))
                .hasMessage("zmalloc: Out of memory trying to allocate 4 bytes");
    }

    /** The peak against an exact one, with threads that take, resize and free at random. */
    @Test
    void thePeakIsAsAccurateAsItSays() throws InterruptedException {
        FaultInjectingAllocator.resetHighest();
        ZMalloc.zmallocResetPeak();
        Thread[] threads = new Thread[THREADS];
        for (int thread = 0; thread < THREADS; thread++) {
            long seed = thread;
            threads[thread] = Thread.ofPlatform().start(() -> churn(new SplittableRandom(seed)));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        long highest = FaultInjectingAllocator.highestHeldBytes();
        assertThat(highest).isGreaterThan(20 << 20);
        // Each thread may be stopped between the allocator's count and this library's, and hold a block meanwhile.
        long inBetween = THREADS * 40_000;
        assertThat(ZMalloc.zmallocPeakMemory())
                .isBetween(highest - THREADS * 2 * UsedMemory.BAND_BYTES - inBetween, highest + inBetween);
    }

    private static void churn(SplittableRandom random) {
        long[] addresses = new long[1_000];
        for (int operation = 0; operation < 100_000; operation++) {
            int index = random.nextInt(addresses.length);
            if (random.nextInt(100) < ((operation / 10_000) % 2 == 0 ? 70 : 30)) {
                addresses[index] = RawZMalloc.zrealloc(addresses[index], 1 + random.nextLong(20_000));
            } else {
                RawZMalloc.zfree(addresses[index]);
                addresses[index] = 0;
            }
        }
        for (long address : addresses) {
            RawZMalloc.zfree(address);
        }
    }
}
