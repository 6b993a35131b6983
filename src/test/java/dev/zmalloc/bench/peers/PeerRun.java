package dev.zmalloc.bench.peers;

import dev.zmalloc.bench.Forks;
import dev.zmalloc.bench.Measurements;
import dev.zmalloc.bench.Steps;
import dev.zmalloc.bench.peers.PeerCase.Operation;
import dev.zmalloc.bench.peers.PeerMemory.Sizes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;

/**
 * Runs all there is to measure, each time in a JVM of its own, and round by round, so that what the machine does
 * meanwhile falls on all peers.
 */
final class PeerRun {
    private static final double SECONDS_OF_A_CASE = 7.5;
    private static final double SECONDS_OF_A_QUICK_CASE = 4.3;
    private static final int LATENCY_THREADS = 2;

    private final boolean quick;
    private final int forks;
    private final List<Peer> peers;
    private final List<Operation> operations;
    private final PeerJvm jvm;
    private final Measurements measurements = new Measurements();
    private final Map<Peer, List<Sizes>> sizes = new EnumMap<>(Peer.class);
    private final Map<Peer, Latencies> latencies = new EnumMap<>(Peer.class);

    PeerRun(boolean quick, int forks, List<Peer> peers, List<Operation> operations, PeerJvm jvm) {
        this.quick = quick;
        this.forks = forks;
        this.peers = peers;
        this.operations = operations;
        this.jvm = jvm;
    }

    Steps steps() {
        Steps steps = new Steps();
        double seconds = quick ? SECONDS_OF_A_QUICK_CASE : SECONDS_OF_A_CASE;
        for (int fork = 0; fork < forks; fork++) {
            for (PeerCase each : cases()) {
                steps.add(each.name(), seconds, () -> measure(each));
            }
            for (Peer peer : peers) {
                steps.add("memory." + peer.id(), SECONDS_OF_A_QUICK_CASE, () -> weigh(peer));
            }
        }
        if (!quick) {
            for (Peer peer : peers) {
                steps.add("latency." + peer.id(), seconds, () -> sample(peer));
            }
        }
        return steps;
    }

    /** A quick run leaves out what no ratio of the report needs. */
    private List<PeerCase> cases() {
        return PeerCase.all(peers, operations).stream()
                .filter(each -> !quick || each.operation() != Operation.MIXED || each.threads() == 2)
                .toList();
    }

    private void measure(PeerCase each) throws RunnerException {
        new Runner(options(each.peer(), each.operation(), each.threads()).build())
                .run()
                .forEach(result -> measurements.add(each.name(), result));
    }

    private void weigh(Peer peer) throws IOException, InterruptedException {
        sizes.computeIfAbsent(peer, missing -> new ArrayList<>()).add(jvm.memory(peer));
    }

    private void sample(Peer peer) throws RunnerException {
        latencies.put(
                peer,
                Latencies.of(new Runner(options(peer, Operation.MIXED, LATENCY_THREADS)
                                .mode(Mode.SampleTime)
                                .build())
                        .runSingle()));
    }

    private ChainedOptionsBuilder options(Peer peer, Operation operation, int threads) {
        return Forks.one(operation.benchmark(), threads, quick)
                .param("peer", peer.name())
                .jvm(jvm.executable(peer))
                .jvmArgs(jvm.options(peer).toArray(String[]::new));
    }

    Measurements measurements() {
        return measurements;
    }

    List<Peer> peers() {
        return peers;
    }

    List<Operation> operations() {
        return operations;
    }

    int forks() {
        return forks;
    }

    /** Whether a quick run has left this out. */
    boolean measured(Operation operation, int threads) {
        return operations.contains(operation) && (!quick || operation != Operation.MIXED || threads == 2);
    }

    /** Of each fork. */
    List<Sizes> sizes(Peer peer) {
        return sizes.get(peer);
    }

    /** The median of the forks. */
    double bytesPerEntry(Peer peer) {
        return Measurements.median(
                sizes(peer).stream().map(Sizes::bytesPerEntry).toList());
    }

    /** Empty in a quick run. */
    Map<Peer, Latencies> latencies() {
        return latencies;
    }

    /** Millions of operations a second, by all threads together. */
    double millions(Peer peer, Operation operation, int threads) {
        return 1e3 * threads / measurements.nanos(PeerCase.name(peer, operation, threads));
    }
}
