package dev.zmalloc.cli;

import java.io.PrintStream;
import java.util.Map;
import java.util.OptionalLong;

/**
 * How far a bench is: one line that is drawn over on a terminal, and elsewhere a line for each thing that it begins.
 * For one thread.
 */
public final class ProgressLine {
    private static final String CLEAR = "\r\033[K";
    private static final int MAX_COLUMNS = 100;
    private static final int BAR_COLUMNS = 22;

    private final PrintStream out;
    private final Terminal terminal;
    private String doing = "";

    private ProgressLine(PrintStream out, Terminal terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** On the terminal, or the file or pipe, that standard output is. */
    public static ProgressLine onStandardOutput(Map<String, String> environment) {
        return new ProgressLine(System.out, Terminal.detect(environment));
    }

    /** On a file or pipe. */
    public static ProgressLine onPipe(PrintStream out) {
        return new ProgressLine(out, Terminal.NONE);
    }

    /** Whether a line is drawn over; if not, each is there to stay. */
    public boolean isDrawnOver() {
        return terminal.interactive();
    }

    /**
     * Shows the state of things. Off a terminal, only when something else is done than before.
     *
     * @param fraction how much is done, from 0 to 1
     * @param now what is done
     * @param leftNanos how long the rest takes; empty if that is not known
     */
    public void show(double fraction, String now, OptionalLong leftNanos) {
        String left = leftNanos.isPresent() ? ", " + Format.duration(leftNanos.getAsLong()) + " left" : "";
        String percent = (int) (100 * fraction) + " %";
        if (terminal.interactive()) {
            int columns = Math.min(MAX_COLUMNS, terminal.columns() - 1);
            String line = Format.bar(fraction, BAR_COLUMNS) + " " + percent + "  " + now + left;
            out.print(CLEAR + line.substring(0, Math.min(columns, line.length())));
            out.flush();
        } else if (!now.equals(doing)) {
            out.printf("%5s  %s%s%n", percent, now, left);
        }
        doing = now;
    }

    /** Takes the line away: what is printed next begins where it was. */
    public void end() {
        if (terminal.interactive()) {
            out.print(CLEAR);
            out.flush();
        }
    }
}
