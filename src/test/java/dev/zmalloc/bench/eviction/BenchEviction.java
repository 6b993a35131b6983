package dev.zmalloc.bench.eviction;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.zmalloc.allocator.Allocators;
import dev.zmalloc.bench.Machine;
import dev.zmalloc.bench.Steps;
import dev.zmalloc.bench.eviction.EvictionRun.Part;
import dev.zmalloc.bench.peers.PeerJvm;
import dev.zmalloc.cli.ProgressLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.openjdk.jmh.runner.RunnerException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command behind {@code make bench-eviction}. */
@Command(
        name = "bench-eviction.sh",
        sortOptions = false,
        description = {
            "Measures a store at its limit: requests beside OHC and Caffeine, what evicting one entry takes, single"
                    + " puts, operations while the limit is lowered, whether it is ever passed, and what a listener"
                    + " costs.",
            "Without --quick, all of it takes about 19 minutes and 4 GB of memory."
        })
public final class BenchEviction implements Callable<Integer> {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this.")
    boolean help;

    @Option(
            names = "--quick",
            description = "A first look in about a minute and a half: one short JVM of each, smaller stores.")
    boolean quick;

    @Option(
            names = "--parts",
            split = ",",
            paramLabel = "NAME",
            description = "What to measure, parted by commas: ${COMPLETION-CANDIDATES} (default: all).")
    List<Part> parts = List.of(Part.values());

    @Option(
            names = "--output",
            paramLabel = "FOLDER",
            description = "Where JSON and pictures go (default: ${DEFAULT-VALUE}).")
    Path output = Path.of("target", "bench");

    private BenchEviction() {}

    /** Runs the command and ends the JVM with its exit status. */
    public static void main(String[] arguments) {
        Locale.setDefault(Locale.ROOT);
        System.exit(new CommandLine(new BenchEviction())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .execute(arguments));
    }

    @Override
    public Integer call() throws RunnerException, IOException, InterruptedException {
        PeerJvm jvm = new PeerJvm(output);
        EvictionRun run = new EvictionRun(quick, EnumSet.copyOf(parts), jvm);
        Steps steps = run.steps();
        System.out.printf(
                "Measuring eviction on %s; this takes %s.%n",
                Allocators.select().description().version(), steps.estimate());
        if (run.has(Part.CHURN) && !jvm.jemallocLoads()) {
            System.out.println("No libjemalloc.so.2 to preload here: OHC runs on libc's malloc, against its advice.");
        }
        steps.execute(ProgressLine.onStandardOutput(System.getenv()));
        Map<String, Double> figures = new LinkedHashMap<>();
        new EvictionReport(run, figures, System.out).print();
        System.out.println();
        write(run, figures);
        figures.forEach((name, value) -> System.out.printf("figure: %s = %.3f%n", name, value));
        return 0;
    }

    private void write(EvictionRun run, Map<String, Double> figures) throws IOException {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("machine", Machine.here().words());
        all.put("date", Machine.here().date());
        all.put("allocator", Allocators.select().description().version());
        all.put("quick", quick);
        all.put("forks", run.forks());
        all.put("churn_limit_bytes", run.churnBytes());
        all.put("lowered_entries", run.lowered());
        all.put("figures", figures);
        all.put("found", run.findings().toMap());
        Path json = Files.createDirectories(output).resolve("eviction.json");
        Files.writeString(json, JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(all) + "\n");
        System.out.println("figures   " + json);
        for (Path picture : EvictionPicture.write(run, output, System.out)) {
            System.out.println("picture   " + picture);
        }
    }
}
