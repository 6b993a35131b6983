package dev.zmalloc.cli;

import java.io.Console;
import java.util.Map;

/**
 * What the output goes to.
 *
 * @param interactive whether lines can be drawn over; false for files, pipes and terminals that cannot do it
 * @param colour whether colour is wanted
 * @param columns how many characters a line holds
 */
record Terminal(boolean interactive, boolean colour, int columns) {
    private static final int DEFAULT_COLUMNS = 80;
    private static final int DEFAULT_ROWS = 24;

    /** A file or a pipe: lines of text and nothing else. */
    static final Terminal NONE = new Terminal(false, false, DEFAULT_COLUMNS);

    /** Looks at the terminal that standard input and output are connected to, if they are. */
    @SuppressWarnings("SystemConsoleNull") // It is null on some JDKs of 22 and later when there is no terminal.
    static Terminal detect(Map<String, String> environment) {
        Console console = System.console();
        if (console == null || !console.isTerminal()) {
            return NONE;
        }
        return of(environment, CommandOutput.of("stty", "size"));
    }

    /**
     * Describes a terminal by {@code TERM}, {@code NO_COLOR} and {@code COLUMNS} of the environment, and by what
     * {@code stty size} printed: rows and columns; empty if it could not be asked.
     */
    static Terminal of(Map<String, String> environment, String sttySize) {
        String[] size = sttySize.strip().split(" ", -1);
        int rows = size.length == 2 ? positive(size[0], DEFAULT_ROWS) : DEFAULT_ROWS;
        int columns = size.length == 2
                ? positive(size[1], DEFAULT_COLUMNS)
                : positive(environment.getOrDefault("COLUMNS", ""), DEFAULT_COLUMNS);
        String kind = environment.getOrDefault("TERM", "dumb");
        // Drawing over lines that have scrolled out of view would garble the screen.
        boolean interactive = !kind.isEmpty() && !kind.equals("dumb") && rows > DashboardView.MAX_LINES;
        // The convention of no-color.org: set and not empty.
        boolean colour = interactive && environment.getOrDefault("NO_COLOR", "").isEmpty();
        return new Terminal(interactive, colour, columns);
    }

    private static int positive(String text, int otherwise) {
        try {
            int value = Integer.parseInt(text);
            return value > 0 ? value : otherwise;
        } catch (NumberFormatException e) {
            return otherwise;
        }
    }
}
