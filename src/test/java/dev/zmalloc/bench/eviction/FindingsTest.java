package dev.zmalloc.bench.eviction;

import static org.assertj.core.api.Assertions.assertThat;

import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("process")
class FindingsTest {
    @Test
    void readsItsOwnLinesAndNoOthers() {
        Findings findings = new Findings();
        findings.add("a.", "found rate 3\nWARNING: of the JVM\n");
        findings.add("a.", "found rate 1.5\nfound size 7\n");
        findings.add("a.", "found rate 2\n");
        assertThat(findings.median("a.rate")).isEqualTo(2);
        assertThat(findings.highest("a.rate")).isEqualTo(3);
        assertThat(findings.spread("a.rate", 1)).isEqualTo("1.50-3.00");
        assertThat(findings.toMap()).containsOnlyKeys("a.rate", "a.size");
    }

    @Test
    void tellsPercentiles() {
        Histogram nanos = new Histogram(3);
        for (int value = 1; value <= 1000; value++) {
            nanos.recordValue(value);
        }
        assertThat(nanos.getValueAtPercentile(Findings.PERCENTILES[0])).isEqualTo(500);
        assertThat(Findings.percentile("put", Findings.PERCENTILES[4])).isEqualTo("put.p99.99");
    }
}
