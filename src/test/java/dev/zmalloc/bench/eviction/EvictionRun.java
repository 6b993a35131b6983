package dev.zmalloc.bench.eviction;

import dev.zmalloc.bench.Steps;
import dev.zmalloc.bench.peers.Peer;
import dev.zmalloc.bench.peers.PeerJvm;
import dev.zmalloc.testing.FaultInjectingAllocator;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Runs all there is to measure, each time in a JVM of its own, and round by round, so that what the machine does
 * meanwhile falls on all.
 */
final class EvictionRun {
    static final List<Integer> THREADS = List.of(1, 2);
    static final String COST_POLICY = "allkeys-lru";

    private static final int FORKS = 3;
    private static final String ALLOCATOR = "-Dzmalloc.allocator=" + FaultInjectingAllocator.class.getName();

    private final boolean quick;
    private final Set<Part> parts;
    private final PeerJvm jvm;
    private final Findings findings = new Findings();

    /** What can be measured. */
    enum Part {
        /** Get, and put on a miss, beside OHC and Caffeine. */
        CHURN,
        /** What evicting one entry takes, and how that divides. */
        COST,
        /** Single puts at the limit and far from it. */
        PUT,
        /** Single operations while a limit is lowered by half. */
        LOWERING,
        /** Whether the limit is ever passed. */
        LIMIT,
        /** What a listener costs. */
        LISTENER
    }

    EvictionRun(boolean quick, Set<Part> parts, PeerJvm jvm) {
        this.quick = quick;
        this.parts = parts;
        this.jvm = jvm;
    }

    Steps steps() {
        Steps steps = new Steps();
        for (int fork = 0; fork < forks(); fork++) {
            if (parts.contains(Part.CHURN)) {
                for (int threads : THREADS) {
                    for (Contender each : contenders()) {
                        String name = churn(each, threads);
                        steps.add(name, quick ? 5 : 16, () -> churn(each, threads, name));
                    }
                }
            }
            if (parts.contains(Part.COST)) {
                steps.add(
                        "cost", quick ? 5 : 8, () -> run("cost.", EvictionCost.class, COST_POLICY, quick ? "3" : "7"));
            }
            if (parts.contains(Part.PUT)) {
                steps.add("put", quick ? 10 : 24, () -> run("put.", PutLatency.class, quick ? "1" : "4"));
            }
            if (parts.contains(Part.LISTENER)) {
                for (String listens : List.of("false", "true")) {
                    String name = "listener." + listens;
                    steps.add(
                            name,
                            quick ? 6 : 10,
                            () -> run(name + ".", ListenerCost.class, listens, quick ? "1" : "3"));
                }
            }
            if (parts.contains(Part.LOWERING)) {
                String entries = Integer.toString(lowered());
                steps.add("lowering", quick ? 6 : 20, () -> run("lowering.", Lowering.class, entries));
            }
        }
        if (parts.contains(Part.LIMIT)) {
            String maxBytes = Long.toString(16 << 20);
            steps.add("limit", quick ? 10 : 28, () -> limits(maxBytes, quick ? "1000" : "4000"));
        }
        return steps;
    }

    /** A quick run leaves out what only tells one policy of the store from another. */
    List<Contender> contenders() {
        return Arrays.stream(Contender.values())
                .filter(each -> !quick || each.policy() == null || each == Contender.ALLKEYS_LRU)
                .toList();
    }

    private void churn(Contender contender, int threads, String name) throws IOException, InterruptedException {
        String output = jvm.run(
                contender.peer(),
                List.of(),
                Churn.class,
                contender.name(),
                Integer.toString(threads),
                Long.toString(churnBytes()),
                quick ? "2" : "5",
                "700");
        findings.add(name + ".", output);
    }

    private void run(String prefix, Class<?> main, String... arguments) throws IOException, InterruptedException {
        findings.add(prefix, jvm.run(Peer.ZMALLOC, List.of(), main, arguments));
    }

    private void limits(String... arguments) throws IOException, InterruptedException {
        findings.add("limit.", jvm.run(Peer.ZMALLOC, List.of(ALLOCATOR), Limits.class, arguments));
    }

    static String churn(Contender contender, int threads) {
        return "churn." + contender.id() + "." + threads + (threads == 1 ? "_thread" : "_threads");
    }

    /** The limit of all that churn. */
    long churnBytes() {
        return (quick ? 32L : 128L) << 20;
    }

    /** Entries of the store whose limit is lowered. */
    int lowered() {
        return quick ? 2_000_000 : 10_000_000;
    }

    int forks() {
        return quick ? 1 : FORKS;
    }

    boolean quick() {
        return quick;
    }

    boolean has(Part part) {
        return parts.contains(part);
    }

    Findings findings() {
        return findings;
    }
}
