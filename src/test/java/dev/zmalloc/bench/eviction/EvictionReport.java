package dev.zmalloc.bench.eviction;

import dev.zmalloc.bench.eviction.EvictionRun.Part;
import java.io.PrintStream;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** What the measurements say: tables for people, and figures by name. */
final class EvictionReport {
    private static final double MILLION = 1e6;
    private static final double MICRO = 1e3;
    private static final double MILLI = 1e6;
    private static final double MEBIBYTE = 1 << 20;
    private static final String TAIL = ".p99.99";

    private final EvictionRun run;
    private final Findings findings;
    private final Map<String, Double> figures;
    private final PrintStream out;

    /** Adds the figures to {@code figures}. */
    EvictionReport(EvictionRun run, Map<String, Double> figures, PrintStream out) {
        this.run = run;
        findings = run.findings();
        this.figures = figures;
        this.out = out;
    }

    void print() {
        if (run.has(Part.CHURN)) {
            EvictionRun.THREADS.forEach(this::churn);
        }
        if (run.has(Part.COST)) {
            cost();
        }
        if (run.has(Part.PUT)) {
            out.printf("%nA put of a new key into a million entries, ns at most%n");
            percentiles(
                    List.of("put.far", "put.full", "put.idle"), List.of("far from the limit", "at it", "idle loop"));
            ratio("at the limit to far from it, 99.99 %", "put.full_to_far" + TAIL, putRatio(), "<= 5");
        }
        if (run.has(Part.LOWERING)) {
            lowering();
        }
        if (run.has(Part.LIMIT)) {
            limit();
        }
        if (run.has(Part.LISTENER)) {
            listener();
        }
    }

    private void churn(int threads) {
        out.printf(
                "%nGet, and put on a miss; %.0f MiB, keys and values of four times that, %d thread%s%n",
                run.churnBytes() / MEBIBYTE, threads, threads == 1 ? "" : "s");
        out.printf("  %-30s %7s %11s %8s %10s %13s%n", "", "M/s", "of JVMs", "hits", "entries", "MiB resident");
        for (Contender each : run.contenders()) {
            String name = EvictionRun.churn(each, threads);
            double rate = findings.median(name + ".rate");
            double hits = findings.median(name + ".hit_ratio");
            double resident = findings.median(name + ".resident_bytes");
            out.printf(
                    "  %-30s %7.2f %11s %6.2f %% %,10.0f %13.0f%n",
                    (each.policy() == null ? "" : "ZMalloc, ") + each.title(),
                    rate / MILLION,
                    findings.spread(name + ".rate", MILLION),
                    100 * hits,
                    findings.median(name + ".entries"),
                    resident / MEBIBYTE);
            figures.put("eviction." + name + ".millions", rate / MILLION);
            figures.put("eviction." + name + ".hit_ratio", hits);
            figures.put("eviction." + name + ".resident_mib", resident / MEBIBYTE);
        }
        Contender best = List.of(Contender.OHC, Contender.CAFFEINE).stream()
                .max(Comparator.comparingDouble(each -> rate(each, threads)))
                .orElseThrow();
        String own = EvictionRun.churn(Contender.ALLKEYS_LRU, threads);
        String words = "rate to the better of OHC and Caffeine, " + best.title();
        ratio(words, own + ".to_best", rate(Contender.ALLKEYS_LRU, threads) / rate(best, threads), ">= 1.5");
        double lead = hits(Contender.ALLKEYS_LRU, threads)
                - Math.max(hits(Contender.OHC, threads), hits(Contender.CAFFEINE, threads));
        ratio("hit ratio beyond the higher of the two, points", own + ".lead_points", 100 * lead, ">= 0");
    }

    private double rate(Contender contender, int threads) {
        return findings.median(EvictionRun.churn(contender, threads) + ".rate");
    }

    private double hits(Contender contender, int threads) {
        return findings.median(EvictionRun.churn(contender, threads) + ".hit_ratio");
    }

    private void cost() {
        out.printf("%nTo evict one of a million entries, ns%n");
        double whole = findings.median("cost.nanos");
        double sampling = findings.median("cost.sampling_nanos");
        double choosing = findings.median("cost.choosing_nanos");
        double freeing = findings.median("cost.freeing_nanos");
        ratio("sampling five", "cost.sampling_nanos", sampling, "");
        ratio("pool of candidates", "cost.pool_nanos", choosing - sampling, "");
        ratio("unlinking, and waiting for readers", "cost.unlinking_nanos", whole - choosing - freeing, "");
        ratio("freeing", "cost.freeing_nanos", freeing, "");
        ratio("all of it", "cost.nanos", whole, "<= 300");
    }

    private void percentiles(List<String> names, List<String> words) {
        out.printf("  %-30s", "");
        for (double percentile : Findings.PERCENTILES) {
            out.printf(" %11s", percentile == 100 ? "worst" : percentile + " %");
        }
        out.printf(" %11s%n", "mean");
        for (int index = 0; index < names.size(); index++) {
            String name = names.get(index);
            out.printf("  %-30s", words.get(index));
            findings.percentiles(name).values().forEach(nanos -> out.printf(" %,11.0f", nanos));
            out.printf(" %,11.0f%n", findings.median(name + ".mean"));
            figures.put("eviction." + name + TAIL + "_us", findings.median(name + TAIL) / MICRO);
        }
    }

    private double putRatio() {
        return findings.median("put.full" + TAIL) / findings.median("put.far" + TAIL);
    }

    private void lowering() {
        double evictions = findings.median("lowering.evictions");
        double millis = findings.median("lowering.millis");
        out.printf(
                "%nLowering the limit of %,d entries by half: %,.0f evicted in %.1f s; another thread's operations, ns"
                        + " at most%n",
                run.lowered(), evictions, millis / MICRO);
        percentiles(
                List.of("lowering.calm_get", "lowering.get", "lowering.calm_put", "lowering.put"),
                List.of("get, before", "get, meanwhile", "put, before", "put, meanwhile"));
        for (String operation : List.of("get", "put")) {
            String name = "lowering." + operation + TAIL;
            ratio(operation + " meanwhile, 99.99 %, ms", name + "_ms", findings.median(name) / MILLI, "<= 1");
        }
        figures.put("eviction.lowering.evictions_per_second", evictions / millis * MICRO);
    }

    private void limit() {
        out.printf("%nMost bytes ever live, to the limit%n");
        double highest = 0;
        for (Contender each : Contender.values()) {
            if (each.policy() != null) {
                String name = "limit." + each.id();
                double before = findings.highest(name + ".highest_to_limit");
                double lowered = findings.highest(name + ".highest_to_lowered_limit");
                out.printf("  %-42s %9.6f, lowered by half %9.6f%n", each.title(), before, lowered);
                highest = Math.max(highest, Math.max(before, lowered));
            }
        }
        ratio("highest", "limit.highest_to_limit", highest, "<= 1");
    }

    private void listener() {
        out.printf("%nWith a listener that adds up sizes, time to that without%n");
        for (String operation : List.of("overwrite", "churn")) {
            double without = findings.median("listener.false." + operation + "_nanos");
            double with = findings.median("listener.true." + operation + "_nanos");
            String words = operation.equals("churn") ? "get, and put on a miss, at the limit" : operation;
            ratio(words, "listener." + operation + "_to_without", with / without, "");
        }
    }

    private void ratio(String words, String name, double value, String goal) {
        out.printf("  %-58s %9.2f %10s%n", words, value, goal);
        figures.put("eviction." + name, value);
    }
}
