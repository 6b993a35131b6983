package dev.zmalloc.bench.peers;

import java.util.LinkedHashMap;
import java.util.Map;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.util.Statistics;

/** How long single operations took, at the shares of all that {@link #SHARES} names. */
record Latencies(Map<Double, Double> nanosOfShare) {
    static final double[] SHARES = {50, 90, 99, 99.9, 99.99};

    /** Of a run that has sampled. */
    static Latencies of(RunResult run) {
        Statistics statistics = run.getPrimaryResult().getStatistics();
        Map<Double, Double> nanos = new LinkedHashMap<>();
        for (double share : SHARES) {
            nanos.put(share, statistics.getPercentile(share));
        }
        return new Latencies(nanos);
    }

    double nanos(double share) {
        return nanosOfShare.get(share);
    }

    Map<String, Object> toMap() {
        Map<String, Object> all = new LinkedHashMap<>();
        nanosOfShare.forEach((share, nanos) -> all.put("p" + share + "_nanos", nanos));
        return all;
    }
}
