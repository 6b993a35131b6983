package dev.zmalloc.trace;

import dev.zmalloc.evict.EvictionPolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** Reads all traces of a folder and replays some, for {@link PublishedTracesTest}. */
final class PublishedTracesProbe {
    private static final String RATIOS = "reference-hit-ratios.csv";
    private static final StepListener GO_ON = done -> true;

    /** Large beside what keys, table and rounding take: about 1 %. */
    private static final int UNIT_BYTES = 20_000;

    private PublishedTracesProbe() {}

    /** Prints format, requests and keys of each trace, and hit ratios with what they are compared with. */
    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        List<String> ratios =
                Files.exists(folder.resolve(RATIOS)) ? Files.readAllLines(folder.resolve(RATIOS)) : List.of();
        for (Path path : list(folder)) {
            String name = String.valueOf(path.getFileName());
            TraceFile file = TraceFile.of(path, null);
            TraceSummary summary = TraceSummary.of(file, UNIT_BYTES, true, GO_ON);
            System.out.println(name + "=" + file.format() + " " + summary.requests() + " " + summary.uniqueKeys());
            for (String line : ratios) {
                String[] cells = line.split(",");
                if (cells[0].equals(PublishedTracesTest.REFERENCE_NAMES.get(name)) && !cells[4].equals("1")) {
                    compare(file, summary, cells);
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

    private static void compare(TraceFile file, TraceSummary summary, String[] cells) throws IOException {
        boolean unit = cells[1].equals("unit");
        long bytes = Long.parseLong(cells[5]) * (unit ? UNIT_BYTES : 1);
        if (cells[6].equals(unit ? "opt" : "opt-size")) {
            print(cells, optimum(summary, bytes));
        }
        for (EvictionPolicy policy : EvictionPolicy.values()) {
            // The largest would copy gigabytes.
            boolean small = summary.requestedBytes() < 12L << 30;
            if (small && Objects.equals(PublishedTracesTest.REFERENCE_COLUMNS.get(policy), cells[6])) {
                ReplayResult result = Replay.run(file, policy, bytes, UNIT_BYTES, GO_ON);
                if (result.problem() != null) {
                    throw new AssertionError(result);
                }
                if (unit && result.hits() > optimum(summary, bytes).hits()) {
                    throw new AssertionError("above the optimum: " + result);
                }
                print(cells, result);
            }
        }
    }

    private static ReplayResult optimum(TraceSummary summary, long bytes) {
        return Reference.OPTIMUM.run(Objects.requireNonNull(summary.history()), bytes, GO_ON);
    }

    private static void print(String[] cells, ReplayResult result) {
        System.out.println("ratio " + cells[0] + " " + cells[4] + " " + result.policy() + " " + result.hitRatio() + " "
                + cells[7]);
    }
}
