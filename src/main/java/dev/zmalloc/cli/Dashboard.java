package dev.zmalloc.cli;

import java.io.PrintStream;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/**
 * Shows a run while it goes on: on a terminal a few lines that are redrawn four times a second, otherwise a line every
 * five seconds. For a single thread.
 */
final class Dashboard {
    private static final long REDRAW_NANOS = 250_000_000L;
    private static final long PLAIN_LINE_NANOS = 5_000_000_000L;
    private static final String CLEAR_TO_END_OF_LINE = "\u001b[K";
    private static final String CLEAR_TO_END_OF_SCREEN = "\u001b[J";
    // Lines that a terminal made narrower since cannot hold are clipped, not wrapped. Each frame ends with wrapping on,
    // so
    // that the terminal is as it was whatever ends the program.
    private static final String WRAP_OFF = "\u001b[?7l";
    private static final String WRAP_ON = "\u001b[?7h";

    private final PrintStream out;
    private final Terminal terminal;
    private int linesShown;

    /** Creates a dashboard that writes to {@code out}, which {@code terminal} describes. */
    Dashboard(PrintStream out, Terminal terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** Returns how long the caller may wait between two calls of {@link #show}. */
    long intervalNanos() {
        return terminal.interactive() ? REDRAW_NANOS : PLAIN_LINE_NANOS;
    }

    /** Shows {@code now} in place of what was shown before; on other output, one more line. */
    void show(Progress now) {
        show(() -> DashboardView.plainLine(now), columns -> DashboardView.lines(now, columns));
    }

    /** The same for anything that can be told in one line, or in some that hold at most so many characters each. */
    void show(Supplier<String> plainLine, IntFunction<List<String>> screenLines) {
        if (!terminal.interactive()) {
            out.println(plainLine.get());
            return;
        }
        List<String> lines = screenLines.apply(terminal.columns());
        StringBuilder frame = new StringBuilder(WRAP_OFF);
        if (linesShown > 0) {
            frame.append("\u001b[").append(linesShown).append('A'); // cursor up
        }
        for (String line : lines) {
            frame.append('\r').append(terminal.colour() ? DashboardView.coloured(line) : line);
            frame.append(CLEAR_TO_END_OF_LINE).append('\n');
        }
        // One write, so that the terminal does not show half a frame.
        out.print(frame.append(CLEAR_TO_END_OF_SCREEN).append(WRAP_ON));
        out.flush();
        linesShown = lines.size();
    }
}
