package dev.zmalloc.cli;

import dev.zmalloc.trace.StepListener;
import java.util.ArrayList;
import java.util.List;

/** Shows how far a series of passes over a trace is, and passes the stop signal on. For a single thread. */
final class ReplayProgress {
    private static final long RATE_WINDOW_NANOS = 3_000_000_000L;
    private static final double NANOS_PER_SECOND = 1e9;

    private final Dashboard dashboard;
    private final StopSignal stop;
    private final long begin = System.nanoTime();
    private RateWindow rate = new RateWindow(RATE_WINDOW_NANOS);
    private long due;
    private long donePasses;
    private long planned;

    ReplayProgress(Dashboard dashboard, StopSignal stop) {
        this.dashboard = dashboard;
        this.stop = stop;
        due = dashboard.intervalNanos();
    }

    /** Listens to the first pass, which counts the bytes of the file. */
    StepListener reading(long fileBytes) {
        planned = fileBytes;
        rate.perSecond(0, 0);
        return done -> proceed("reading", "bytes", done);
    }

    /** Begins with the passes that count requests. */
    void plan(long requests, int passes) {
        rate = new RateWindow(RATE_WINDOW_NANOS);
        rate.perSecond(System.nanoTime() - begin, 0);
        planned = requests * passes;
    }

    /** Listens to the next of these, which makes so many requests. */
    StepListener pass(String title, long requests) {
        long before = donePasses;
        donePasses += requests;
        return done -> proceed(title, "requests", before + done);
    }

    private boolean proceed(String title, String unit, long done) {
        long elapsed = System.nanoTime() - begin;
        if (elapsed >= due) {
            due = elapsed + dashboard.intervalNanos();
            double perSecond = rate.perSecond(elapsed, done);
            dashboard.show(
                    () -> String.format("%8s", Format.duration(elapsed)) + "  " + title + "  "
                            + progress(done, perSecond) + "  " + rate(unit, perSecond),
                    columns -> lines(title, unit, done, perSecond, columns));
        }
        return !stop.isRaised();
    }

    private List<String> lines(String title, String unit, long done, double perSecond, int columns) {
        List<String> lines = new ArrayList<>();
        lines.add(DashboardView.line("now", title, columns));
        lines.add(DashboardView.line("rate", rate(unit, perSecond), columns));
        lines.add(DashboardView.barLine("progress", (double) done / planned, progress(done, perSecond), columns));
        return lines;
    }

    private static String rate(String unit, double perSecond) {
        return Format.count(Math.round(perSecond)) + " " + unit + "/s";
    }

    private String progress(long done, double perSecond) {
        return Format.percent(done, planned) + "   "
                + (perSecond > 0
                        ? Format.duration((long) (Math.max(0, planned - done) / perSecond * NANOS_PER_SECOND)) + " left"
                        : "time left not known yet");
    }
}
