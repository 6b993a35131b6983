package dev.zmalloc.bench.compare;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The workloads that there are. */
enum WorkloadKind {
    STORE("Off-heap store", "a cache at its limit, recorded: Zipf keys, mixed sizes, eviction, larger values half way"),
    FRAGMENTING(
            "Fragmenting", "fill, free 75 to 95 % at random, refill with larger blocks: six rounds, 16 B to 256 KiB");

    private final String title;
    private final String words;

    WorkloadKind(String title, String words) {
        this.title = title;
        this.words = words;
    }

    /** A heading. */
    String title() {
        return title;
    }

    /** What it does, in one line. */
    String words() {
        return words;
    }

    /** The name in lower case, as on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** All names, for messages. */
    static String names() {
        return Arrays.stream(values()).map(WorkloadKind::toString).collect(Collectors.joining(", "));
    }
}
