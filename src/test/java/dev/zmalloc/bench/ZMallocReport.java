package dev.zmalloc.bench;

import dev.zmalloc.bench.SafepointDelays.Delays;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;

/** What the measurements say: tables for people, and figures by name. */
final class ZMallocReport {
    private static final List<String> CALLS = List.of("critical", "ordinary");

    private final Measurements measurements;
    private final Map<String, Double> figures;
    private final PrintStream out;

    /** Adds the figures to {@code figures}. */
    ZMallocReport(Measurements measurements, Map<String, Double> figures, PrintStream out) {
        this.measurements = measurements;
        this.figures = figures;
        this.out = out;
    }

    void print(List<Delays> delays) {
        times();
        ratios();
        debugLevels();
        delays(delays);
    }

    private void times() {
        out.printf("%n%-34s %8s %14s %14s%n", "ns for malloc and free", "median", "of forks", "heap bytes");
        for (Case each : Case.all()) {
            String name = each.name();
            out.printf(
                    "%-34s %8.1f %14s %14.1f%n",
                    name, measurements.nanos(name), measurements.spread(name), measurements.garbageBytes(name));
            figures.put("zmalloc." + name + ".ns", measurements.nanos(name));
        }
    }

    private void ratios() {
        out.printf("%n%-58s %8s %8s %8s%n", "ratio", "pair", "churn", "at most");
        ratio("sized free, critical calls, to Redis' way in C", "sized.critical", "c.redis", 0.85);
        ratio("sized free, critical calls, to the best C", "sized.critical", "c.best", 1.35);
        ratio("sized free, ordinary calls, to Redis' way in C", "sized.ordinary", "c.redis", 1.1);
        ratio("plain free, critical calls, to Redis' way in C", "plain.critical", "c.redis", 1.2);
        ratio("plain free, ordinary calls, to Redis' way in C", "plain.ordinary", "c.redis", Double.NaN);
        for (String calls : CALLS) {
            ratio("segments to addresses, sized free, " + calls, "segment_sized." + calls, "sized." + calls, 1.3);
            ratio("segments to addresses, plain free, " + calls, "segment_plain." + calls, "plain." + calls, 1.3);
            double made =
                    measurements.nanos("churn.segments_made." + calls) / measurements.nanos("churn.sized." + calls);
            line("segments made of kept addresses, sized free, " + calls, Double.NaN, made, 1.3);
            figures.put("zmalloc.churn.segments_made." + calls + ".to_addresses", made);
        }
        out.printf("%n%-58s %8s %8s %8s%n", "two threads together to one", "pair", "churn", "at least");
        for (String calls : CALLS) {
            double[] gains = Case.SHAPES.stream()
                    .mapToDouble(shape -> 2
                            * measurements.nanos(shape + ".sized." + calls)
                            / measurements.nanos(shape + ".sized." + calls + ".2_threads"))
                    .toArray();
            line("sized free, " + calls, gains[0], gains[1], 1.8);
            figures.put("zmalloc.pair.2_threads_to_1." + calls, gains[0]);
            figures.put("zmalloc.churn.2_threads_to_1." + calls, gains[1]);
        }
    }

    private void ratio(String what, String name, String rival, double most) {
        double[] ratios = Case.SHAPES.stream()
                .mapToDouble(shape -> measurements.nanos(shape + "." + name) / measurements.nanos(shape + "." + rival))
                .toArray();
        line(what, ratios[0], ratios[1], most);
        for (int index = 0; index < ratios.length; index++) {
            figures.put("zmalloc." + Case.SHAPES.get(index) + "." + name + ".to_" + rival, ratios[index]);
        }
    }

    private void line(String what, double pair, double churn, double bound) {
        out.printf("%-58s %8s %8s %8s%n", what, number(pair), number(churn), number(bound));
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "" : String.format("%.2f", value);
    }

    private void debugLevels() {
        out.printf("%n%-58s %8s %8s%n", "sized free, ordinary, debug level to none", "pair", "churn");
        for (String level : Case.LEVELS) {
            ratio(level, "sized.debug_" + level, "sized.ordinary", Double.NaN);
        }
    }

    private void delays(List<Delays> delays) {
        out.printf("%n%-34s %8s %8s %8s %8s%n", "us until all threads stop", "calls", "median", "99 %", "worst");
        for (Delays each : delays) {
            out.printf(
                    "%-34s %8s %8.1f %8.1f %8.1f%n",
                    each.workload(), each.calls(), each.micros(0.5), each.micros(0.99), each.micros(1));
            figures.put("zmalloc.safepoint." + each.workload() + "." + each.calls() + ".worst_us", each.micros(1));
        }
    }
}
