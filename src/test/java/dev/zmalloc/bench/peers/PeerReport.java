package dev.zmalloc.bench.peers;

import dev.zmalloc.bench.peers.PeerCase.Operation;
import dev.zmalloc.bench.peers.PeerMemory.Sizes;
import java.io.PrintStream;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the measurements say: tables for people, and figures by name. */
final class PeerReport {
    private final PeerRun run;
    private final Map<String, Double> figures;
    private final PrintStream out;

    /** Adds the figures to {@code figures}. */
    PeerReport(PeerRun run, Map<String, Double> figures, PrintStream out) {
        this.run = run;
        this.figures = figures;
        this.out = out;
    }

    void print() {
        rates();
        memory();
        latencies();
        ratios();
    }

    private void rates() {
        for (Operation operation : run.operations()) {
            for (int threads : PeerCase.THREADS) {
                if (!run.measured(operation, threads)) {
                    continue;
                }
                out.printf(
                        "%n%-44s %8s %8s %14s%n",
                        operation.title() + (threads == 1 ? ", 1 thread" : ", " + threads + " threads"),
                        "Mops/s",
                        "ns",
                        "of forks");
                for (Peer peer : run.peers()) {
                    String name = PeerCase.name(peer, operation, threads);
                    out.printf(
                            "  %-42s %8.2f %8.1f %14s%n",
                            peer.title(),
                            run.millions(peer, operation, threads),
                            run.measurements().nanos(name),
                            run.measurements().spread(name));
                    figures.put("peers." + name + ".ns", run.measurements().nanos(name));
                }
            }
        }
    }

    private void memory() {
        out.printf(
                "%nMemory for %,d entries of %d and %d bytes: outside the heap, and live on it%n",
                PeerBench.ENTRIES, KeyStream.KEY_BYTES, PeerBench.VALUE_BYTES);
        out.printf("%-44s %9s %9s %12s %9s %9s%n", "", "B/entry", "entries", "MiB: outside", "on heap", "if empty");
        for (Peer peer : run.peers()) {
            Sizes sizes = run.sizes(peer).getLast();
            out.printf(
                    "  %-42s %9.0f %9d %12.0f %9.0f %9.0f%n",
                    peer.title(),
                    run.bytesPerEntry(peer),
                    sizes.entries(),
                    mebibytes(sizes.nativeBytes()),
                    mebibytes(sizes.heapBytes()),
                    mebibytes(sizes.emptyBytes()));
            figures.put("peers.memory." + peer.id() + ".bytes_per_entry", run.bytesPerEntry(peer));
        }
    }

    private static double mebibytes(long bytes) {
        return (double) bytes / (1 << 20);
    }

    private void latencies() {
        if (run.latencies().isEmpty()) {
            return;
        }
        out.printf("%n%-44s", "ns for one of 95 % read, 2 threads, at most");
        for (double share : Latencies.SHARES) {
            out.printf(" %9s", share + " %");
        }
        out.println();
        run.latencies().forEach((peer, latencies) -> {
            out.printf("  %-42s", peer.title());
            for (double share : Latencies.SHARES) {
                out.printf(" %9.0f", latencies.nanos(share));
            }
            out.println();
            figures.put("peers.latency." + peer.id() + ".p99.9_ns", latencies.nanos(99.9));
        });
    }

    private void ratios() {
        if (!run.peers().contains(Peer.ZMALLOC)) {
            return;
        }
        out.printf("%n%-72s %6s %8s%n", "ratio of medians", "", "goal");
        rate(Operation.READ, 1, Peer.CHM, 1.2);
        rate(Operation.READ, 1, Peer.CHRONICLE, 1.5);
        rate(Operation.READ, 1, Peer.OHC, 1.7);
        rate(Operation.OVERWRITE, 1, Peer.CHM, 1.3);
        rate(Operation.OVERWRITE, 1, Peer.OHC, 1.6);
        best(Operation.OVERWRITE, 2, 1.3);
        best(Operation.MIXED, 2, 1.4);
        bytes(Peer.OHC, 0.6);
        bytes(Peer.CHM, 0.5);
    }

    private void rate(Operation operation, int threads, Peer peer, double goal) {
        if (run.measured(operation, threads) && run.peers().contains(peer)) {
            line(operation, threads, peer, peer.title(), peer.id(), goal);
        }
    }

    private void best(Operation operation, int threads, double goal) {
        Optional<Peer> best = run.peers().stream()
                .filter(peer -> peer != Peer.ZMALLOC && run.measured(operation, threads))
                .max(Comparator.comparingDouble(peer -> run.millions(peer, operation, threads)));
        best.ifPresent(peer -> line(operation, threads, peer, "the best peer, " + peer.title(), "best_peer", goal));
    }

    private void line(Operation operation, int threads, Peer peer, String words, String id, double goal) {
        double ratio = run.millions(Peer.ZMALLOC, operation, threads) / run.millions(peer, operation, threads);
        String name = PeerCase.name(Peer.ZMALLOC, operation, threads);
        out.printf(
                "%-72s %6.2f %8s%n",
                "rate, " + operation.title() + ", " + threads + (threads == 1 ? " thread" : " threads") + ", to "
                        + words,
                ratio,
                ">= " + goal);
        figures.put("peers." + name + ".to_" + id, ratio);
    }

    private void bytes(Peer peer, double goal) {
        if (run.peers().contains(peer)) {
            double ratio = run.bytesPerEntry(Peer.ZMALLOC) / run.bytesPerEntry(peer);
            out.printf("%-72s %6.2f %8s%n", "resident bytes an entry, to " + peer.title(), ratio, "<= " + goal);
            figures.put("peers.memory.zmalloc.to_" + peer.id(), ratio);
        }
    }

    /** What {@code figure:} lines are made of. */
    static List<String> lines(Map<String, Double> figures) {
        return figures.entrySet().stream()
                .map(figure -> String.format("figure: %s = %.3f", figure.getKey(), figure.getValue()))
                .toList();
    }
}
