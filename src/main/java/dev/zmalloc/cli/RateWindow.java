package dev.zmalloc.cli;

import java.util.ArrayDeque;
import java.util.Deque;

/** Rate of a growing counter over a moving window of time. For a single thread. */
final class RateWindow {
    private record Sample(long nanos, long count) {}

    private static final double NANOS_PER_SECOND = 1e9;

    private final long windowNanos;
    private final Deque<Sample> samples = new ArrayDeque<>();

    /** Creates a window that looks back {@code windowNanos}, or to the oldest sample where that is less. */
    RateWindow(long windowNanos) {
        this.windowNanos = windowNanos;
    }

    /**
     * Takes a sample of the counter at a time that never goes back, and returns the rate over the window that ends with
     * it, per second; 0 for the first sample.
     */
    double perSecond(long nanos, long count) {
        samples.addLast(new Sample(nanos, count));
        // One sample at or before the window's begin stays, so that the whole window is covered.
        while (samples.size() > 2 && nanos - second().nanos() >= windowNanos) {
            samples.removeFirst();
        }
        Sample oldest = samples.getFirst();
        long elapsed = nanos - oldest.nanos();
        return elapsed <= 0 ? 0 : Math.max(0, count - oldest.count()) * NANOS_PER_SECOND / elapsed;
    }

    private Sample second() {
        var iterator = samples.iterator();
        iterator.next();
        return iterator.next();
    }
}
