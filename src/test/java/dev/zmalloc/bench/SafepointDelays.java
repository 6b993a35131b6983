package dev.zmalloc.bench;

import dev.zmalloc.cli.ProgressLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How long a safepoint waits for threads that allocate, by the JVM's own log: with critical calls for small blocks, and
 * without. Each in a JVM of its own, which {@link SafepointLoad} keeps busy.
 */
final class SafepointDelays {
    private static final Pattern REACHED =
            Pattern.compile("Safepoint \"FindDeadlocks\".*Reaching safepoint: *(\\d+) ns");

    private SafepointDelays() {}

    /**
     * The delays of one load.
     *
     * @param nanos sorted
     */
    record Delays(String workload, String calls, List<Long> nanos) {
        /** The delay that this share of all does not pass. */
        double micros(double share) {
            return nanos.get((int) Math.min(nanos.size() - 1, share * nanos.size())) / 1e3;
        }

        Map<String, Object> toMap() {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("workload", workload);
            all.put("calls", calls);
            all.put("safepoints", nanos.size());
            all.put("median_us", micros(0.5));
            all.put("p99_us", micros(0.99));
            all.put("worst_us", micros(1));
            return all;
        }
    }

    static List<Delays> measure(boolean quick, ProgressLine progress) throws IOException, InterruptedException {
        List<Delays> delays = new ArrayList<>();
        for (SafepointLoad.Workload workload : SafepointLoad.Workload.values()) {
            for (String calls : List.of("lookups", "small")) {
                progress.show(1, "safepoints: " + workload + ", " + calls, OptionalLong.empty());
                delays.add(new Delays(workload.toString(), calls, run(workload, calls, quick ? 3 : 15)));
            }
        }
        return delays;
    }

    private static List<Long> run(SafepointLoad.Workload workload, String calls, int seconds)
            throws IOException, InterruptedException {
        Path log = Files.createTempFile("safepoints", ".log");
        try {
            Process load = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "--enable-native-access=ALL-UNNAMED",
                            "-Xmx256m",
                            "-Xlog:safepoint:file=" + log + "::filecount=0",
                            "-Dzmalloc.critical=" + calls,
                            // Every page that is no longer used is given back at once, inside the free.
                            "-Dzmalloc.jemalloc.conf=dirty_decay_ms:0,muzzy_decay_ms:0",
                            "-cp",
                            System.getProperty("java.class.path"),
                            SafepointLoad.class.getName(),
                            workload.name(),
                            Integer.toString(seconds))
                    .inheritIO()
                    .start();
            if (load.waitFor() != 0) {
                throw new IOException("the load ended with " + load.exitValue());
            }
            List<Long> nanos = new ArrayList<>();
            for (String line : Files.readAllLines(log)) {
                Matcher reached = REACHED.matcher(line);
                if (reached.find()) {
                    nanos.add(Long.valueOf(reached.group(1)));
                }
            }
            return nanos.stream().sorted().toList();
        } finally {
            Files.delete(log);
        }
    }
}
