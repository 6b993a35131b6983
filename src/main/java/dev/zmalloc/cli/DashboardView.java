package dev.zmalloc.cli;

import dev.zmalloc.MemorySize;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Turns a {@link Progress} into text. Pure functions; {@link Dashboard} does the output. */
final class DashboardView {
    /** The most lines that {@link #lines} returns. */
    static final int MAX_LINES = 7;

    private static final int MAX_BAR_WIDTH = 42;
    private static final int MIN_BAR_WIDTH = 12;
    private static final String LABELS = "%-10s";
    private static final String PROBLEM = "PROBLEM";
    private static final String CYAN = "\u001b[36m";
    private static final String RED = "\u001b[1;31m";
    private static final String PLAIN = "\u001b[0m";
    private static final Pattern BAR = Pattern.compile("\\[[#-]+]");

    private DashboardView() {}

    /** Returns the lines of a screen, none of them longer than {@code columns}. */
    static List<String> lines(Progress now, int columns) {
        List<String> lines = new ArrayList<>();
        lines.add(barLine("used", now.maxMemory() == 0 ? -1 : now.usedFraction(), used(now), columns));
        lines.add(line(
                "cache",
                "hits " + hitRatio(now) + "   evictions " + Format.perSecond(now.evictionsPerSecond())
                        + "   rejections " + Format.count(now.counts().rejections()),
                columns));
        lines.add(line(
                "allocator",
                "allocated " + Format.bytes(now.allocatedBytes()) + "   resident "
                        + Format.bytes(now.allocatorResidentBytes()),
                columns));
        lines.add(line("process", "resident " + Format.bytes(now.processResidentBytes()), columns));
        lines.add(line(
                "rate",
                Format.count(Math.round(now.readsPerSecond())) + " reads/s   "
                        + MemorySize.format((long) now.bytesPerSecond()) + "/s   "
                        + MemorySize.format(now.counts().comparedBytes())
                        + " compared",
                columns));
        lines.add(barLine("progress", now.doneFraction(), percentDone(now) + "   " + timeLeft(now), columns));
        String problem = problem(now);
        if (!problem.isEmpty()) {
            lines.add(line(PROBLEM, problem, columns));
        }
        return lines;
    }

    /** Returns everything in one line, for output that is not a terminal. */
    static String plainLine(Progress now) {
        String problem = problem(now);
        return String.join(
                        "  ",
                        List.of(
                                String.format("%8s", Format.duration(now.elapsedNanos())),
                                percentDone(now),
                                "used " + used(now),
                                "hits " + hitRatio(now),
                                "evictions " + Format.perSecond(now.evictionsPerSecond()),
                                "allocator " + Format.bytes(now.allocatedBytes()) + " (resident "
                                        + Format.bytes(now.allocatorResidentBytes()) + ")",
                                "process " + Format.bytes(now.processResidentBytes()),
                                Format.count(Math.round(now.readsPerSecond())) + " reads/s",
                                timeLeft(now)))
                + (problem.isEmpty() ? "" : "  " + PROBLEM + " " + problem);
    }

    /** Returns {@code line} with its bar coloured, or all of it if it tells of a problem. */
    static String coloured(String line) {
        return line.startsWith(PROBLEM) ? RED + line + PLAIN : BAR.matcher(line).replaceFirst(CYAN + "$0" + PLAIN);
    }

    private static String used(Progress now) {
        String used = MemorySize.format(now.usedMemory());
        return now.maxMemory() == 0
                ? used + ", no limit"
                : used + " of " + MemorySize.format(now.maxMemory()) + ", highest "
                        + Format.percent(now.highestUsedMemory(), now.maxMemory());
    }

    private static String hitRatio(Progress now) {
        return Format.percent(now.counts().hits(), now.counts().reads());
    }

    private static String percentDone(Progress now) {
        return Format.percent(now.counts().reads(), now.plannedReads());
    }

    private static String timeLeft(Progress now) {
        var remaining = now.remainingNanos();
        return remaining.isPresent() ? Format.duration(remaining.getAsLong()) + " left" : "time left not known yet";
    }

    private static String problem(Progress now) {
        if (now.counts().differingBytes() > 0) {
            return Format.count(now.counts().differingBytes()) + " bytes differ from their source";
        }
        return now.limitPassed() ? "used memory passed its limit: " + MemorySize.format(now.highestUsedMemory()) : "";
    }

    /** The bar takes the width that the text leaves; where that is too little, there is none. */
    static String barLine(String label, double fraction, String text, int columns) {
        int room = columns - String.format(LABELS, label).length() - text.length() - 1;
        if (fraction < 0 || room < MIN_BAR_WIDTH) {
            return line(label, text, columns);
        }
        return line(label, Format.bar(fraction, Math.min(room, MAX_BAR_WIDTH)) + " " + text, columns);
    }

    /** A label and a text, cut to {@code columns}. */
    static String line(String label, String text, int columns) {
        String line = String.format(LABELS, label) + text;
        return line.length() <= columns ? line : line.substring(0, columns);
    }
}
