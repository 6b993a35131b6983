package dev.zmalloc.bench.compare;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.zmalloc.bench.Machine;
import dev.zmalloc.bench.compare.Comparison.Absent;
import dev.zmalloc.bench.compare.Comparison.Settings;
import dev.zmalloc.cli.ProgressLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Makes the logs and has each replayed with each allocator, several times. The allocators take turns, so that what else
 * the machine does, and how warm it is, falls on all alike.
 */
final class ComparisonRun {
    /** How long a process takes beside the replay, and a mebibyte of each step. Measured on two idle processors. */
    private static final double START_SECONDS = 1.2;

    private static final double RECORD_SECONDS_PER_MEBIBYTE = 0.04;
    private static final double REPLAY_SECONDS_PER_MEBIBYTE = 0.018;

    private static final String NO_ALLOCATOR = "no allocator";

    private final Settings settings;
    private final List<WorkloadKind> kinds;
    private final List<String> names;
    private final Children children;
    private final ProgressLine progress;

    private final List<Backend> backends = new ArrayList<>();
    private final Map<String, String> absent = new LinkedHashMap<>();
    private final Map<WorkloadKind, Map<String, List<ReplayResult>>> results = new EnumMap<>(WorkloadKind.class);
    private final Map<WorkloadKind, ReplayResult> controls = new EnumMap<>(WorkloadKind.class);
    private double secondsDone;
    private double secondsPlanned;
    private long beginNanos;

    ComparisonRun(
            Settings settings, List<WorkloadKind> kinds, List<String> names, Children children, ProgressLine progress) {
        this.settings = settings;
        this.kinds = kinds;
        this.names = names;
        this.children = children;
        this.progress = progress;
    }

    /** About how long it takes with that many allocators, on a machine that has two processors for it. */
    static double estimatedSeconds(Settings settings, List<WorkloadKind> kinds, int allocators) {
        double seconds = 0;
        for (WorkloadKind kind : kinds) {
            seconds += makingSeconds(settings, kind) + replaySeconds(settings) * (1 + allocators * settings.forks());
        }
        return seconds;
    }

    private static double makingSeconds(Settings settings, WorkloadKind kind) {
        return kind == WorkloadKind.STORE
                ? START_SECONDS + RECORD_SECONDS_PER_MEBIBYTE * settings.mebibytes()
                : START_SECONDS;
    }

    private static double replaySeconds(Settings settings) {
        return START_SECONDS + REPLAY_SECONDS_PER_MEBIBYTE * settings.mebibytes();
    }

    /** Asks which of the allocators are present. Returns those that are not, with the reason. */
    List<Absent> probe() throws IOException, InterruptedException {
        for (String name : names) {
            try {
                String answer = children.run(
                        List.of("-Dzmalloc.allocator=" + name), ReplayMain.class, List.of(ReplayMain.PROBE), () -> {});
                backends.add(JSON.std.beanFrom(Backend.class, answer));
            } catch (Children.Failure e) {
                absent.put(name, firstLine(e));
            }
        }
        return absent();
    }

    /** The allocators that {@link #probe} found. */
    List<Backend> backends() {
        return List.copyOf(backends);
    }

    /**
     * Does it all.
     *
     * @throws Children.Failure if a log could not be made; an allocator whose replay fails is absent from then on
     */
    Comparison execute() throws IOException, InterruptedException, Children.Failure {
        secondsPlanned = estimatedSeconds(settings, kinds, backends.size());
        beginNanos = System.nanoTime();
        for (WorkloadKind kind : kinds) {
            make(kind);
            controls.put(kind, replay(kind, "libc", List.of(ReplayMain.CONTROL), NO_ALLOCATOR));
        }
        for (int fork = 1; fork <= settings.forks(); fork++) {
            for (WorkloadKind kind : kinds) {
                for (Backend backend : backends) {
                    replayOnce(kind, backend, fork);
                }
            }
        }
        progress.end();
        return comparison();
    }

    private void make(WorkloadKind kind) throws IOException, InterruptedException, Children.Failure {
        String doing = "making the log of the " + kind + " workload";
        show(doing);
        if (kind == WorkloadKind.STORE) {
            children.run(
                    List.of(
                            "-Xmx512m",
                            "-Dzmalloc.allocator=" + RecordingAllocator.class.getName(),
                            "-D" + RecordingAllocator.FILE_PROPERTY + "=" + log(kind)),
                    StoreRecording.class,
                    List.of(Integer.toString(settings.mebibytes()), Long.toString(settings.seed())),
                    () -> show(doing));
        } else {
            FragmentingWorkload.write(log(kind), (long) settings.mebibytes() << 20, settings.seed());
        }
        secondsDone += makingSeconds(settings, kind);
    }

    private void replayOnce(WorkloadKind kind, Backend backend, int fork) throws IOException, InterruptedException {
        if (absent.containsKey(backend.name())) {
            return;
        }
        try {
            ReplayResult result =
                    replay(kind, backend.name(), List.of(), backend.name() + ", " + fork + " of " + settings.forks());
            results.computeIfAbsent(kind, key -> new LinkedHashMap<>())
                    .computeIfAbsent(backend.name(), key -> new ArrayList<>())
                    .add(result);
        } catch (Children.Failure e) {
            absent.put(backend.name(), "its replay of the " + kind + " workload failed: " + firstLine(e));
        }
    }

    private ReplayResult replay(WorkloadKind kind, String allocator, List<String> more, String words)
            throws IOException, InterruptedException, Children.Failure {
        String doing = "replaying the " + kind + " workload: " + words;
        show(doing);
        Path result = children.file("result.json");
        // Room for the log, nine bytes an operation, and for the blocks' addresses.
        String heap = (64 + 2 * settings.mebibytes()) + "m";
        List<String> arguments = new ArrayList<>(List.of(log(kind).toString(), result.toString()));
        arguments.addAll(more);
        children.run(
                List.of("-Xms" + heap, "-Xmx" + heap, "-XX:+AlwaysPreTouch", "-Dzmalloc.allocator=" + allocator),
                ReplayMain.class,
                arguments,
                () -> show(doing));
        secondsDone += replaySeconds(settings);
        return JSON.std.beanFrom(ReplayResult.class, Files.readString(result));
    }

    private Path log(WorkloadKind kind) {
        return children.file(kind + ".log");
    }

    private void show(String doing) {
        double elapsed = (System.nanoTime() - beginNanos) / 1e9;
        // The plan, as fast as this machine has been so far. A first process says too little about that.
        double pace = secondsDone > 2 * START_SECONDS ? elapsed / secondsDone : 1;
        double left = Math.max(0, secondsPlanned - secondsDone) * Math.max(pace, 0.1);
        progress.show(secondsDone / secondsPlanned, doing, OptionalLong.of((long) (left * 1e9)));
    }

    private Comparison comparison() {
        List<Backend> compared = backends.stream()
                .filter(backend -> !absent.containsKey(backend.name()))
                .toList();
        List<Comparison.Workload> workloads = new ArrayList<>();
        for (WorkloadKind kind : kinds) {
            List<Comparison.Entry> entries = compared.stream()
                    .map(backend -> new Comparison.Entry(
                            backend, results.getOrDefault(kind, Map.of()).get(backend.name())))
                    .toList();
            workloads.add(new Comparison.Workload(kind, controls.get(kind), entries));
        }
        return new Comparison(Machine.here(), settings, compared, absent(), workloads);
    }

    private List<Absent> absent() {
        return absent.entrySet().stream()
                .map(entry -> new Absent(entry.getKey(), entry.getValue()))
                .toList();
    }

    private static String firstLine(Children.Failure failure) {
        return String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
    }
}
