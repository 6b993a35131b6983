package dev.zmalloc.evict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EvictionParametersTest {
    @Test
    void theDefaultsAreThoseOfRedisAndItsNamesToo() {
        assertThat(EvictionParameters.DEFAULTS.values())
                .containsExactly(
                        Map.entry("maxmemory-samples", 5),
                        Map.entry("maxmemory-eviction-tenacity", 10),
                        Map.entry("lfu-log-factor", 10),
                        Map.entry("lfu-decay-time", 1),
                        Map.entry("lru-clock-resolution", 2048),
                        Map.entry("s3fifo-small-percent", 10),
                        Map.entry("s3fifo-threshold", 2),
                        Map.entry("gdsf-size-weight", 1));
    }

    @ParameterizedTest
    @CsvSource({
        "maxmemory-samples,1,64",
        "maxmemory-eviction-tenacity,0,100",
        "lfu-log-factor,0,2147483647",
        "lfu-decay-time,0,2147483647",
        "lru-clock-resolution,64,8192",
        "s3fifo-small-percent,1,50",
        "s3fifo-threshold,1,3",
        "gdsf-size-weight,0,1"
    })
    void eachIsChangedWithinItsBoundsAlone(String name, int least, int most) {
        for (int value : new int[] {least, most}) {
            EvictionParameters changed = EvictionParameters.DEFAULTS.with(name, value);
            Map<String, Integer> expected = EvictionParameters.DEFAULTS.values();
            expected.put(name, value);
            assertThat(changed.values()).isEqualTo(expected);
        }
        refused(name, least - 1, least, most);
        if (most < Integer.MAX_VALUE) {
            refused(name, most + 1, least, most);
        }
    }

    private static void refused(String name, int value, int least, int most) {
        assertThatThrownBy(() -> EvictionParameters.DEFAULTS.with(name, value))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(name + " must be " + least + " to " + most + ", not " + value);
    }

    @Test
    void anUnknownNameIsAnsweredWithThoseThereAre() {
        assertThatThrownBy(() -> EvictionParameters.DEFAULTS.with("maxmemory-sample", 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'maxmemory-sample'")
                .hasMessageContaining("maxmemory-samples, maxmemory-eviction-tenacity, lfu-log-factor");
    }

    /** 50 microseconds a step up to ten, then 15 % more for each. */
    @ParameterizedTest
    @CsvSource({"0,0", "1,50", "5,250", "10,500", "11,575", "20,2023", "50,133932", "80,8867559", "99,126213000"})
    void tenacityIsATime(int tenacity, long micros) {
        double nanos = EvictionParameters.DEFAULTS
                .with("maxmemory-eviction-tenacity", tenacity)
                .timeLimitNanos();
        assertThat(nanos / 1_000).isBetween(micros * 0.999, micros * 1.001);
    }

    @Test
    void aTenacityOf100IsEndless() {
        assertThat(EvictionParameters.DEFAULTS
                        .with("maxmemory-eviction-tenacity", 100)
                        .timeLimitNanos())
                .isEqualTo(Long.MAX_VALUE);
    }
}
