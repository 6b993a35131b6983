package dev.zmalloc.bench.store;

import dev.zmalloc.bench.Measurements;
import dev.zmalloc.bench.store.EntryBytes.Point;
import dev.zmalloc.bench.store.EntryBytes.Points;
import dev.zmalloc.bench.store.StoreRun.Part;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;

/** What the measurements say: tables for people, and figures by name. */
final class StoreReport {
    private static final double NANOS_PER_MICRO = 1e3;
    private static final double MEBIBYTE = 1 << 20;

    private final StoreRun run;
    private final Map<String, Double> figures;
    private final PrintStream out;

    /** Adds the figures to {@code figures}. */
    StoreReport(StoreRun run, Map<String, Double> figures, PrintStream out) {
        this.run = run;
        this.figures = figures;
        this.out = out;
    }

    void print() {
        if (run.has(Part.SCALING)) {
            scaling();
        }
        if (run.has(Part.VALUES)) {
            values();
        }
        if (run.has(Part.TYPED)) {
            typed();
        }
        run.entryBytes().ifPresent(this::entryBytes);
        if (run.has(Part.GROWTH)) {
            growth();
        }
        if (run.has(Part.SIZE)) {
            size();
        }
    }

    private void head(String what) {
        out.printf("%n%-50s %9s %9s %15s%n", what, "Mops/s", "ns", "of forks");
    }

    private void time(String words, String name, int threads) {
        Measurements measurements = run.measurements();
        double nanos = measurements.nanos(name);
        out.printf("  %-48s %9.2f %9.1f %15s%n", words, 1e3 * threads / nanos, nanos, measurements.spread(name));
        figures.put("store." + name + ".ns", nanos);
    }

    private void ratio(String words, String name, double ratio, String goal) {
        out.printf("  %-58s %9.2f %15s%n", words, ratio, goal);
        figures.put("store." + name, ratio);
    }

    private void scaling() {
        head("Reading 100 bytes of a million entries");
        for (int threads : List.of(1, 2)) {
            String words = threads == 1 ? ", 1 thread" : ", " + threads + " threads";
            time("Zipf order" + words, StoreRun.scaling("read", threads), threads);
            time("the same key each time" + words, StoreRun.scaling("hotKey", threads), threads);
        }
        for (String method : StoreRun.SCALING) {
            double gain = 2
                    * run.measurements().nanos(StoreRun.scaling(method, 1))
                    / run.measurements().nanos(StoreRun.scaling(method, 2));
            ratio(
                    (method.equals("read") ? "Zipf order" : "the same key") + ", 2 threads to 1",
                    StoreRun.words(method) + ".2_threads_to_1",
                    gain,
                    ">= 1.9");
        }
    }

    private void values() {
        head("Values of 4 KiB");
        time("copied out, 64 bytes used", StoreRun.value("copyPart"), 1);
        time("read in place, 64 bytes used", StoreRun.value("readPart"), 1);
        time("copied out, all summed up", StoreRun.value("copyWhole"), 1);
        time("read in place, all summed up", StoreRun.value("readWhole"), 1);
        Measurements measurements = run.measurements();
        ratio(
                "in place to copied, 64 bytes",
                "values.read_part_to_copy",
                measurements.nanos(StoreRun.value("copyPart")) / measurements.nanos(StoreRun.value("readPart")),
                ">= 2");
        ratio(
                "in place to copied, all",
                "values.read_whole_to_copy",
                measurements.nanos(StoreRun.value("copyWhole")) / measurements.nanos(StoreRun.value("readWhole")),
                "");
    }

    private void typed() {
        head("Strings of 16 and 100 chars, Zipf order");
        time("read, bytes of the store", StoreRun.typed("readRaw"), 1);
        time("read, strings of the cache", StoreRun.typed("readTyped"), 1);
        time("read, strings that expire after their last use", StoreRun.typed("readExpiring"), 1);
        time("overwrite, bytes of the store", StoreRun.typed("putRaw"), 1);
        time("overwrite, strings of the cache", StoreRun.typed("putTyped"), 1);
        for (String method : List.of("read", "put")) {
            ratio(
                    method + ", cache to store",
                    "typed." + method + "_to_raw",
                    run.measurements().nanos(StoreRun.typed(method + "Raw"))
                            / run.measurements().nanos(StoreRun.typed(method + "Typed")),
                    ">= 0.7");
        }
    }

    private void entryBytes(Points points) {
        out.printf(
                "%nUsed memory of an entry beyond key and value: keys of 8 and 16 bytes, both together of %d to %d%n",
                EntryBytes.LEAST_PAYLOAD, EntryBytes.MOST_PAYLOAD);
        double highest = 0;
        for (int count : EntryBytes.COUNTS) {
            double mean = points.meanOfCount(count);
            highest = Math.max(highest, mean);
            out.printf("  %,-58d %9.2f%n", count, mean);
            figures.put("store.entry_bytes." + count, mean);
        }
        ratio("mean of all", "entry_bytes.mean", points.mean(point -> true), "<= 24");
        ratio("highest of these means", "entry_bytes.highest_mean", highest, "<= 28");
        Point worst = points.worst();
        ratio(
                String.format(
                        "worst: key of %d and value of %d bytes, %,d entries",
                        worst.keyBytes(), worst.payload() - worst.keyBytes(), worst.count()),
                "entry_bytes.worst",
                worst.bytes(),
                "");
    }

    private void growth() {
        out.printf("%nPutting while growing from empty to %,d entries, and an idle loop beside it%n", run.grown());
        out.printf("  %-30s", "us, at most");
        for (double percentile : Growth.PERCENTILES) {
            out.printf(" %9s", percentile == 100 ? "worst" : percentile + " %");
        }
        out.printf(" %7s%n", "> 1 ms");
        for (GrowthResult growth : run.growths()) {
            for (String loop : List.of(Growth.PUT, Growth.IDLE)) {
                out.printf("  %-30s", loop.equals(Growth.PUT) ? "put" : "idle loop");
                for (double percentile : Growth.PERCENTILES) {
                    out.printf(" %9.2f", growth.nanos(loop, percentile) / NANOS_PER_MICRO);
                }
                out.printf(" %7d%n", growth.longEvents(loop));
                growth.causes(loop).forEach((cause, count) -> out.printf("      %d x %s%n", count, cause));
            }
        }
        double worst = median(growth -> growth.nanos(Growth.PUT, 99.9999) / NANOS_PER_MICRO);
        double put = median(growth -> growth.longEvents(Growth.PUT));
        double idle = median(growth -> growth.longEvents(Growth.IDLE));
        ratio("put, 99.9999th percentile, us", "growth.put.p99.9999_us", worst, "<= 1000");
        ratio("puts over 1 ms", "growth.put.over_1ms", put, String.format("<= %.0f", idle));
        ratio("laps of the idle loop over 1 ms", "growth.idle.over_1ms", idle, "");
        ratio("seconds for all puts", "growth.seconds", median(GrowthResult::seconds), "");
    }

    private double median(java.util.function.ToDoubleFunction<GrowthResult> figure) {
        return Measurements.median(
                run.growths().stream().map(figure::applyAsDouble).toList());
    }

    private void size() {
        head("Reading 16 bytes, all keys alike");
        sizeLine(StoreRun.FEW, false);
        sizeLine(StoreRun.FEW, true);
        if (!run.manyFit()) {
            return;
        }
        sizeLine(run.many(), false);
        sizeLine(run.many(), true);
        Measurements measurements = run.measurements();
        double few = measurements.nanos(StoreRun.size(StoreRun.FEW, false));
        double many = measurements.nanos(StoreRun.size(run.many(), false));
        double manyHuge = measurements.nanos(StoreRun.size(run.many(), true));
        String millions = run.many() / 1_000_000 + " million";
        String prefix = StoreRun.size(run.many(), false);
        ratio("time of " + millions + " to 1 million", prefix + ".to_1m", many / few, run.quick() ? "" : "<= 2.5");
        ratio("ns of that which huge pages spare, at " + millions, prefix + ".tlb_ns", many - manyHuge, "");
        ratio(
                "the same with huge pages in both",
                prefix + ".huge_pages.to_1m.huge_pages",
                manyHuge / measurements.nanos(StoreRun.size(StoreRun.FEW, true)),
                "");
    }

    private void sizeLine(int entries, boolean hugePages) {
        String name = StoreRun.size(entries, hugePages);
        time(String.format("%,d entries%s", entries, hugePages ? ", huge pages" : ""), name, 1);
        List<Long> notes = run.notes(name);
        out.printf(
                "      used %.0f MiB, %.1f bytes an entry; resident %.0f MiB, of which in huge pages %.0f%n",
                notes.get(0) / MEBIBYTE,
                (double) notes.get(0) / entries,
                notes.get(1) / MEBIBYTE,
                notes.get(2) / MEBIBYTE);
    }
}
