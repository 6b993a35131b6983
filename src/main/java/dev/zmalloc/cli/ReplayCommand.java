package dev.zmalloc.cli;

import dev.zmalloc.MemorySize;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;
import dev.zmalloc.trace.Reference;
import dev.zmalloc.trace.Replay;
import dev.zmalloc.trace.ReplayResult;
import dev.zmalloc.trace.StepListener;
import dev.zmalloc.trace.TraceFile;
import dev.zmalloc.trace.TraceFormat;
import dev.zmalloc.trace.TraceSummary;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code replay}: a recorded trace through a store, under some policies and limits. */
@Command(
        name = "replay",
        description = {
            "Runs the requests of a trace through an off-heap store, get and on a miss put, under each policy and"
                    + " limit, and compares hit ratios with those of Caffeine and of the optimum.",
            "Formats of traces: keys (lines of a key and, if known, a size), lirs, arc, adaptsize, mooncake, oracle"
                    + " (oracleGeneral), int32, int64 (big-endian); compressed by gzip, xz, zstd or not at all.",
            "Ctrl-C ends it with the results so far."
        },
        sortOptions = false)
final class ReplayCommand implements Callable<Integer> {
    private final RunCommand.Environment environment;

    @Spec
    @Nullable
    CommandSpec spec;

    @Parameters(paramLabel = "TRACE", description = "The file of the trace.")
    Path trace = Path.of("");

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            converter = Converters.OfTrace.class,
            description = "The format of the trace (default: known by its content).")
    @Nullable
    TraceFormat format;

    @Option(
            names = "--policy",
            paramLabel = "POLICY[,POLICY...]",
            defaultValue = "allkeys-lru",
            converter = Converters.Policies.class,
            description = "What happens at the limit; all is every policy that differs where nothing expires"
                    + " (default: ${DEFAULT-VALUE}).")
    List<EvictionPolicy> policies = List.of();

    @Option(
            names = "--max-memory",
            paramLabel = "SIZE",
            defaultValue = "5%",
            split = ",",
            converter = Converters.Limit.class,
            description = "Limits of the store, such as 256mb, or 5%% of the bytes of all different values"
                    + " (default: 5%%).")
    List<MemoryShare> limits = List.of();

    @Option(
            names = "--parameter",
            paramLabel = "NAME=NUMBER",
            split = ",",
            description = "Parameters of the policies, such as maxmemory-samples=10.")
    Map<String, Integer> parameters = Map.of();

    @Option(
            names = "--value-bytes",
            paramLabel = "SIZE",
            defaultValue = "1kb",
            converter = Converters.ValueSize.class,
            description = "Size of every value where the trace knows none (default: ${DEFAULT-VALUE}).")
    int valueBytes;

    @Option(
            names = "--no-references",
            description = "Leave out Caffeine and the optimum, which need 8 bytes of Java heap for each request.")
    boolean noReferences;

    @Option(
            names = "--csv",
            paramLabel = "FILE",
            converter = Converters.NewFile.class,
            description = "Write the results as comma-separated values too.")
    @Nullable
    Path csv;

    @Option(
            names = "--plot",
            paramLabel = "FILE",
            converter = Converters.NewPicture.class,
            description = "Draw miss ratio over limit into this file, .svg or .png.")
    @Nullable
    Path plot;

    @Mixin
    private final AllocatorName allocator = new AllocatorName();

    @Option(names = "--verbose", description = "Show the stack trace when something fails.")
    boolean verbose;

    ReplayCommand(RunCommand.Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws IOException {
        allocator.select();
        EvictionParameters tuning = tuning();
        TraceFile file = TraceFile.of(trace, format);
        StopSignal stop = environment.stop();
        stop.install();
        int exitCode = ExitCode.ENVIRONMENT;
        try {
            exitCode = replay(file, tuning);
        } finally {
            stop.finished(exitCode);
        }
        return exitCode;
    }

    private int replay(TraceFile file, EvictionParameters tuning) throws IOException {
        PrintStream out = environment.out();
        out.printf(
                "%-12s%s%n",
                "allocator", RunCommand.describe(ZMalloc.allocator().description()));
        ReplayProgress progress =
                new ReplayProgress(new Dashboard(environment.out(), environment.terminal()), environment.stop());
        TraceSummary summary = TraceSummary.of(file, valueBytes, !noReferences, progress.reading(file.fileBytes()));
        if (environment.stop().isRaised()) {
            out.printf("%-12sINTERRUPTED while the trace was read%n", "result");
            return ExitCode.INTERRUPTED;
        }
        printHeader(file, summary);
        checkLimits(summary);
        List<ReplayResult> results = runAll(file, summary, tuning, progress);
        if (!results.isEmpty()) {
            ReplayReport.lines(results).forEach(out::println);
        }
        if (results.stream().anyMatch(ReplayResult::reference)) {
            out.println(
                    "* models that count the bytes of values alone: keys, table and rounding take nothing of the limit"
                            + (summary.sized() ? "; with sizes the optimum is a heuristic, no bound" : ""));
        }
        writeFiles(file, results);
        return verdict(results);
    }

    private EvictionParameters tuning() {
        EvictionParameters tuning = EvictionParameters.DEFAULTS;
        for (Map.Entry<String, Integer> parameter : parameters.entrySet()) {
            try {
                tuning = tuning.with(parameter.getKey(), parameter.getValue());
            } catch (IllegalArgumentException e) {
                throw refused("--parameter", String.valueOf(e.getMessage()));
            }
        }
        return tuning;
    }

    private ParameterException refused(String option, String why) {
        return new ParameterException(
                Objects.requireNonNull(spec, "picocli sets it").commandLine(),
                "Invalid value for option '" + option + "': " + why);
    }

    /** What is done for each limit. */
    private interface Pass {
        ReplayResult run(long maxBytes, StepListener listener) throws IOException;
    }

    private List<ReplayResult> runAll(
            TraceFile file, TraceSummary summary, EvictionParameters tuning, ReplayProgress progress)
            throws IOException {
        Map<String, Pass> passes = new LinkedHashMap<>();
        for (EvictionPolicy policy : policies) {
            passes.put(
                    policy.toString(),
                    (bytes, listener) -> Replay.run(file, policy, tuning, bytes, valueBytes, listener));
        }
        TraceSummary.History history = summary.history();
        for (Reference reference : history == null ? List.<Reference>of() : List.of(Reference.values())) {
            passes.put(
                    reference.toString(),
                    (bytes, listener) -> reference.run(Objects.requireNonNull(history), bytes, listener));
        }
        progress.plan(summary.requests(), limits.size() * passes.size());
        List<ReplayResult> results = new ArrayList<>();
        for (MemoryShare limit : limits) {
            long bytes = limit.of(summary.uniqueBytes());
            for (Map.Entry<String, Pass> pass : passes.entrySet()) {
                String title = pass.getKey() + " " + limit.text();
                ReplayResult result = pass.getValue().run(bytes, progress.pass(title, summary.requests()));
                if (environment.stop().isRaised() && result.requests() < summary.requests()) {
                    environment.out().println(ReplayReport.stopped(title, result, summary.requests()));
                    return results;
                }
                results.add(result);
            }
        }
        return results;
    }

    private void printHeader(TraceFile file, TraceSummary summary) {
        PrintStream out = environment.out();
        out.printf(
                "%-12s%s, %s%s%n",
                "trace",
                file.path().getFileName(),
                file.format(),
                file.compression().equals("none") ? "" : " in " + file.compression());
        out.printf(
                "%-12s%s requests of %s keys, %s of different values%s, %s requested%n%n",
                "",
                Format.count(summary.requests()),
                Format.count(summary.uniqueKeys()),
                MemorySize.format(summary.uniqueBytes()),
                summary.sized() ? "" : " at " + Format.count(valueBytes) + " bytes each",
                MemorySize.format(summary.requestedBytes()));
    }

    /** Before anything runs: a limit too small for a store would be found out only when its turn comes. */
    private void checkLimits(TraceSummary summary) {
        for (MemoryShare limit : limits) {
            for (EvictionPolicy policy : policies) {
                try {
                    OffHeapStore.builder()
                            .maxMemory(limit.of(summary.uniqueBytes()))
                            .evictionPolicy(policy)
                            .build()
                            .close();
                } catch (IllegalArgumentException e) {
                    throw refused("--max-memory", limit.text() + ": " + e.getMessage());
                }
            }
        }
    }

    private void writeFiles(TraceFile file, List<ReplayResult> results) throws IOException {
        String name = String.valueOf(file.path().getFileName());
        if (csv != null) {
            ReplayReport.writeCsv(csv, name, results);
        }
        if (plot != null && !results.isEmpty()) {
            // Nothing of it needs a display, and a machine may lack one.
            System.setProperty("java.awt.headless", "true");
            ReplayPicture.write(plot, name, results, environment.err());
        }
    }

    private int verdict(List<ReplayResult> results) {
        PrintStream out = environment.out();
        List<String> problems = results.stream()
                .filter(result -> result.problem() != null)
                .map(result -> result.policy() + " at " + result.maxMemory() + ": " + result.problem())
                .toList();
        boolean interrupted = environment.stop().isRaised();
        String words = !problems.isEmpty()
                ? "FAILED: " + String.join("; ", problems)
                : interrupted ? "INTERRUPTED, OK so far" : "OK";
        out.printf("%-12s%s%n", "result", words);
        return !problems.isEmpty() ? ExitCode.VERIFICATION_FAILED : interrupted ? ExitCode.INTERRUPTED : ExitCode.OK;
    }
}
