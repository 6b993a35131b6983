package dev.zmalloc.cli;

import dev.zmalloc.MemorySize;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code top}: the figures of another process, live. */
@Command(
        name = "top",
        description = {
            "Shows the native memory of another JVM and its stores while they change: on a terminal as lines that are"
                    + " drawn over, otherwise as a line every five seconds. The JVM has to have called"
                    + " ZMallocManagement.register().",
            "It ends with the process, or by Ctrl-C."
        })
final class TopCommand implements Callable<Integer> {
    private static final int WAIT_MILLIS = 50;
    private static final int BAR_COLUMNS = 22;

    private final RunCommand.Environment environment;

    @Parameters(paramLabel = "PID", description = "Process id of the JVM, of the same user.")
    long pid;

    @Option(
            names = "--count",
            paramLabel = "N",
            defaultValue = "0",
            description = "End after so many looks; 0 is never (default: ${DEFAULT-VALUE}).")
    long count;

    TopCommand(RunCommand.Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws InterruptedException {
        StopSignal stop = environment.stop();
        stop.install();
        int exitCode = ExitCode.ENVIRONMENT;
        try {
            exitCode = watch(stop);
        } catch (IOException e) {
            environment.err().println(Main.NAME + ": " + e.getMessage());
        } finally {
            stop.finished(exitCode);
        }
        return exitCode;
    }

    private int watch(StopSignal stop) throws IOException, InterruptedException {
        Dashboard dashboard = new Dashboard(environment.out(), environment.terminal());
        try (WatchedJvm jvm = WatchedJvm.of(pid)) {
            for (long look = 1; !stop.isRaised(); look++) {
                MemoryReport report;
                try {
                    report = jvm.report();
                } catch (IOException e) {
                    if (isThere()) {
                        throw e;
                    }
                    environment.out().println("process " + pid + " has ended");
                    return ExitCode.OK;
                }
                dashboard.show(() -> plainLine(report), columns -> lines(report, columns));
                // Whoever reads it may have had enough: top | head.
                if (look == count || environment.out().checkError()) {
                    return ExitCode.OK;
                }
                long end = System.nanoTime() + dashboard.intervalNanos();
                while (!stop.isRaised() && isThere() && System.nanoTime() < end) {
                    TimeUnit.MILLISECONDS.sleep(WAIT_MILLIS);
                }
            }
        }
        return ExitCode.INTERRUPTED;
    }

    private boolean isThere() {
        return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }

    private static String plainLine(MemoryReport report) {
        StringBuilder line = new StringBuilder(report.allocator())
                .append(", used ")
                .append(size(report.process(), "UsedMemory"))
                .append(", peak ")
                .append(size(report.process(), "PeakMemory"))
                .append(", process ")
                .append(size(report.process(), "ProcessResidentBytes"));
        report.stores()
                .forEach((name, store) -> line.append("; ")
                        .append(name)
                        .append(' ')
                        .append(MemoryReport.count(store, "Entries"))
                        .append(" entries, ")
                        .append(size(store, "UsedMemory")));
        return line.toString();
    }

    private static List<String> lines(MemoryReport report, int columns) {
        Map<String, Object> process = report.process();
        List<String> lines = new ArrayList<>();
        lines.add("allocator " + report.allocator() + ", " + process.get("Allocations") + " blocks taken");
        lines.add("used      " + size(process, "UsedMemory") + ", peak " + size(process, "PeakMemory"));
        lines.add("held      resident " + size(process, "ResidentBytes") + ", process "
                + size(process, "ProcessResidentBytes"));
        report.stores().forEach((name, store) -> {
            if (lines.size() < DashboardView.MAX_LINES) {
                lines.add(store(name, store));
            }
        });
        return lines.stream()
                .map(line -> line.length() > columns ? line.substring(0, columns) : line)
                .toList();
    }

    private static String store(String name, Map<String, Object> store) {
        long used = MemoryReport.count(store, "UsedMemory");
        long max = MemoryReport.count(store, "MaxMemory");
        String limit =
                max == 0 ? "" : " " + Format.bar((double) used / max, BAR_COLUMNS) + " of " + MemorySize.format(max);
        return name + " " + MemorySize.format(used) + limit + ", " + Format.count(MemoryReport.count(store, "Entries"))
                + " entries, hits " + Format.ratio(MemoryReport.number(store, "HitRatio")) + ", evicted "
                + Format.count(MemoryReport.count(store, "Evictions"));
    }

    private static String size(Map<String, Object> attributes, String name) {
        return attributes.get(name) instanceof Long bytes ? MemorySize.format(bytes) : Format.NOT_TOLD;
    }
}
