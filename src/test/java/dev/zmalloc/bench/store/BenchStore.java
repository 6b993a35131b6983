package dev.zmalloc.bench.store;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.zmalloc.allocator.Allocators;
import dev.zmalloc.bench.Machine;
import dev.zmalloc.bench.Steps;
import dev.zmalloc.bench.store.StoreRun.Part;
import dev.zmalloc.cli.ProgressLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.openjdk.jmh.runner.RunnerException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command behind {@code make bench-store}. */
@Command(
        name = "bench-store.sh",
        sortOptions = false,
        description = {
            "Measures the store by itself: reads by one thread and two, reads in place, the typed cache, bytes an"
                    + " entry, puts while it grows, and reads of a hundred million entries.",
            "Without --quick, all of it takes about 15 minutes and 10 GB of memory."
        })
public final class BenchStore implements Callable<Integer> {
    private static final long OTHER_BYTES = 2L << 30;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this.")
    boolean help;

    @Option(
            names = "--quick",
            description = "A first look in about two minutes: one short fork of each, ten million entries at most.")
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

    private BenchStore() {}

    /** Runs the command and ends the JVM with its exit status. */
    public static void main(String[] arguments) {
        Locale.setDefault(Locale.ROOT);
        System.exit(new CommandLine(new BenchStore())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .execute(arguments));
    }

    @Override
    public Integer call() throws RunnerException, IOException, InterruptedException {
        Set<Part> chosen = EnumSet.copyOf(parts);
        long needed = SizeBench.BYTES_PER_ENTRY * StoreRun.many(quick) + OTHER_BYTES;
        boolean manyFit = availableBytes() >= needed;
        StoreRun run = new StoreRun(quick, chosen, manyFit);
        Steps steps = run.steps();
        System.out.printf(
                "Measuring the store on %s; this takes %s.%n",
                Allocators.select().description().version(), steps.estimate());
        if (chosen.contains(Part.SIZE) && !manyFit) {
            System.out.printf(
                    "SKIPPED: reading %,d entries needs %.1f GiB of memory, and %.1f are available.%n",
                    run.many(), gibibytes(needed), gibibytes(availableBytes()));
        }
        steps.execute(ProgressLine.onStandardOutput(System.getenv()));
        Map<String, Double> figures = new LinkedHashMap<>();
        new StoreReport(run, figures, System.out).print();
        System.out.println();
        write(run, figures);
        figures.forEach((name, value) -> System.out.printf("figure: %s = %.3f%n", name, value));
        return 0;
    }

    private static double gibibytes(long bytes) {
        return (double) bytes / (1 << 30);
    }

    /** What can be taken without swapping, as the kernel estimates. */
    private static long availableBytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/meminfo")).stream()
                .filter(line -> line.startsWith("MemAvailable:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                .findFirst()
                .orElse(0);
    }

    private void write(StoreRun run, Map<String, Double> figures) throws IOException {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("machine", Machine.here().words());
        all.put("huge_pages", Machine.here().hugePages());
        all.put("date", Machine.here().date());
        all.put("allocator", Allocators.select().description().version());
        all.put("quick", quick);
        all.put("figures", figures);
        all.put("measurements", run.measurements().toMap());
        all.put("used_resident_huge_bytes", run.notes());
        all.put("growth", run.growths().stream().map(GrowthResult::toMap).toList());
        run.entryBytes()
                .ifPresent(points -> all.put(
                        "entry_bytes",
                        points.all().stream()
                                .map(point -> List.of(point.keyBytes(), point.payload(), point.count(), point.bytes()))
                                .toList()));
        Path json = Files.createDirectories(output).resolve("store.json");
        Files.writeString(json, JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(all) + "\n");
        System.out.println("figures   " + json);
        for (Path picture : StorePicture.write(run, output, System.out)) {
            System.out.println("picture   " + picture);
        }
    }
}
