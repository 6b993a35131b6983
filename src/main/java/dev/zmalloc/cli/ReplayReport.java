package dev.zmalloc.cli;

import de.siegmar.fastcsv.writer.CsvWriter;
import dev.zmalloc.MemorySize;
import dev.zmalloc.trace.ReplayResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The results of a replay, as a table for people and as one for programs. */
final class ReplayReport {
    private static final double NANOS_PER_SECOND = 1e9;
    private static final String NOT_TOLD = "-";

    private ReplayReport() {}

    /** A line of headings, then one for each result; a star marks what is no store. */
    static List<String> lines(List<ReplayResult> results) {
        List<String> lines = new ArrayList<>();
        lines.add(row(
                "max memory",
                "policy",
                "hits",
                "byte hits",
                "evictions",
                "rejected",
                "entries",
                "used",
                "time",
                "rate"));
        for (ReplayResult result : results) {
            double seconds = result.nanos() / NANOS_PER_SECOND;
            lines.add(row(
                    Format.count(result.maxMemory()),
                    result.policy() + (result.reference() ? " *" : ""),
                    Format.percent(result.hits(), result.requests()),
                    Format.percent(result.hitBytes(), result.requestedBytes()),
                    count(result.evictions()),
                    count(result.rejections()),
                    count(result.entries()),
                    result.usedMemory() < 0 ? NOT_TOLD : MemorySize.format(result.usedMemory()),
                    Format.duration(result.nanos()),
                    Format.perSecond(seconds == 0 ? 0 : result.requests() / seconds)));
        }
        return lines;
    }

    /** A line about a result that is no result yet. */
    static String stopped(String title, ReplayResult result, long requests) {
        return String.format(
                Locale.ROOT,
                "%-12s%s, after %s of its requests; %s of these had hit",
                "stopped in",
                title,
                Format.percent(result.requests(), requests),
                Format.percent(result.hits(), result.requests()));
    }

    private static String row(Object... cells) {
        return String.format(Locale.ROOT, "%-20s %-16s %10s %10s %12s %10s %10s %12s %8s %14s", cells);
    }

    private static String count(long number) {
        return number < 0 ? NOT_TOLD : Format.count(number);
    }

    /** Writes a file of comma-separated values; what a reference does not tell is empty. */
    static void writeCsv(Path file, String trace, List<ReplayResult> results) throws IOException {
        try (CsvWriter csv = CsvWriter.builder().build(file)) {
            csv.writeRecord(
                    "trace",
                    "max_memory_bytes",
                    "policy",
                    "reference",
                    "requests",
                    "hits",
                    "hit_ratio",
                    "byte_hit_ratio",
                    "evictions",
                    "rejections",
                    "entries",
                    "used_memory_bytes",
                    "seconds");
            for (ReplayResult result : results) {
                csv.writeRecord(
                        trace,
                        Long.toString(result.maxMemory()),
                        result.policy(),
                        Boolean.toString(result.reference()),
                        Long.toString(result.requests()),
                        Long.toString(result.hits()),
                        String.format(Locale.ROOT, "%.5f", result.hitRatio()),
                        String.format(Locale.ROOT, "%.5f", result.byteHitRatio()),
                        cell(result.evictions()),
                        cell(result.rejections()),
                        cell(result.entries()),
                        cell(result.usedMemory()),
                        String.format(Locale.ROOT, "%.3f", result.nanos() / NANOS_PER_SECOND));
            }
        }
    }

    private static String cell(long number) {
        return number < 0 ? "" : Long.toString(number);
    }
}
