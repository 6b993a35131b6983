package dev.zmalloc.cli;

import dev.zmalloc.MemorySize;
import dev.zmalloc.allocator.AllocatorFigures;
import dev.zmalloc.store.StoreStatistics;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * How a run ended: its figures, as they were before the store was closed, and the verdict on them.
 *
 * @param highestUsedMemory the highest sample of the store's used memory, in bytes
 * @param maxMemory the store's limit in bytes; 0 for none
 * @param unreturnedBytes by how much the process' used memory was higher after the store was closed than before it was
 *     made
 * @param firstDifference one line about the first difference found, or null
 * @param failure why a worker gave up, or null
 */
record RunReport(
        long plannedReads,
        long elapsedNanos,
        Workload.Counts counts,
        StoreStatistics statistics,
        long highestUsedMemory,
        long maxMemory,
        AllocatorFigures allocatorFigures,
        OptionalLong processResidentBytes,
        long unreturnedBytes,
        boolean interrupted,
        @Nullable String firstDifference,
        Workload.@Nullable Failure failure) {

    private static final double NANOS_PER_SECOND = 1e9;

    /** Returns the exit code that this run deserves. A failed verification goes before all else. */
    int exitCode() {
        if (!problems().isEmpty()) {
            return ExitCode.VERIFICATION_FAILED;
        }
        if (failure != null) {
            return ExitCode.ENVIRONMENT;
        }
        return interrupted ? ExitCode.INTERRUPTED : ExitCode.OK;
    }

    /** Returns what did not hold, a line each; empty if the verification passed. */
    List<String> problems() {
        List<String> problems = new ArrayList<>();
        if (counts.differingBytes() > 0) {
            problems.add(Format.count(counts.differingBytes()) + " bytes differ from their source; first: "
                    + firstDifference);
        }
        if (maxMemory > 0 && highestUsedMemory > maxMemory) {
            problems.add("used memory reached " + Format.count(highestUsedMemory) + " bytes, the limit is "
                    + Format.count(maxMemory));
        }
        if (unreturnedBytes != 0) {
            problems.add("used memory is " + Format.count(unreturnedBytes)
                    + " bytes off what it was before, after the store was closed");
        }
        return problems;
    }

    /** Returns the summary, one line of text each. */
    List<String> lines() {
        double seconds = elapsedNanos / NANOS_PER_SECOND;
        List<String> lines = new ArrayList<>();
        lines.add(line(
                "reads",
                Format.count(counts.reads()) + " of " + Format.count(plannedReads) + " in "
                        + Format.duration(elapsedNanos) + ", "
                        + Format.perSecond(seconds == 0 ? 0 : counts.reads() / seconds)
                        + ", " + MemorySize.format(counts.servedBytes()) + " served"));
        lines.add(line(
                "hit ratio",
                Format.percent(counts.hits(), counts.reads()) + " of reads, "
                        + Format.percent(counts.hitBytes(), counts.servedBytes()) + " of bytes"));
        lines.add(line(
                "entries",
                Format.count(statistics.entries()) + " at the end, " + Format.count(statistics.evictions())
                        + " evicted, " + Format.count(counts.rejections()) + " rejected"));
        lines.add(line("used memory", usedMemory()));
        lines.add(line(
                "allocator",
                "allocated " + Format.bytes(allocatorFigures.allocatedBytes()) + ", resident "
                        + Format.bytes(allocatorFigures.residentBytes())));
        lines.add(line("process", "resident " + Format.bytes(processResidentBytes)));
        lines.add(line(
                "compared",
                Format.count(counts.comparedBytes()) + " bytes, " + Format.count(counts.differingBytes()) + " differ"));
        lines.add(line("result", verdict()));
        return lines;
    }

    private String usedMemory() {
        return "highest " + Format.count(highestUsedMemory)
                + (maxMemory == 0
                        ? " bytes, no limit"
                        : " of " + Format.count(maxMemory) + " bytes (" + Format.percent(highestUsedMemory, maxMemory)
                                + ")")
                + ", at the end " + Format.count(statistics.usedMemory());
    }

    private String verdict() {
        if (!problems().isEmpty()) {
            return "FAILED: " + String.join("; ", problems());
        }
        if (failure != null) {
            return "NOT FINISHED: " + failure.message();
        }
        return interrupted ? "INTERRUPTED, OK so far" : "OK";
    }

    private static String line(String label, String text) {
        return String.format("%-12s", label) + text;
    }
}
