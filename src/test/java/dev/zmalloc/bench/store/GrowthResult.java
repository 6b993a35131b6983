package dev.zmalloc.bench.store;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What one run of {@link Growth} found.
 *
 * @param percentiles nanoseconds, by loop and share
 * @param events all longer than a millisecond
 */
record GrowthResult(double seconds, Map<String, Map<Double, Long>> percentiles, List<Event> events) {
    /** The end of a safepoint, by {@code System.nanoTime}, why there was one, and how long it took in all. */
    private static final Pattern SAFEPOINT =
            Pattern.compile("\\[(\\d+)ns\\].*Safepoint \"([^\"]+)\".*Total: *(\\d+) ns");

    /** A lap of a loop that took long, and why. */
    record Event(String loop, long nanos, String cause) {}

    private record Stop(long begin, long end, String why) {}

    /**
     * Reads what a run has printed.
     *
     * @param log the JVM's log of safepoints
     */
    static GrowthResult parse(String output, String log) {
        List<Stop> stops = new ArrayList<>();
        Matcher safepoint = SAFEPOINT.matcher(log);
        while (safepoint.find()) {
            long end = Long.parseLong(safepoint.group(1));
            stops.add(new Stop(end - Long.parseLong(safepoint.group(3)), end, safepoint.group(2)));
        }
        double seconds = 0;
        Map<String, Map<Double, Long>> percentiles = new LinkedHashMap<>();
        List<Event> events = new ArrayList<>();
        for (String line : output.lines().toList()) {
            String[] fields = line.split(" ");
            switch (fields[0]) {
                case "seconds" -> seconds = Double.parseDouble(fields[1]);
                case "percentile" ->
                    percentiles
                            .computeIfAbsent(fields[1], missing -> new TreeMap<>())
                            .put(Double.valueOf(fields[2]), Long.valueOf(fields[3]));
                case "event" -> {
                    long begin = Long.parseLong(fields[2]);
                    long nanos = Long.parseLong(fields[3]);
                    events.add(new Event(
                            fields[1],
                            nanos,
                            cause(begin, nanos, Long.parseLong(fields[4]), Long.parseLong(fields[5]), stops)));
                }
                default -> {}
            }
        }
        return new GrowthResult(seconds, percentiles, events);
    }

    /**
     * What took at least half of the time. A thread that ran has worked, or so it seems to the kernel: it cannot tell
     * when the machine below has stopped it.
     */
    private static String cause(long begin, long nanos, long ranNanos, long waitedNanos, List<Stop> stops) {
        for (Stop stop : stops) {
            long both = Math.min(begin + nanos, stop.end()) - Math.max(begin, stop.begin());
            if (2 * both >= nanos) {
                return "safepoint " + stop.why();
            }
        }
        if (2 * waitedNanos >= nanos) {
            return "waited for a processor";
        }
        return 2 * ranNanos >= nanos ? "ran" : "slept";
    }

    long nanos(String loop, double percentile) {
        return percentiles.get(loop).get(percentile);
    }

    long longEvents(String loop) {
        return events.stream().filter(event -> event.loop().equals(loop)).count();
    }

    /** How many there were, by cause. */
    Map<String, Long> causes(String loop) {
        Map<String, Long> causes = new TreeMap<>();
        events.stream()
                .filter(event -> event.loop().equals(loop))
                .forEach(event -> causes.merge(event.cause(), 1L, Long::sum));
        return causes;
    }

    Map<String, Object> toMap() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("seconds", seconds);
        for (String loop : List.of(Growth.PUT, Growth.IDLE)) {
            Map<String, Object> nanos = new LinkedHashMap<>();
            percentiles.get(loop).forEach((percentile, value) -> nanos.put("p" + percentile, value));
            all.put(loop + "_nanos", nanos);
            all.put(loop + "_over_1ms_by_cause", causes(loop));
        }
        all.put(
                "events",
                events.stream()
                        .map(event -> Map.of("loop", event.loop(), "nanos", event.nanos(), "cause", event.cause()))
                        .toList());
        return all;
    }
}
