package dev.zmalloc.stress;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.cli.CtrlC;
import dev.zmalloc.cli.ProgressLine;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command behind {@code make stress}. */
@Command(
        name = "stress.sh",
        sortOptions = false,
        description = {
            "Does all operations of a store from many threads at once, half of them virtual, and checks every value",
            "that is served; in rounds of some seconds, each on a store of another shape.",
            "Ctrl-C ends it with the summary so far. ZMALLOC_DEBUG=guard finds reads of freed memory too."
        })
public final class Stress implements Callable<Integer> {
    private static final int PASSED = 0;
    private static final int FAILED = 1;
    private static final int MOST_THREADS = 1_024;
    private static final long ROUND_NANOS = TimeUnit.SECONDS.toNanos(3);
    private static final long DRAWN_OVER_MILLIS = 250;
    private static final long LINE_MILLIS = 5_000;
    private static final long LOOK_MILLIS = 20;

    private final PrintStream out;
    private final ProgressLine progress;
    private final CtrlC stop;
    private final StressSummary summary = new StressSummary();
    private long start;
    private long shownAt;

    @Spec
    @Nullable
    CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this.")
    boolean help;

    @Option(names = "--seconds", paramLabel = "N", description = "How long (default: ${DEFAULT-VALUE}).")
    int seconds = 60;

    @Option(names = "--threads", paramLabel = "N", description = "How many threads (default: ${DEFAULT-VALUE}).")
    int threads = 8;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Where random choices start (default: another each time).")
    long seed = new Random().nextLong();

    Stress(PrintStream out, ProgressLine progress, CtrlC stop) {
        this.out = out;
        this.progress = progress;
        this.stop = stop;
    }

    /** Runs the command and ends the JVM with its exit status. */
    public static void main(String[] arguments) {
        CtrlC stop = new CtrlC();
        stop.listen();
        int code = execute(System.out, System.err, ProgressLine.onStandardOutput(System.getenv()), stop, arguments);
        System.exit(stop.ended(code));
    }

    /** Runs the command. Returns 0, 1 if anything was wrong, or 2 for a command line that was not understood. */
    static int execute(PrintStream out, PrintStream err, ProgressLine progress, CtrlC stop, String... arguments) {
        return new CommandLine(new Stress(out, progress, stop))
                .setOut(new PrintWriter(out, true, out.charset()))
                .setErr(new PrintWriter(err, true, err.charset()))
                .execute(arguments);
    }

    @Override
    public Integer call() throws InterruptedException {
        checkRange("--seconds", seconds, Integer.MAX_VALUE);
        checkRange("--threads", threads, MOST_THREADS);
        out.printf(
                "Stores in turn of the shapes: %s. %d threads, %d seconds, %s, seed %d.%n",
                StressRound.shapes(), threads, seconds, ZMalloc.allocator().name(), seed);
        long before = ZMalloc.zmallocUsedMemory();
        start = System.nanoTime();
        // Short runs see every shape too.
        int shapes = StressRound.SHAPES.size();
        long roundNanos = Math.min(ROUND_NANOS, TimeUnit.SECONDS.toNanos(seconds) / (2L * shapes));
        for (int number = 0; isWanted() && (number < shapes || hasTime()); number++) {
            StressRound round = StressRound.numbered(number, threads, seed);
            round.start();
            watch(round, System.nanoTime() + roundNanos);
            round.end(summary);
        }
        progress.end();
        summary.print(out, (System.nanoTime() - start) / 1e9);
        long left = ZMalloc.zmallocUsedMemory() - before;
        if (left != 0) {
            out.println("FAILED: " + left + " bytes were not given back");
        }
        return summary.hasFailed() || left != 0 ? FAILED : PASSED;
    }

    private boolean isWanted() {
        return !stop.happened() && !summary.hasFailed();
    }

    private boolean hasTime() {
        return System.nanoTime() - start < TimeUnit.SECONDS.toNanos(seconds);
    }

    private void watch(StressRound round, long until) throws InterruptedException {
        while (System.nanoTime() - until < 0 && isWanted() && !round.hasFailed()) {
            Thread.sleep(LOOK_MILLIS);
            long elapsed = System.nanoTime() - start;
            long every = TimeUnit.MILLISECONDS.toNanos(progress.isDrawnOver() ? DRAWN_OVER_MILLIS : LINE_MILLIS);
            if (elapsed - shownAt >= every) {
                shownAt = elapsed;
                show(round, elapsed);
            }
        }
    }

    private void show(StressRound round, long elapsed) {
        long all = TimeUnit.SECONDS.toNanos(seconds);
        long operations = summary.operations() + round.operations();
        String now = String.format(
                Locale.ROOT, "%,d operations, %,.0f/s, %s", operations, operations / (elapsed / 1e9), round);
        progress.show(Math.min(1, (double) elapsed / all), now, OptionalLong.of(Math.max(0, all - elapsed)));
    }

    private void checkRange(String option, int value, int most) {
        CommandSpec set = spec;
        if (set != null && (value < 1 || value > most)) {
            throw new ParameterException(
                    set.commandLine(),
                    "Invalid value for option '" + option + "': '" + value + "'; accepted are whole numbers from 1 to "
                            + most);
        }
    }
}
