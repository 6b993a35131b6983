package dev.zmalloc.stress;

import dev.zmalloc.MemorySize;
import dev.zmalloc.store.StoreStatistics;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a stress did, over all its rounds. For one thread. */
final class StressSummary {
    private static final int KINDS_A_LINE = 4;

    private final Map<StoreWorker.Kind, Long> operations = new EnumMap<>(StoreWorker.Kind.class);
    private final Map<StressRound.Shape, Long> highest = new LinkedHashMap<>();
    private final List<Throwable> failures = new ArrayList<>();
    private long refused;
    private long hits;
    private long misses;
    private long evictions;
    private long expirations;
    private int validated;
    private int closedUnderWorkers;

    void add(StressRound.Shape shape, List<StoreWorker> workers, StoreStatistics statistics, long peakBytes) {
        for (StoreWorker worker : workers) {
            for (StoreWorker.Kind kind : StoreWorker.Kind.values()) {
                operations.merge(kind, worker.count(kind), Long::sum);
            }
            refused += worker.refused();
        }
        hits += statistics.hits();
        misses += statistics.misses();
        evictions += statistics.evictions();
        expirations += statistics.expirations();
        highest.merge(shape, peakBytes, Math::max);
    }

    void passed(boolean wasClosedUnderWorkers) {
        if (wasClosedUnderWorkers) {
            closedUnderWorkers++;
        } else {
            validated++;
        }
    }

    void failed(StressRound.Shape shape, Throwable failure) {
        failures.add(new AssertionError("in a store of the shape \"" + shape.name() + "\"", failure));
    }

    boolean hasFailed() {
        return !failures.isEmpty();
    }

    long operations() {
        return operations.values().stream().mapToLong(Long::longValue).sum();
    }

    void print(PrintStream out, double seconds) {
        out.printf(
                Locale.ROOT,
                "operations    %,d in %.1f s, %,.0f/s; %,d of them refused for want of room%n",
                operations(),
                seconds,
                operations() / Math.max(seconds, 1e-3),
                refused);
        StringBuilder line = new StringBuilder();
        int inLine = 0;
        for (Map.Entry<StoreWorker.Kind, Long> entry : operations.entrySet()) {
            String name = entry.getKey().name().toLowerCase(Locale.ROOT).replace('_', ' ');
            line.append(String.format(Locale.ROOT, "  %s %,d", name, entry.getValue()));
            if (++inLine % KINDS_A_LINE == 0) {
                out.println("            " + line);
                line.setLength(0);
            }
        }
        if (!line.isEmpty()) {
            out.println("            " + line);
        }
        out.printf(Locale.ROOT, "reads         %,d hits, %,d misses%n", hits, misses);
        out.printf(Locale.ROOT, "gone          %,d evicted, %,d expired%n", evictions, expirations);
        highest.forEach((shape, bytes) -> out.printf(
                Locale.ROOT,
                "highest used  %s of %s: %s%n",
                MemorySize.format(bytes),
                shape.maxMemory() == 0 ? "no limit" : MemorySize.format(shape.maxMemory()),
                shape.name()));
        out.printf(
                Locale.ROOT,
                "verdict       %s: %d stores walked and found right, %d closed under their threads and found empty%n",
                hasFailed() ? "FAILED" : "passed",
                validated,
                closedUnderWorkers);
        failures.forEach(failure -> failure.printStackTrace(out));
    }
}
