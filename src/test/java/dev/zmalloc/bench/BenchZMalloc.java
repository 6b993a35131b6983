package dev.zmalloc.bench;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.zmalloc.allocator.Allocators;
import dev.zmalloc.bench.SafepointDelays.Delays;
import dev.zmalloc.cli.ProgressLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Measures what allocating and freeing costs beside the same in C, and prints the ratios that it is judged by.
 *
 * <p>All cases run once in each of several rounds, each time in a JVM of their own, so that what the machine does
 * meanwhile falls on all of them. Ratios are of medians over all rounds.
 */
public final class BenchZMalloc {
    private static final Path JSON_FILE = Path.of("target", "bench", "zmalloc.json");

    private final boolean quick;
    private final Measurements measurements = new Measurements();
    private final Map<String, Double> figures = new LinkedHashMap<>();
    private final ProgressLine progress = ProgressLine.onStandardOutput(System.getenv());

    private BenchZMalloc(boolean quick) {
        this.quick = quick;
    }

    /** Takes {@code --quick}, for one short round. */
    public static void main(String[] arguments) throws RunnerException, IOException, InterruptedException {
        Locale.setDefault(Locale.ROOT);
        for (String argument : arguments) {
            if (!argument.equals("--quick")) {
                System.err.println("The only option is --quick, or QUICK=1 for make; not " + argument);
                System.exit(2);
            }
        }
        new BenchZMalloc(arguments.length > 0).run();
    }

    private void run() throws RunnerException, IOException, InterruptedException {
        System.out.printf(
                "Allocating beside C over %s: %s%n",
                Allocators.select().description().version(),
                quick ? "one short round of about two minutes, for a first look" : "about twelve minutes");
        measure();
        List<Delays> delays = SafepointDelays.measure(quick, progress);
        progress.end();
        new ZMallocReport(measurements, figures, System.out).print(delays);
        write(delays);
        figures.forEach((name, value) -> System.out.printf("figure: %s = %.3f%n", name, value));
    }

    private void measure() throws RunnerException {
        List<Case> cases = Case.all();
        int rounds = quick ? 1 : 3;
        int all = rounds * cases.size();
        long begun = System.nanoTime();
        for (int done = 0; done < all; done++) {
            Case next = cases.get(done % cases.size());
            OptionalLong left = done == 0
                    ? OptionalLong.empty()
                    : OptionalLong.of((System.nanoTime() - begun) / done * (all - done));
            progress.show((double) done / all, next.name(), left);
            new Runner(options(next)).run().forEach(result -> measurements.add(next.name(), result));
        }
    }

    private org.openjdk.jmh.runner.options.Options options(Case next) {
        List<String> jvm = new ArrayList<>(next.options());
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include(Pattern.quote(next.method()) + "$")
                .forks(1)
                .warmupIterations(quick ? 2 : 4)
                .warmupTime(TimeValue.milliseconds(400))
                .measurementIterations(quick ? 3 : 6)
                .measurementTime(TimeValue.milliseconds(400))
                .jvmArgsAppend(jvm.toArray(String[]::new))
                .addProfiler(GCProfiler.class)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT);
        if (next.threads() > 0) {
            options.threads(next.threads());
        }
        return options.build();
    }

    private void write(List<Delays> delays) throws IOException {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("allocator", Allocators.select().description().version());
        all.put("jdk", System.getProperty("java.vm.vendor") + " " + System.getProperty("java.vm.version"));
        all.put("processors", Runtime.getRuntime().availableProcessors());
        all.put("quick", quick);
        all.put("figures", figures);
        all.put("measurements", measurements.toMap());
        all.put("safepoint_delays", delays.stream().map(Delays::toMap).toList());
        Files.createDirectories(JSON_FILE.getParent());
        Files.writeString(
                JSON_FILE, JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(all) + "\n");
        System.out.println("All iterations are in " + JSON_FILE);
    }
}
