package dev.zmalloc.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RateWindowTest {
    private static final long SECOND = 1_000_000_000L;

    private final RateWindow window = new RateWindow(3 * SECOND);

    @Test
    void theFirstSampleHasNoRate() {
        assertThat(window.perSecond(5, 1_000_000)).isZero();
        assertThat(window.perSecond(5, 2_000_000)).as("no time has passed").isZero();
    }

    @Test
    void coversAllWhileTheWindowFills() {
        window.perSecond(0, 0);
        assertThat(window.perSecond(SECOND, 100)).isEqualTo(100);
        assertThat(window.perSecond(2 * SECOND, 400)).isEqualTo(200);
    }

    @Test
    void forgetsWhatLeftTheWindow() {
        window.perSecond(0, 0);
        for (int second = 1; second <= 10; second++) {
            window.perSecond(second * SECOND, second * 1000L);
        }
        for (int second = 11; second <= 13; second++) {
            window.perSecond(second * SECOND, 10_000);
        }
        assertThat(window.perSecond(14 * SECOND, 10_000)).isZero();
    }

    @Test
    void isExactOverTheWindow() {
        double rate = 0;
        for (int quarter = 0; quarter <= 100; quarter++) {
            rate = window.perSecond(quarter * SECOND / 4, quarter * 25L);
        }
        assertThat(rate).isEqualTo(100);
    }

    @Test
    void aCounterThatFallsHasNoRate() {
        window.perSecond(0, 100);
        assertThat(window.perSecond(SECOND, 50)).isZero();
    }
}
