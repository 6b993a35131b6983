package dev.zmalloc.cli;

import dev.zmalloc.MemorySize;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.allocator.AllocatorDescription;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code run}: the main job, on the running JDK's own files. */
@Command(
        name = "run",
        description = {
            "Caches the running JDK's own files in an off-heap store, reads them in a random order that favours"
                    + " some (Zipf), and compares every byte that the store serves with the file itself.",
            "Ctrl-C ends it with the summary so far."
        },
        sortOptions = false)
final class RunCommand implements Callable<Integer> {
    /** What a run touches outside itself. Tests put doubles here. */
    record Environment(
            SourceFiles.Opener source,
            ToLongFunction<OffHeapStore> usedMemory,
            Terminal terminal,
            StopSignal stop,
            PrintStream out,
            PrintStream err) {}

    private final Environment environment;

    @Spec
    @Nullable
    CommandSpec spec;

    @Option(
            names = "--max-memory",
            paramLabel = "SIZE",
            defaultValue = "32mb",
            converter = Converters.Size.class,
            description = "Limit of the store: kb, mb, gb are powers of 1024, k, m, g powers of 1000 as in Redis;"
                    + " 0 is no limit (default: ${DEFAULT-VALUE}).")
    long maxMemory;

    @Option(
            names = "--policy",
            paramLabel = "POLICY",
            defaultValue = "allkeys-lru",
            converter = Converters.Policy.class,
            description = "What happens at the limit (default: ${DEFAULT-VALUE}).")
    EvictionPolicy policy = EvictionPolicy.ALLKEYS_LRU;

    @Option(
            names = "--reads",
            paramLabel = "N",
            defaultValue = "6000000",
            converter = Converters.Reads.class,
            description = "How many files to read, over all threads (default: ${DEFAULT-VALUE}).")
    long reads;

    @Option(
            names = "--threads",
            paramLabel = "N",
            converter = Converters.Threads.class,
            description = "How many threads read (default: one for each processor).")
    int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--skew",
            paramLabel = "S",
            defaultValue = "0.99",
            converter = Converters.Skew.class,
            description = "Exponent of the Zipf distribution; 0 reads all files alike (default: ${DEFAULT-VALUE}).")
    double skew;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            converter = Converters.Seed.class,
            description =
                    "Where the random order starts; the same seed reads the same files (default: ${DEFAULT-VALUE}).")
    long seed;

    @Mixin
    private final AllocatorName allocator = new AllocatorName();

    @Option(names = "--verbose", description = "Show the stack trace when something fails.")
    boolean verbose;

    RunCommand(Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        allocator.select();
        environment
                .out()
                .printf("%-12s%s%n", "allocator", describe(ZMalloc.allocator().description()));
        SourceFiles files = environment.source().open();
        CacheRun.Options options =
                new CacheRun.Options(maxMemory, policy, new Workload.Settings(reads, threads, seed, skew));
        StopSignal stop = environment.stop();
        stop.install();
        int exitCode = ExitCode.ENVIRONMENT;
        try {
            printHeader(files);
            exitCode = run(options, files);
        } finally {
            stop.finished(exitCode);
        }
        return exitCode;
    }

    private int run(CacheRun.Options options, SourceFiles files) throws InterruptedException {
        Dashboard dashboard = new Dashboard(environment.out(), environment.terminal());
        RunReport report;
        try {
            report = new CacheRun(options, files, environment.usedMemory(), dashboard, environment.stop()).execute();
        } catch (IllegalArgumentException e) {
            // The store's own limits: it says which number would do.
            throw usage("Invalid value for option '--max-memory': " + e.getMessage());
        }
        environment.out().println();
        report.lines().forEach(environment.out()::println);
        Workload.Failure failure = report.failure();
        if (failure != null) {
            environment.err().println(Main.NAME + ": " + failure.message());
            if (verbose) {
                failure.cause().printStackTrace(environment.err());
            }
        }
        return report.exitCode();
    }

    private void printHeader(SourceFiles files) {
        String limit = maxMemory == 0 ? "no limit" : MemorySize.format(maxMemory);
        PrintStream out = environment.out();
        out.printf(
                "%-12s%s %s, %s%n",
                "source", Format.count(files.count()), files.title(), MemorySize.format(files.totalBytes()));
        out.printf("%-12s%s, %s%n", "store", limit, policy);
        out.printf(
                "%-12s%s reads, %d %s, Zipf exponent %s, seed %d%n%n",
                "workload", Format.count(reads), threads, threads == 1 ? "thread" : "threads", skew, seed);
    }

    /** Name, version, origin and file, as far as they are known. */
    static String describe(AllocatorDescription allocator) {
        return allocator.name() + (allocator.version().isEmpty() ? "" : " " + allocator.version()) + ", "
                + allocator.origin() + (allocator.file().isEmpty() ? "" : ": " + allocator.file());
    }

    private ParameterException usage(String message) {
        return new ParameterException(
                Objects.requireNonNull(spec, "picocli sets it").commandLine(), message);
    }
}
