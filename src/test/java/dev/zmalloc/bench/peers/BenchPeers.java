package dev.zmalloc.bench.peers;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.zmalloc.bench.Machine;
import dev.zmalloc.bench.Steps;
import dev.zmalloc.bench.peers.PeerCase.Operation;
import dev.zmalloc.cli.ProgressLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.openjdk.jmh.runner.RunnerException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command behind {@code make bench-peers}. */
@Command(
        name = "bench-peers.sh",
        sortOptions = false,
        description = {
            "Measures the store beside other maps and caches of bytes, each in JVMs of its own, and shows rates, memory"
                    + " and latencies side by side.",
            "Without --quick, all of it takes about 25 minutes."
        })
public final class BenchPeers implements Callable<Integer> {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this.")
    boolean help;

    @Option(names = "--quick", description = "A first look in about four minutes: one short fork, no latencies.")
    boolean quick;

    @Option(
            names = "--peers",
            split = ",",
            paramLabel = "NAME",
            description = "Whom to measure, parted by commas: ${COMPLETION-CANDIDATES} (default: all; quick: without"
                    + " EHCACHE and MAPDB, the slowest).")
    List<Peer> peers = List.of();

    @Option(
            names = "--operations",
            split = ",",
            paramLabel = "NAME",
            description = "What to measure, parted by commas: ${COMPLETION-CANDIDATES} (default: all but the"
                    + " last, whose keys depend on the value read before).")
    List<Operation> operations = Operation.USUAL;

    @Option(names = "--forks", paramLabel = "N", description = "JVMs for each thing to measure (default: 3; quick: 1).")
    int forks;

    @Option(
            names = "--output",
            paramLabel = "FOLDER",
            description = "Where JSON and pictures go (default: ${DEFAULT-VALUE}).")
    Path output = Path.of("target", "bench");

    private BenchPeers() {}

    /** Runs the command and ends the JVM with its exit status. */
    public static void main(String[] arguments) {
        Locale.setDefault(Locale.ROOT);
        System.exit(new CommandLine(new BenchPeers())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .execute(arguments));
    }

    @Override
    public Integer call() throws RunnerException, IOException, InterruptedException {
        if (peers.isEmpty()) {
            peers = Arrays.stream(Peer.values())
                    .filter(peer -> !quick || (peer != Peer.EHCACHE && peer != Peer.MAPDB))
                    .toList();
        }
        PeerJvm jvm = new PeerJvm(output);
        PeerRun run = new PeerRun(quick, forks > 0 ? forks : quick ? 1 : 3, peers, operations, jvm);
        Steps steps = run.steps();
        System.out.printf(
                "Measuring %s; this takes %s.%n",
                peers.stream().map(Peer::title).collect(Collectors.joining(", ")), steps.estimate());
        if (!jvm.jemallocLoads() && peers.stream().anyMatch(Peer::preloadsJemalloc)) {
            System.out.println("No libjemalloc.so.2 to preload here: OHC runs on libc's malloc, against its advice.");
        }
        steps.execute(ProgressLine.onStandardOutput(System.getenv()));
        Map<String, Double> figures = new LinkedHashMap<>();
        new PeerReport(run, figures, System.out).print();
        System.out.println();
        write(run, figures);
        PeerReport.lines(figures).forEach(System.out::println);
        return 0;
    }

    private void write(PeerRun run, Map<String, Double> figures) throws IOException {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("machine", Machine.here().words());
        all.put("date", Machine.here().date());
        all.put("quick", quick);
        all.put("forks", run.forks());
        all.put("entries", PeerBench.ENTRIES);
        all.put("key_bytes", KeyStream.KEY_BYTES);
        all.put("value_bytes", PeerBench.VALUE_BYTES);
        all.put("figures", figures);
        all.put("measurements", run.measurements().toMap());
        all.put(
                "memory",
                byId(peer ->
                        run.sizes(peer).stream().map(PeerMemory.Sizes::toMap).toList()));
        all.put(
                "latencies",
                byId(peer -> run.latencies().containsKey(peer)
                        ? run.latencies().get(peer).toMap()
                        : Map.of()));
        Path json = Files.createDirectories(output).resolve("peers.json");
        Files.writeString(json, JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(all) + "\n");
        System.out.println("figures   " + json);
        for (Path picture : PeerPicture.write(run, output, System.out)) {
            System.out.println("picture   " + picture);
        }
    }

    private Map<String, Object> byId(java.util.function.Function<Peer, Object> value) {
        Map<String, Object> all = new LinkedHashMap<>();
        Arrays.stream(Peer.values()).filter(peers::contains).forEach(peer -> all.put(peer.id(), value.apply(peer)));
        return all;
    }
}
