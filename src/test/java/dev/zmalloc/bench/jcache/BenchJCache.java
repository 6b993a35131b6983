package dev.zmalloc.bench.jcache;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.zmalloc.allocator.Allocators;
import dev.zmalloc.bench.Forks;
import dev.zmalloc.bench.Machine;
import dev.zmalloc.bench.Measurements;
import dev.zmalloc.bench.Steps;
import dev.zmalloc.cli.ProgressLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command behind {@code make bench-jcache}. */
@Command(
        name = "bench-jcache.sh",
        sortOptions = false,
        description = {
            "Measures reading and overwriting strings through the store, the typed cache, and the JCache of ZMalloc,"
                    + " Ehcache and Caffeine, by one thread and by two.",
            "Without --quick, it takes about 12 minutes and 3 GB of memory."
        })
public final class BenchJCache implements Callable<Integer> {
    private static final List<String> METHODS = List.of("read", "put");
    private static final List<Integer> THREADS = List.of(1, 2);
    private static final double SECONDS = 11;
    private static final double QUICK_SECONDS = 8;

    private final Measurements measurements = new Measurements();
    private final Map<String, Double> figures = new LinkedHashMap<>();

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this.")
    boolean help;

    @Option(names = "--quick", description = "A first look in about three minutes: one short fork of each.")
    boolean quick;

    @Option(names = "--output", paramLabel = "FOLDER", description = "Where the JSON goes (default: ${DEFAULT-VALUE}).")
    Path output = Path.of("target", "bench");

    private BenchJCache() {}

    /** Runs the command and ends the JVM with its exit status. */
    public static void main(String[] arguments) {
        Locale.setDefault(Locale.ROOT);
        System.exit(new CommandLine(new BenchJCache()).execute(arguments));
    }

    @Override
    public Integer call() throws RunnerException, IOException, InterruptedException {
        Steps steps = new Steps();
        // All contenders in turn, and that several times, so that what disturbs hits all of them.
        for (int fork = 0; fork < (quick ? 1 : 3); fork++) {
            for (int threads : THREADS) {
                for (String method : METHODS) {
                    for (Contender contender : Contender.values()) {
                        steps.add(
                                name(contender, method, threads),
                                quick ? QUICK_SECONDS : SECONDS,
                                () -> measure(contender, method, threads));
                    }
                }
            }
        }
        System.out.printf(
                "Measuring JCache on %s; this takes %s.%n",
                Allocators.select().description().version(), steps.estimate());
        steps.execute(ProgressLine.onStandardOutput(System.getenv()));
        for (int threads : THREADS) {
            METHODS.forEach(method -> print(method, threads));
        }
        System.out.println();
        write();
        figures.forEach((name, value) -> System.out.printf("figure: %s = %.3f%n", name, value));
        return 0;
    }

    private static String name(Contender contender, String method, int threads) {
        return method + "." + threads + "." + contender.name().toLowerCase(Locale.ROOT);
    }

    private void measure(Contender contender, String method, int threads) throws RunnerException {
        List<String> jvm = new ArrayList<>(List.of(
                "-Xms1g",
                "-Xmx1g",
                "-XX:+AlwaysPreTouch",
                "-XX:MaxDirectMemorySize=2g",
                "--enable-native-access=ALL-UNNAMED"));
        if (Runtime.version().feature() >= 23) {
            // For JMH, which would be warned of in each JVM.
            jvm.add("--sun-misc-unsafe-memory-access=allow");
        }
        new Runner(Forks.one(JCacheBench.class.getSimpleName() + "." + method, threads, quick)
                        .param("contender", contender.name())
                        .jvmArgs(jvm.toArray(String[]::new))
                        .build())
                .run()
                .forEach(result -> measurements.add(name(contender, method, threads), result));
    }

    private void print(String method, int threads) {
        System.out.printf(
                "%n%-46s %9s %9s %15s %8s%n",
                (method.equals("read") ? "Reading" : "Overwriting") + " strings of 16 and 100 chars, threads: "
                        + threads,
                "Mops/s",
                "ns",
                "of forks",
                "to raw");
        double raw = measurements.nanos(name(Contender.RAW, method, threads));
        for (Contender contender : Contender.values()) {
            String name = name(contender, method, threads);
            double nanos = measurements.nanos(name);
            System.out.printf(
                    "  %-44s %9.2f %9.1f %15s %8.2f%s%n",
                    contender.words(),
                    1e3 * threads / nanos,
                    nanos,
                    measurements.spread(name),
                    raw / nanos,
                    goal(contender));
            figures.put("jcache." + name + ".ns", nanos);
            if (contender != Contender.RAW) {
                figures.put("jcache." + name + ".to_raw", raw / nanos);
            }
            if (contender.isJCache() && contender != Contender.ZMALLOC) {
                figures.put(
                        "jcache." + method + "." + threads + ".zmalloc_to_"
                                + contender.name().toLowerCase(Locale.ROOT),
                        nanos / measurements.nanos(name(Contender.ZMALLOC, method, threads)));
            }
        }
    }

    private static String goal(Contender contender) {
        return switch (contender) {
            case TYPED -> "  >= 0.7";
            case ZMALLOC -> "  >= 0.5";
            default -> "";
        };
    }

    private void write() throws IOException {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("machine", Machine.here().words());
        all.put("date", Machine.here().date());
        all.put("allocator", Allocators.select().description().version());
        all.put("quick", quick);
        all.put("figures", figures);
        all.put("measured", measurements.toMap());
        Path json = Files.createDirectories(output).resolve("jcache.json");
        Files.writeString(json, JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(all) + "\n");
        System.out.println("figures   " + json);
    }
}
