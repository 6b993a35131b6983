package dev.zmalloc.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * One thing to measure: a benchmark method, in a JVM with certain options.
 *
 * @param name for figures, such as {@code churn.sized.critical}
 * @param method class and method of the benchmark
 * @param threads how many run it; 0 for as many as its groups say
 * @param options of the JVM
 */
record Case(String name, String method, int threads, List<String> options) {
    private static final String CRITICAL = "-Dzmalloc.critical=small";
    private static final String ORDINARY = "-Dzmalloc.critical=lookups";

    static final List<String> SHAPES = List.of("pair", "churn");
    static final List<String> LEVELS = List.of("sample", "track", "guard");

    /** All there are, in the order to run them: what is compared runs within a minute of each other. */
    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        for (String shape : SHAPES) {
            cases.add(allocation(shape + ".c.redis", shape + "Redis", 1));
            cases.add(allocation(shape + ".c.best", shape + "Best", 1));
            for (String form : List.of("Sized", "Plain", "SegmentSized", "SegmentPlain")) {
                String name = shape + "." + words(form);
                cases.add(allocation(name + ".critical", shape + form, 1, CRITICAL));
                cases.add(allocation(name + ".ordinary", shape + form, 1, ORDINARY));
            }
        }
        for (String shape : SHAPES) {
            String name = shape + ".sized";
            cases.add(allocation(name + ".critical.2_threads", shape + "Sized", 2, CRITICAL));
            cases.add(allocation(name + ".ordinary.2_threads", shape + "Sized", 2, ORDINARY));
            cases.add(allocation(shape + ".unsafe", shape + "Unsafe", 1, "--sun-misc-unsafe-memory-access=allow"));
        }
        cases.add(allocation("churn.segments_made.critical", "churnSegmentsMade", 1, CRITICAL));
        cases.add(allocation("churn.segments_made.ordinary", "churnSegmentsMade", 1, ORDINARY));
        cases.add(allocation("pair.jdk_arena", "pairJdkArena", 1));
        cases.add(allocation("pair.zmalloc_arena", "pairZMallocArena", 1));
        for (String level : LEVELS) {
            for (String shape : SHAPES) {
                cases.add(allocation(shape + ".sized.debug_" + level, shape + "Sized", 1, "-Dzmalloc.debug=" + level));
            }
        }
        cases.add(new Case("used_memory.quiet", "UsedMemoryBench.quiet", 1, List.of()));
        cases.add(new Case("used_memory.2_writers", "UsedMemoryBench.written", 0, List.of()));
        return cases;
    }

    private static Case allocation(String name, String method, int threads, String... options) {
        return new Case(name, "AllocationBench." + method, threads, List.of(options));
    }

    /** {@code SegmentPlain} is {@code segment_plain}. */
    private static String words(String method) {
        return method.replaceAll("(?<=[a-z])(?=[A-Z])", "_").toLowerCase(java.util.Locale.ROOT);
    }
}
