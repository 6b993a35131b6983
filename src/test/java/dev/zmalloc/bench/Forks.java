package dev.zmalloc.bench;

import java.util.regex.Pattern;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** How benchmarks of the store run. */
public final class Forks {
    private Forks() {}

    /**
     * One JVM that runs one benchmark.
     *
     * @param method class and method of the benchmark
     */
    public static ChainedOptionsBuilder one(String method, int threads, boolean quick) {
        return new OptionsBuilder()
                .include(Pattern.quote(method) + "$")
                .threads(threads)
                .forks(1)
                .warmupIterations(quick ? 2 : 3)
                .warmupTime(TimeValue.milliseconds(quick ? 300 : 700))
                .measurementIterations(quick ? 3 : 6)
                .measurementTime(TimeValue.milliseconds(quick ? 200 : 350))
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT);
    }
}
