package dev.zmalloc.bench;

import dev.zmalloc.cli.ProgressLine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.openjdk.jmh.runner.RunnerException;

/** What a bench does one after the other, with how long that takes, so that it can tell how much is left. */
public final class Steps {
    private static final double NANOS_PER_SECOND = 1e9;

    private final List<Named> steps = new ArrayList<>();

    /** One thing to do, in a JVM of its own. */
    public interface Step {
        /** Does it. */
        void run() throws RunnerException, IOException, InterruptedException;
    }

    private record Named(String name, double seconds, Step step) {}

    /**
     * Puts a step behind those that are there.
     *
     * @param name for the progress line
     * @param seconds how long it takes, by experience
     */
    public void add(String name, double seconds, Step step) {
        steps.add(new Named(name, seconds, step));
    }

    /** How long all take, by experience. */
    public double estimatedSeconds() {
        return steps.stream().mapToDouble(Named::seconds).sum();
    }

    /** The same for people: {@code about 12 minutes}. */
    public String estimate() {
        long minutes = Math.round(estimatedSeconds() / 60);
        return minutes < 2
                ? "about " + Math.round(estimatedSeconds() / 10) * 10 + " seconds"
                : "about " + minutes + " minutes";
    }

    /** Does all. What is left is told by how the steps so far have kept to their estimates. */
    public void execute(ProgressLine progress) throws RunnerException, IOException, InterruptedException {
        double all = estimatedSeconds();
        double done = 0;
        long begun = System.nanoTime();
        for (Named next : steps) {
            double pace = done == 0 ? 1 : (System.nanoTime() - begun) / NANOS_PER_SECOND / done;
            progress.show(done / all, next.name, OptionalLong.of((long) ((all - done) * pace * NANOS_PER_SECOND)));
            next.step.run();
            done += next.seconds;
        }
        progress.end();
    }
}
