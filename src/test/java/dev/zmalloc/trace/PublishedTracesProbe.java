package dev.zmalloc.trace;

import dev.zmalloc.evict.EvictionPolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** Reads all traces of a folder and counts hits, for {@link PublishedTracesTest}. */
final class PublishedTracesProbe {
    private static final String RATIOS = "reference-hit-ratios.csv";
    private static final StepListener GO_ON = done -> true;

    /** Of a cell, for what draws at random; long traces tell as much at once. */
    private static final int STORES = 3;

    private static final int LONG_TRACE = 250_000;

    /** The policies whose hit ratios that table has, by what it calls them. */
    private static final Map<String, EvictionPolicy> POLICIES = Map.of(
            "redis-lru", EvictionPolicy.ALLKEYS_LRU,
            "s3fifo", EvictionPolicy.ALLKEYS_S3FIFO,
            "s-gdsf-qlog", EvictionPolicy.ALLKEYS_GDSF);

    private PublishedTracesProbe() {}

    /**
     * Prints what each trace is; misses of S3-FIFO; and hit ratios, with those that they are compared with. A ratio has
     * the fields trace, sized or unit, capacity in percent, policy, ours, reference, and exact LRU of the LRU ones.
     */
    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        List<String> ratios =
                Files.exists(folder.resolve(RATIOS)) ? Files.readAllLines(folder.resolve(RATIOS)) : List.of();
        for (Path path : list(folder)) {
            String name = String.valueOf(path.getFileName());
            TraceFile file = TraceFile.of(path, null);
            TraceSummary summary = TraceSummary.of(file, 1, true, GO_ON);
            System.out.println(name + "=" + file.format() + " " + summary.requests() + " " + summary.uniqueKeys());
            TraceSummary.History history = Objects.requireNonNull(summary.history());
            if (name.startsWith("cloudphysics-io")) {
                PublishedTracesTest.GOLDEN_MISSES.keySet().forEach(mebibytes -> golden(history, mebibytes));
            }
            for (String line : ratios) {
                String[] cells = line.split(",");
                if (cells[0].equals(PublishedTracesTest.REFERENCE_NAMES.get(name))) {
                    compare(history, cells);
                }
            }
        }
        System.out.println("done");
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.filter(
                            path -> PublishedTracesTest.REFERENCE_NAMES.containsKey(String.valueOf(path.getFileName())))
                    .sorted()
                    .toList();
        }
    }

    /** As in libCacheSim, nothing of the small queue's size or more is put. */
    private static void golden(TraceSummary.History history, int mebibytes) {
        long limit = (long) mebibytes << 20;
        long hits = HitRatios.ofStore(history, EvictionPolicy.ALLKEYS_S3FIFO, limit, HitRatios.smallQueue(limit) - 1);
        System.out.println("golden." + mebibytes + "=" + (history.keys().length - hits));
    }

    private static void compare(TraceSummary.History history, String[] cells) {
        long limit = Long.parseLong(cells[5]);
        boolean unit = cells[1].equals("unit");
        EvictionPolicy policy = POLICIES.get(cells[6]);
        double ours;
        double bound = 1;
        if (policy != null) {
            int stores = policy == EvictionPolicy.ALLKEYS_S3FIFO || history.keys().length > LONG_TRACE ? 1 : STORES;
            ours = HitRatios.ofStores(history, policy, limit, stores);
            bound = policy == EvictionPolicy.ALLKEYS_LRU ? HitRatios.ofExactLru(history, limit) : bound;
        } else if (cells[6].equals(unit ? "opt" : "opt-size")) {
            ours = Reference.OPTIMUM.run(history, limit, GO_ON).hitRatio();
        } else {
            return;
        }
        String name = policy == null ? Reference.OPTIMUM.toString() : policy.toString();
        System.out.printf(
                Locale.ROOT,
                "ratio %s %s %s %s %.5f %s %.5f%n",
                cells[0],
                cells[1],
                cells[4],
                name,
                ours,
                cells[7],
                bound);
    }
}
