package dev.zmalloc.bench.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("process")
class GrowthResultTest {
    private static final String LOG = """
            [10705406ns] Safepoint "G1CollectFull", Time since last: 1533927547 ns, Reaching safepoint: 4366 ns, \
            At safepoint: 10691996 ns, Leaving safepoint: 9044 ns, Total: 10705406 ns, Threads: 0 runnable, 10 total
            """;

    @Test
    void findsTheCauseOfWhatTookLong() {
        GrowthResult result = GrowthResult.parse("""
                seconds 1.5
                laps put 1000000
                percentile put 50.0 631
                percentile put 99.9999 11878399
                percentile idle 50.0 30
                event put 5000000 6000000 10 20
                event put 20000000 4000000 100 3900000
                event put 30000000 4000000 3900000 100
                event put 40000000 4000000 100 100
                event idle 50000000 4000000 100 3900000
                something that a library says
                """, LOG);
        assertThat(result.seconds()).isEqualTo(1.5);
        assertThat(result.nanos(Growth.PUT, 99.9999)).isEqualTo(11_878_399);
        assertThat(result.events().stream().map(GrowthResult.Event::cause))
                .containsExactly(
                        "safepoint G1CollectFull", "waited for a processor", "ran", "slept", "waited for a processor");
        assertThat(result.longEvents(Growth.PUT)).isEqualTo(4);
        assertThat(result.causes(Growth.IDLE)).containsExactly(java.util.Map.entry("waited for a processor", 1L));
    }

    @Test
    void aStopElsewhereIsNoCause() {
        GrowthResult result = GrowthResult.parse("event put 10000000 4000000 100 3900000\n", LOG);
        assertThat(result.events().getFirst().cause()).isEqualTo("waited for a processor");
    }
}
