package dev.zmalloc.bench.store;

import dev.zmalloc.bench.Forks;
import dev.zmalloc.bench.Measurements;
import dev.zmalloc.bench.Steps;
import dev.zmalloc.bench.peers.PeerBench;
import dev.zmalloc.bench.store.EntryBytes.Points;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;

/** Runs all there is to measure, each in a JVM of its own. */
final class StoreRun {
    static final List<String> SCALING = List.of("read", "hotKey");
    static final List<String> VALUES = List.of("copyPart", "readPart", "copyWhole", "readWhole");
    static final List<String> TYPED = List.of("readRaw", "readTyped", "readExpiring", "putRaw", "putTyped");
    static final int FEW = 1_000_000;

    private static final String HUGE_PAGES = "thp:always";
    private static final int ROUNDS = 3;
    private static final double SECONDS_OF_A_PUT = 450e-9;
    private static final double SECONDS_OF_A_FAR_PUT = 900e-9;

    private final boolean quick;
    private final Set<Part> parts;
    private final boolean manyFit;
    private final Measurements measurements = new Measurements();
    private final Map<String, List<Long>> notes = new LinkedHashMap<>();
    private final List<GrowthResult> growths = new ArrayList<>();
    private Optional<Points> entryBytes = Optional.empty();

    /** What can be measured. */
    enum Part {
        /** Reads by one thread and two, in a Zipf order and of one key. */
        SCALING,
        /** Values of 4 KiB, copied and read where they lie. */
        VALUES,
        /** The typed cache beside the store. */
        TYPED,
        /** Bytes of an entry beyond key and value. */
        BYTES,
        /** Puts while the store grows from empty. */
        GROWTH,
        /** Reads of a hundred million entries. */
        SIZE
    }

    StoreRun(boolean quick, Set<Part> parts, boolean manyFit) {
        this.quick = quick;
        this.parts = parts;
        this.manyFit = manyFit;
    }

    /** What {@link Part#SIZE} compares with {@link #FEW}. */
    static int many(boolean quick) {
        return quick ? 10_000_000 : 100_000_000;
    }

    int many() {
        return many(quick);
    }

    int grown() {
        return quick ? 2_000_000 : 10_000_000;
    }

    Steps steps() {
        Steps steps = new Steps();
        double fork = quick ? 4 : 7;
        for (int round = 0; round < (quick ? 1 : ROUNDS); round++) {
            if (parts.contains(Part.SCALING)) {
                for (String method : SCALING) {
                    for (int threads : List.of(1, 2)) {
                        steps.add(scaling(method, threads), fork, () -> measureScaling(method, threads));
                    }
                }
            }
            if (parts.contains(Part.VALUES)) {
                VALUES.forEach(method -> steps.add(value(method), fork, () -> measureValues(method)));
            }
            if (parts.contains(Part.TYPED)) {
                TYPED.forEach(method -> steps.add(typed(method), fork + 2, () -> measureTyped(method)));
            }
            if (parts.contains(Part.GROWTH)) {
                steps.add("growth", 4 + 1e-6 * grown(), this::measureGrowth);
            }
            if (parts.contains(Part.SIZE)) {
                addSizes(steps, fork, round == 0);
            }
        }
        if (parts.contains(Part.BYTES)) {
            int stores = (EntryBytes.MOST_PAYLOAD - EntryBytes.LEAST_PAYLOAD) / payloadStep() * 2;
            steps.add("bytes", stores * 1.4e6 * SECONDS_OF_A_PUT, this::measureBytes);
        }
        return steps;
    }

    private void addSizes(Steps steps, double fork, boolean withHugePages) {
        List<Integer> counts = manyFit ? List.of(FEW, many()) : List.of(FEW);
        for (int entries : counts) {
            double seconds = fork + entries * SECONDS_OF_A_FAR_PUT;
            steps.add(size(entries, false), seconds, () -> measureSize(entries, false));
            // How much huge pages help takes no more than one look.
            if (withHugePages) {
                steps.add(size(entries, true), seconds, () -> measureSize(entries, true));
            }
        }
    }

    private int payloadStep() {
        return quick ? EntryBytes.QUICK_STEP : 1;
    }

    static String scaling(String method, int threads) {
        return words(method) + "." + threads + (threads == 1 ? "_thread" : "_threads");
    }

    static String value(String method) {
        return "values." + words(method);
    }

    static String typed(String method) {
        return "typed." + words(method);
    }

    static String size(int entries, boolean hugePages) {
        return "size." + entries / 1_000_000 + "m" + (hugePages ? ".huge_pages" : "");
    }

    /** {@code copyPart} is {@code copy_part}. */
    static String words(String method) {
        return method.replaceAll("(?<=[a-z])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
    }

    private void measureScaling(String method, int threads) throws RunnerException {
        new Runner(Forks.one(PeerBench.class.getSimpleName() + "." + method, threads, quick)
                        .param("peer", "ZMALLOC")
                        .jvmArgs(jvm("1g").toArray(String[]::new))
                        .build())
                .run()
                .forEach(result -> measurements.add(scaling(method, threads), result));
    }

    private void measureValues(String method) throws RunnerException {
        new Runner(Forks.one(ValueBench.class.getSimpleName() + "." + method, 1, quick)
                        .jvmArgs(jvm("1g").toArray(String[]::new))
                        .build())
                .run()
                .forEach(result -> measurements.add(value(method), result));
    }

    private void measureTyped(String method) throws RunnerException {
        new Runner(Forks.one(TypedBench.class.getSimpleName() + "." + method, 1, quick)
                        .jvmArgs(jvm("1g").toArray(String[]::new))
                        .build())
                .run()
                .forEach(result -> measurements.add(typed(method), result));
    }

    private void measureSize(int entries, boolean hugePages) throws RunnerException, IOException {
        String name = size(entries, hugePages);
        Path file = Files.createTempFile("size", ".notes");
        try {
            List<String> options = jvm("512m");
            options.add("-D" + SizeBench.NOTES + "=" + file);
            if (hugePages) {
                options.add("-Dzmalloc.jemalloc.conf=" + HUGE_PAGES);
            }
            new Runner(Forks.one(SizeBench.class.getSimpleName() + ".read", 1, quick)
                            .param("entries", Integer.toString(entries))
                            .jvmArgs(options.toArray(String[]::new))
                            .build())
                    .run()
                    .forEach(result -> measurements.add(name, result));
            notes.put(
                    name,
                    List.of(Files.readString(file).split(" ")).stream()
                            .map(Long::valueOf)
                            .toList());
        } finally {
            Files.delete(file);
        }
    }

    private void measureGrowth() throws IOException, InterruptedException {
        Path log = Files.createTempFile("growth", ".log");
        try {
            List<String> options = jvm("512m");
            options.add("-Xlog:safepoint:file=" + log + ":timenanos:filecount=0");
            String output = run(options, Growth.class, Integer.toString(grown()));
            growths.add(GrowthResult.parse(output, Files.readString(log)));
        } finally {
            Files.delete(log);
        }
    }

    private void measureBytes() throws IOException, InterruptedException {
        entryBytes = Optional.of(Points.parse(run(jvm("256m"), EntryBytes.class, Integer.toString(payloadStep()))));
    }

    /** A fixed heap, touched at the start. */
    private static List<String> jvm(String heap) {
        List<String> options = new ArrayList<>(
                List.of("-Xms" + heap, "-Xmx" + heap, "-XX:+AlwaysPreTouch", "--enable-native-access=ALL-UNNAMED"));
        if (Runtime.version().feature() >= 23) {
            // For JMH, which would be warned of in each JVM.
            options.add("--sun-misc-unsafe-memory-access=allow");
        }
        return options;
    }

    private static String run(List<String> options, Class<?> main, String argument)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName(), argument));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(main.getSimpleName() + " has failed: " + output);
        }
        return output;
    }

    boolean has(Part part) {
        return parts.contains(part);
    }

    boolean quick() {
        return quick;
    }

    boolean manyFit() {
        return manyFit;
    }

    Measurements measurements() {
        return measurements;
    }

    /** Bytes used, resident, and in huge pages, of the last fork of that name. */
    List<Long> notes(String size) {
        return notes.get(size);
    }

    Map<String, List<Long>> notes() {
        return notes;
    }

    List<GrowthResult> growths() {
        return growths;
    }

    Optional<Points> entryBytes() {
        return entryBytes;
    }
}
