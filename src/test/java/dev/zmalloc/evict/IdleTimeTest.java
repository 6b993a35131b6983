package dev.zmalloc.evict;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.Seeds;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the clock of uses tells of time, against a list of when each item was used. */
class IdleTimeTest {
    private static final int ITEMS = 20_000;
    private static final long NANOS_AN_EVENT = 1_000;

    @ParameterizedTest
    @ValueSource(ints = {64, 100, 2048, 8192})
    void isNeverTooLongAndLittleTooShort(int resolution) {
        SplittableRandom random = new SplittableRandom(Seeds.next("IdleTimeTest"));
        AtomicLong nanos = new AtomicLong(1);
        AccessClock clock = new AccessClock(resolution, () -> 0, nanos::get);
        int[] access = new int[ITEMS];
        long[] usedAt = new long[ITEMS];
        for (int item = 0; item < ITEMS; item++) {
            access[item] = clock.now();
            usedAt[item] = nanos.get();
        }
        // Ten turnovers.
        for (int event = 0; event < 10 * ITEMS; event++) {
            nanos.addAndGet(NANOS_AN_EVENT);
            clock.inserted(ITEMS);
            int item = random.nextInt(ITEMS);
            access[item] = clock.now();
            usedAt[item] = nanos.get();
        }
        long error = 2L * ITEMS * NANOS_AN_EVENT / 64 + 2 * NANOS_AN_EVENT * (ITEMS / resolution + 1);
        for (int item = 0; item < ITEMS; item++) {
            long idle = nanos.get() - usedAt[item];
            if (idle >= (long) AccessClock.TICKS * Math.max(1, ITEMS / resolution) * NANOS_AN_EVENT) {
                continue; // The clock has come round since.
            }
            assertThat(clock.idleNanos(access[item])).isBetween(idle - error, idle);
        }
    }

    @Test
    void standsStillWhileNothingComesOrGoes() {
        AtomicLong nanos = new AtomicLong(1);
        AccessClock clock = new AccessClock(2048, () -> 0, nanos::get);
        assertThat(clock.idleNanos(clock.now())).isZero();
        int used = clock.now();
        nanos.set(1_000_000);
        assertThat(clock.idleNanos(used)).isZero();
        for (int event = 0; event < 100; event++) {
            clock.inserted(1);
        }
        nanos.set(3_000_000);
        assertThat(clock.idleNanos(used)).isEqualTo(2_000_000);
        assertThat(clock.idleNanos(clock.now())).isZero();
    }
}
