package dev.zmalloc.bench.compare;

import dev.zmalloc.bench.compare.Comparison.Entry;
import dev.zmalloc.bench.compare.Comparison.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The comparison as lines of text. */
final class ComparisonTable {
    static final String NOT_OFFERED = "n/o";

    private static final double MEBIBYTE = 1 << 20;
    private static final String ROW = "%-9s %6s %6s %6s %8s  %6s %6s %7s %6s %6s  %5s %5s %7s %5s %6s";
    private static final String HEAD = String.format(
            Locale.ROOT,
            "%-9s %6s %6s %6s %8s  %-35s  %s",
            "",
            "time",
            "CPU",
            "peak",
            "peak",
            "resident growth, MiB, when",
            "fragmentation when");
    private static final String SUBHEAD = String.format(
            Locale.ROOT,
            ROW,
            "",
            "s",
            "s",
            "used",
            "resident",
            "full",
            "worn",
            "settled",
            "freed",
            "purged",
            "full",
            "worn",
            "settled",
            "freed",
            "purged");

    /** How much longer than its processor time a replay takes where something else keeps the processors busy. */
    private static final double BUSY_RATIO = 1.2;

    private ComparisonTable() {}

    /** The tables, and what their columns mean. */
    static List<String> lines(Comparison comparison) {
        List<String> lines = new ArrayList<>();
        for (Workload workload : comparison.workloads()) {
            lines.add(String.format(
                    Locale.ROOT,
                    "%s: %s",
                    workload.kind().title(),
                    workload.kind().words()));
            lines.add(String.format(
                    Locale.ROOT,
                    "%,d operations; at most %.1f MiB requested and live",
                    workload.control().operations(),
                    workload.peakRequestedBytes() / MEBIBYTE));
            lines.add("");
            lines.add(HEAD);
            lines.add(SUBHEAD);
            workload.entries().forEach(entry -> lines.add(row(entry)));
            comparison
                    .absent()
                    .forEach(absent -> lines.add(String.format(
                            Locale.ROOT, "%-9s MISSING, and not compared: %s", absent.name(), absent.why())));
            lines.add(control(workload));
            lines.add("");
        }
        lines.addAll(definitions());
        return lines;
    }

    private static String row(Entry entry) {
        List<Object> cells = new ArrayList<>();
        cells.add(entry.backend().name());
        cells.add(String.format(Locale.ROOT, "%.2f", entry.seconds()));
        cells.add(String.format(Locale.ROOT, "%.2f", entry.processorSeconds()));
        cells.add(mebibytes(entry.peakUsedBytes()));
        cells.add(mebibytes(entry.peakResidentBytes()));
        for (String name : Points.ALL) {
            cells.add(entry.point(name)
                    .map(point -> mebibytes(point.residentBytes()))
                    .orElse(NOT_OFFERED));
        }
        for (String name : Points.ALL) {
            cells.add(entry.point(name)
                    .map(point -> String.format(Locale.ROOT, "%.2f", Comparison.fragmentation(point)))
                    .orElse(NOT_OFFERED));
        }
        return String.format(Locale.ROOT, ROW, cells.toArray());
    }

    private static String control(Workload workload) {
        return String.format(
                Locale.ROOT,
                "%s: %.2f s and %.1f MiB are the replay's own: reading the log, writing to one block in the cache",
                "no allocator",
                workload.control().elapsedNanos() / 1e9,
                workload.control().peakResidentBytes() / MEBIBYTE);
    }

    /** What the figures are, one line each. */
    static List<String> definitions() {
        return List.of(
                "time, CPU      of all operations, and of writing once to every byte that is taken: elapsed, and on the"
                        + " processor",
                "peak used      MiB, the most usable bytes that were live: what was requested, as the allocator rounds"
                        + " it up",
                "peak resident  MiB, the highest of 300 samples of the growth: of the process' resident memory, since"
                        + " before the replay",
                "full, worn     filled for the first time; as full again, after blocks of other sizes have come and"
                        + " gone",
                "settled        the same blocks, after purge() gave unused pages back, as they otherwise decay with"
                        + " time",
                "freed, purged  all but 5 % of the blocks freed at random, from settled where it is offered; the same"
                        + " after purge()",
                "fragmentation  resident growth / used bytes at that moment; 1.00 is memory for the live blocks and"
                        + " nothing else",
                NOT_OFFERED + "            not offered: the backend has no purge(). All figures are medians over the"
                        + " processes");
    }

    /** Tells where elapsed times are not the allocators' own; empty where they are. */
    static Optional<String> warning(Comparison comparison) {
        double worst = comparison.workloads().stream()
                .flatMap(workload -> workload.entries().stream())
                .mapToDouble(entry -> entry.seconds() / entry.processorSeconds())
                .max()
                .orElse(1);
        return worst < BUSY_RATIO
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "This machine was busy with other work: replays took up to %.1f times their processor time."
                                + " Compare CPU, not time.",
                        worst));
    }

    /** The headline figures, for programs; the JSON has all. */
    static List<String> figures(Comparison comparison) {
        List<String> lines = new ArrayList<>();
        for (Workload workload : comparison.workloads()) {
            for (Entry entry : workload.entries()) {
                String prefix = "figure: compare." + workload.kind() + "."
                        + entry.backend().name() + ".";
                lines.add(prefix + String.format(Locale.ROOT, "seconds = %.3f", entry.seconds()));
                lines.add(prefix + String.format(Locale.ROOT, "processor_seconds = %.3f", entry.processorSeconds()));
                lines.add(prefix + "resident_mib = " + mebibytes(entry.peakResidentBytes()));
                entry.point(Points.WORN)
                        .ifPresent(point -> lines.add(prefix
                                + String.format(
                                        Locale.ROOT,
                                        "worn_fragmentation_ratio = %.3f",
                                        Comparison.fragmentation(point))));
                entry.point(Points.PURGED)
                        .ifPresent(point ->
                                lines.add(prefix + "purged_resident_mib = " + mebibytes(point.residentBytes())));
            }
        }
        return lines;
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f", bytes / MEBIBYTE);
    }
}
