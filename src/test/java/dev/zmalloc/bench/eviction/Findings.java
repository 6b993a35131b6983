package dev.zmalloc.bench.eviction;

import dev.zmalloc.bench.Measurements;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** Numbers by name, each with its values of all JVMs that were measured. What a JVM has found, it prints as lines. */
final class Findings {
    static final double[] PERCENTILES = {50, 90, 99, 99.9, 99.99, 99.999, 100};

    private static final String MARK = "found ";

    private final Map<String, List<Double>> values = new LinkedHashMap<>();

    /** Prints one for {@link #add}. */
    static void print(String name, double value) {
        System.out.println(MARK + name + " " + value);
    }

    /** Prints a whole number. */
    static void print(String name, long value) {
        print(name, (double) value);
    }

    /** Prints all percentiles, and the mean. */
    static void print(String name, Histogram nanos) {
        for (double percentile : PERCENTILES) {
            print(percentile(name, percentile), nanos.getValueAtPercentile(percentile));
        }
        print(name + ".mean", nanos.getMean());
        print(name + ".count", nanos.getTotalCount());
    }

    static String percentile(String name, double percentile) {
        return name + ".p" + percentile;
    }

    /** Takes in what a JVM has printed; other lines are somebody else's. */
    void add(String prefix, String output) {
        output.lines().filter(line -> line.startsWith(MARK)).forEach(line -> {
            String[] fields = line.split(" ");
            values.computeIfAbsent(prefix + fields[1], missing -> new ArrayList<>())
                    .add(Double.valueOf(fields[2]));
        });
    }

    /** The median of the JVMs. */
    double median(String name) {
        return Measurements.median(all(name));
    }

    double highest(String name) {
        return Collections.max(all(name));
    }

    /** The lowest and the highest of the JVMs. */
    String spread(String name, double unit) {
        return String.format(
                Locale.ROOT, "%.2f-%.2f", Collections.min(all(name)) / unit, Collections.max(all(name)) / unit);
    }

    boolean has(String name) {
        return values.containsKey(name);
    }

    /** Medians of the percentiles, in ascending order. */
    Map<Double, Double> percentiles(String name) {
        Map<Double, Double> all = new LinkedHashMap<>();
        for (double percentile : PERCENTILES) {
            all.put(percentile, median(percentile(name, percentile)));
        }
        return all;
    }

    private List<Double> all(String name) {
        List<Double> all = values.get(name);
        if (all == null) {
            throw new IllegalArgumentException("nothing was found of " + name + ", but of " + values.keySet());
        }
        return all;
    }

    /** For programs. */
    Map<String, List<Double>> toMap() {
        return values;
    }
}
