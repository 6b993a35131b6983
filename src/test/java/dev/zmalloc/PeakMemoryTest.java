package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.Seeds;
import java.time.Instant;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The peak, its time and its reset, and the numbers of allocations and frees. */
class PeakMemoryTest {
    private static final long ACCURACY_BYTES = 2 * UsedMemory.BAND_BYTES;

    @AfterEach
    void resetPeak() {
        ZMalloc.zmallocResetPeak();
    }

    @Test
    void keepsWhatWasFreed() {
        ZMalloc.zmallocResetPeak();
        long before = ZMalloc.zmallocUsedMemory();
        assertThat(ZMalloc.zmallocPeakMemory()).isEqualTo(before);
        long address = RawZMalloc.zmalloc(10 << 20);
        long size = RawZMalloc.zmallocSize(address);
        RawZMalloc.zfree(address);
        assertThat(ZMalloc.zmallocPeakMemory()).isEqualTo(before + size);
        ZMalloc.zmallocResetPeak();
        assertThat(ZMalloc.zmallocPeakMemory()).isEqualTo(before);
    }

    @Test
    void tellsWhenItRose() throws InterruptedException {
        ZMalloc.zmallocResetPeak();
        Thread.sleep(5);
        Instant beforeRise = Instant.ofEpochMilli(System.currentTimeMillis());
        assertThat(ZMalloc.zmallocPeakTime()).isBefore(beforeRise);
        long address = RawZMalloc.zmalloc(1 << 20);
        Instant afterRise = Instant.ofEpochMilli(System.currentTimeMillis());
        Thread.sleep(5);
        RawZMalloc.zfree(address);
        RawZMalloc.zfree(RawZMalloc.zmalloc(1 << 19));
        assertThat(ZMalloc.zmallocPeakTime()).isBetween(beforeRise, afterRise);
        Instant beforeReset = Instant.ofEpochMilli(System.currentTimeMillis());
        ZMalloc.zmallocResetPeak();
        assertThat(ZMalloc.zmallocPeakTime()).isAfterOrEqualTo(beforeReset);
    }

    /** Too small for a look of its own, but whoever asks sees it. */
    @Test
    void isNeverLessThanNow() {
        ZMalloc.zmallocResetPeak();
        for (int round = 0; round < 100; round++) {
            long address = RawZMalloc.zmalloc(1 + round);
            assertThat(ZMalloc.zmallocPeakMemory()).isGreaterThanOrEqualTo(ZMalloc.zmallocUsedMemory());
            RawZMalloc.zfree(address);
        }
    }

    /** Up, down, and up again from far below where the stripe last looked. */
    @Test
    void isAsAccurateAsItSaysWhereOneThreadAllocates() {
        SplittableRandom random = new SplittableRandom(Seeds.next("PeakMemoryTest"));
        long[] addresses = new long[4_000];
        for (int round = 0; round < 20; round++) {
            ZMalloc.zmallocResetPeak();
            long highest = ZMalloc.zmallocUsedMemory();
            for (int operation = 0; operation < 20_000; operation++) {
                // A walk whose drift changes its direction.
                boolean taking = random.nextInt(100) < ((operation / 1_000) % 2 == 0 ? 70 : 30);
                int index = random.nextInt(addresses.length);
                if (taking) {
                    addresses[index] = addresses[index] == 0
                            ? RawZMalloc.zmalloc(random.nextLong(800))
                            : RawZMalloc.zrealloc(addresses[index], 1 + random.nextLong(800));
                } else {
                    RawZMalloc.zfree(addresses[index]);
                    addresses[index] = 0;
                }
                highest = Math.max(highest, ZMalloc.zmallocUsedMemory());
            }
            for (int index = 0; index < addresses.length; index++) {
                RawZMalloc.zfree(addresses[index]);
                addresses[index] = 0;
            }
            assertThat(ZMalloc.zmallocPeakMemory()).isBetween(highest - ACCURACY_BYTES, highest);
        }
    }

    /** Each thread holds its share while the others take theirs; none alone is as high as the sum. */
    @Test
    void isAsAccurateAsItSaysWhereManyThreadsAllocate() throws InterruptedException {
        ZMalloc.zmallocResetPeak();
        long before = ZMalloc.zmallocUsedMemory();
        long[] addresses = new long[64_000];
        Thread[] threads = new Thread[64];
        for (int thread = 0; thread < threads.length; thread++) {
            int first = thread * 1_000;
            Runnable taking = () -> {
                for (int index = first; index < first + 1_000; index++) {
                    addresses[index] = RawZMalloc.zmalloc(100 + index % 300);
                }
            };
            threads[thread] = thread % 2 == 0
                    ? Thread.ofVirtual().start(taking)
                    : Thread.ofPlatform().start(taking);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        long highest = ZMalloc.zmallocUsedMemory();
        assertThat(highest - before).isGreaterThan(15_000_000);
        for (long address : addresses) {
            RawZMalloc.zfree(address);
        }
        assertThat(ZMalloc.zmallocPeakMemory()).isBetween(highest - UsedMemory.STRIPES * ACCURACY_BYTES, highest);
    }

    @Test
    void countsAllocationsAndFrees() {
        long allocations = ZMalloc.zmallocAllocations();
        long frees = ZMalloc.zmallocFrees();
        long address = RawZMalloc.zmalloc(10);
        address = RawZMalloc.zrealloc(address, 10_000);
        assertThat(RawZMalloc.ztryrealloc(address, -1)).isZero();
        assertThat(RawZMalloc.ztrymalloc(-1)).isZero();
        assertThat(ZMalloc.zmallocAllocations()).isEqualTo(allocations + 1);
        assertThat(ZMalloc.zmallocFrees()).isEqualTo(frees);
        address = RawZMalloc.zrealloc(address, 0);
        assertThat(address).isZero();
        RawZMalloc.zfree(0);
        assertThat(ZMalloc.zmallocFrees()).isEqualTo(frees + 1);
        RawZMalloc.zfree(RawZMalloc.zrealloc(0, 5), 5);
        assertThat(ZMalloc.zmallocAllocations()).isEqualTo(allocations + 2);
        assertThat(ZMalloc.zmallocFrees()).isEqualTo(frees + 2);
    }
}
