package dev.zmalloc.evict;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AccessClockTest {
    @Test
    void standsStillWithoutInsertions() {
        AccessClock clock = new AccessClock();
        assertThat(clock.now()).isZero();
        clock.inserted(1);
        int now = clock.now();
        assertThat(clock.now()).isEqualTo(now);
    }

    @Test
    void ticksAboutTwoThousandTimesInATurnoverWhateverThePopulation() {
        for (long population : new long[] {10_000, 1_000_000}) {
            AccessClock clock = new AccessClock();
            for (long insertion = 0; insertion < population; insertion++) {
                clock.inserted(population);
            }
            assertThat(clock.now()).isBetween(2000, 2600);
        }
        AccessClock small = new AccessClock();
        for (int insertion = 0; insertion < 100; insertion++) {
            small.inserted(10);
        }
        assertThat(small.now()).isEqualTo(100);
    }

    @Test
    void wrapsAt16Bits() {
        AccessClock clock = new AccessClock();
        for (int insertion = 0; insertion < AccessClock.TICKS + 5; insertion++) {
            clock.inserted(1);
        }
        assertThat(clock.now()).isEqualTo(5);
        assertThat(AccessClock.ticksBetween(65_530, 4)).isEqualTo(10);
        assertThat(AccessClock.ticksBetween(7, 7)).isZero();
    }
}
