package dev.zmalloc.bench.compare;

import dev.zmalloc.bench.compare.Comparison.Absent;
import dev.zmalloc.bench.compare.Comparison.Settings;
import dev.zmalloc.cli.ProgressLine;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command behind {@code make compare-allocators}. */
@Command(
        name = "compare.sh",
        sortOptions = false,
        description = {
            "Replays recorded allocation workloads with each allocator that is installed, in processes of their own,"
                    + " and shows time, memory and fragmentation side by side.",
            "Ctrl-C ends it and leaves nothing behind."
        })
public final class CompareAllocators implements Callable<Integer> {
    private static final List<String> BUILT_IN = List.of("jemalloc", "libc", "tcmalloc", "mimalloc");
    private static final int OK = 0;
    private static final int FAILED = 3;
    private static final int DEFAULT_MEBIBYTES = 96;
    private static final int QUICK_MEBIBYTES = 16;
    private static final int DEFAULT_FORKS = 3;
    private static final int LEAST_MEBIBYTES = 8;
    private static final int MOST_MEBIBYTES = 1024;
    private static final int MOST_FORKS = 50;

    private final PrintStream out;
    private final ProgressLine progress;

    @Spec
    @Nullable
    CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this.")
    boolean help;

    @Option(names = "--quick", description = "A first look in about 20 seconds: 16 MiB, one process each.")
    boolean quick;

    @Option(
            names = "--allocators",
            split = ",",
            paramLabel = "NAME",
            description = "Which to compare, parted by commas: jemalloc, libc, tcmalloc, mimalloc (default: all).")
    List<String> allocators = BUILT_IN;

    @Option(
            names = "--workloads",
            split = ",",
            paramLabel = "NAME",
            description = "store, fragmenting, or both parted by a comma (default: both).")
    List<String> workloads =
            Arrays.stream(WorkloadKind.values()).map(WorkloadKind::toString).toList();

    @Option(
            names = "--mib",
            paramLabel = "N",
            description = "MiB requested and live when a workload is full (default: " + DEFAULT_MEBIBYTES + ").")
    int mebibytes;

    @Option(
            names = "--forks",
            paramLabel = "N",
            description = "Processes for each workload and allocator (default: " + DEFAULT_FORKS + ").")
    int forks;

    @Option(names = "--seed", paramLabel = "N", description = "Where the workloads' random choices start (default: 1).")
    long seed = 1;

    @Option(
            names = "--output",
            paramLabel = "FOLDER",
            description = "Where JSON and pictures go (default: target/bench).")
    Path output = Path.of("target", "bench");

    CompareAllocators(PrintStream out, ProgressLine progress) {
        this.out = out;
        this.progress = progress;
    }

    /** Runs the command and ends the JVM with its exit status. */
    public static void main(String[] arguments) {
        System.exit(execute(System.out, System.err, ProgressLine.onStandardOutput(System.getenv()), arguments));
    }

    /** Runs the command. Returns 0, 2 for a command line that was not understood, or 3 if it could not be done. */
    static int execute(PrintStream out, PrintStream err, ProgressLine progress, String... arguments) {
        return new CommandLine(new CompareAllocators(out, progress))
                .setOut(new PrintWriter(out, true, out.charset()))
                .setErr(new PrintWriter(err, true, err.charset()))
                .setExecutionExceptionHandler((failure, line, parsed) -> {
                    progress.end();
                    line.getErr().println("compare.sh: " + message(failure));
                    return FAILED;
                })
                .execute(arguments);
    }

    private static String message(Throwable failure) {
        String message = failure.getMessage();
        return failure instanceof Children.Failure && message != null ? message : failure.toString();
    }

    @Override
    public Integer call() throws IOException, InterruptedException, Children.Failure {
        Settings settings = settings();
        List<WorkloadKind> kinds = kinds();
        List<String> names = names();
        announce(settings, kinds, names);
        try (Children children = new Children(output.toAbsolutePath())) {
            ComparisonRun run = new ComparisonRun(settings, kinds, names, children, progress);
            List<Absent> absent = run.probe();
            list(run.backends(), absent);
            if (run.backends().isEmpty()) {
                out.println("None of " + String.join(", ", names) + " is here: there is nothing to compare.");
                return FAILED;
            }
            Comparison comparison = run.execute();
            out.println();
            ComparisonTable.lines(comparison).forEach(out::println);
            ComparisonTable.warning(comparison).ifPresent(out::println);
            out.println();
            ComparisonTable.figures(comparison).forEach(out::println);
            out.println();
            write(comparison);
            return comparison.absent().size() > absent.size() ? FAILED : OK;
        }
    }

    private void announce(Settings settings, List<WorkloadKind> kinds, List<String> names) {
        double seconds = ComparisonRun.estimatedSeconds(settings, kinds, names.size());
        out.printf(
                Locale.ROOT,
                "Comparing %s on %s; this takes about %d seconds.%n",
                String.join(", ", names),
                String.join(
                        " and ",
                        kinds.stream().map(kind -> "the " + kind + " workload").toList()),
                Math.round(seconds / 5 + 0.5) * 5);
    }

    private void list(List<Backend> backends, List<Absent> absent) {
        for (Backend backend : backends) {
            out.printf("  %-10s %s %s%n", backend.name(), backend.version(), backend.file());
        }
        for (Absent missing : absent) {
            out.printf("  %-10s MISSING, and not compared: %s%n", missing.name(), missing.why());
        }
    }

    private void write(Comparison comparison) throws IOException {
        Path json = output.resolve("compare-allocators.json");
        Files.writeString(json, ComparisonJson.text(comparison));
        out.println("figures   " + json);
        for (Path picture : ComparisonPicture.write(comparison, output, out)) {
            out.println("picture   " + picture);
        }
    }

    private Settings settings() {
        return new Settings(
                inRange(
                        "--mib",
                        mebibytes,
                        quick ? QUICK_MEBIBYTES : DEFAULT_MEBIBYTES,
                        LEAST_MEBIBYTES,
                        MOST_MEBIBYTES),
                inRange("--forks", forks, quick ? 1 : DEFAULT_FORKS, 1, MOST_FORKS),
                seed);
    }

    private int inRange(String option, int value, int unset, int least, int most) {
        if (!command().commandLine().getParseResult().hasMatchedOption(option)) {
            return unset;
        }
        if (value < least || value > most) {
            throw refusal(option, Integer.toString(value), "whole numbers from " + least + " to " + most);
        }
        return value;
    }

    private List<WorkloadKind> kinds() {
        Set<WorkloadKind> kinds = new LinkedHashSet<>();
        for (String name : workloads) {
            kinds.add(Arrays.stream(WorkloadKind.values())
                    .filter(kind -> kind.toString().equals(name))
                    .findFirst()
                    .orElseThrow(() -> refusal("--workloads", name, WorkloadKind.names())));
        }
        return new ArrayList<>(kinds);
    }

    private List<String> names() {
        for (String name : allocators) {
            if (!BUILT_IN.contains(name)) {
                throw refusal("--allocators", name, String.join(", ", BUILT_IN));
            }
        }
        return allocators.stream().distinct().toList();
    }

    private ParameterException refusal(String option, String value, String accepted) {
        return new ParameterException(
                command().commandLine(),
                "Invalid value for option '" + option + "': '" + value + "'; accepted are " + accepted);
    }

    private CommandSpec command() {
        CommandSpec set = spec;
        if (set == null) {
            throw new IllegalStateException("picocli sets it");
        }
        return set;
    }
}
