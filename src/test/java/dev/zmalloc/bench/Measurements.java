package dev.zmalloc.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

/** The times of all iterations of all cases, and the garbage that each made, by the names of the cases. */
public final class Measurements {
    private static final String GARBAGE = "gc.alloc.rate.norm";

    private final Map<String, List<List<Double>>> forks = new LinkedHashMap<>();
    private final Map<String, Double> garbageBytes = new LinkedHashMap<>();

    /** Takes in what a fork measured. */
    public void add(String name, RunResult run) {
        List<Double> nanos = new ArrayList<>();
        run.getBenchmarkResults()
                .forEach(fork -> fork.getIterationResults().forEach(iteration -> nanos.add(nanos(iteration))));
        forks.computeIfAbsent(name, missing -> new ArrayList<>()).add(nanos);
        Result<?> garbage = run.getSecondaryResults().get(GARBAGE);
        if (garbage != null) {
            garbageBytes.merge(name, garbage.getScore(), Math::max);
        }
    }

    /** A group has a result for each of its methods, and the reader's is what is asked for. */
    private static double nanos(IterationResult iteration) {
        Result<?> read = iteration.getSecondaryResults().get("writtenRead");
        return (read != null ? read : iteration.getPrimaryResult()).getScore();
    }

    /** Nanoseconds an operation: the median of all iterations. */
    public double nanos(String name) {
        return median(all(name));
    }

    /** The lowest and the highest of the forks' medians. */
    public String spread(String name) {
        List<Double> medians =
                forks.get(name).stream().map(Measurements::median).toList();
        return String.format("%.1f-%.1f", Collections.min(medians), Collections.max(medians));
    }

    /** The most bytes that an operation put on the heap in any fork. */
    public double garbageBytes(String name) {
        return garbageBytes.getOrDefault(name, 0.0);
    }

    /** All of it, for programs. */
    public Map<String, Object> toMap() {
        Map<String, Object> all = new LinkedHashMap<>();
        forks.forEach((name, nanos) -> {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("median_nanos", nanos(name));
            one.put("nanos_of_forks", nanos);
            one.put("garbage_bytes", garbageBytes(name));
            all.put(name, one);
        });
        return all;
    }

    private List<Double> all(String name) {
        return forks.get(name).stream().flatMap(List::stream).toList();
    }

    public static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
}
