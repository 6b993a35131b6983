package dev.zmalloc.cli;

import java.util.ArrayList;
import java.util.List;

/**
 * Prints an ascending list of sizes compactly: neighbours at the same distance become one range, the largest are summed
 * up.
 */
final class SizeClasses {
    /** Sizes above this are only counted: no cache of small things has use for them. */
    private static final long LISTED_BYTES = 1 << 20;

    private static final long UNIT_STEP = 1024;
    private static final String[] UNITS = {"", "K", "M", "G", "T", "P", "E"};

    private SizeClasses() {}

    /**
     * Returns lines such as {@code 8, 16 to 128 by 16, 160 to 256 by 32}, of ascending sizes in bytes; K, M and so on
     * are powers of 1024, and always whole. No line is longer than {@code columns}, unless a range alone is.
     */
    static List<String> lines(List<Long> sizes, int columns) {
        int listed = (int) sizes.stream().filter(size -> size <= LISTED_BYTES).count();
        List<String> parts = ranges(sizes.subList(0, listed));
        if (listed < sizes.size()) {
            parts.add((sizes.size() - listed) + " more up to " + text(sizes.getLast()));
        }
        return wrapped(parts, columns);
    }

    private static List<String> ranges(List<Long> sizes) {
        List<String> ranges = new ArrayList<>();
        int first = 0;
        while (first < sizes.size()) {
            int last = endOfRange(sizes, first);
            ranges.add(
                    last == first
                            ? text(sizes.get(first))
                            : text(sizes.get(first)) + " to " + text(sizes.get(last)) + " by "
                                    + text(sizes.get(last) - sizes.get(last - 1)));
            first = last + 1;
        }
        return ranges;
    }

    /** Returns the last index of the range of even steps that begins at {@code first}; two sizes alone are none. */
    private static int endOfRange(List<Long> sizes, int first) {
        int last = first + 1;
        while (last + 1 < sizes.size()
                && sizes.get(last + 1) - sizes.get(last) == sizes.get(first + 1) - sizes.get(first)) {
            last++;
        }
        return last - first >= 2 ? last : first;
    }

    private static List<String> wrapped(List<String> parts, int columns) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String part : parts) {
            if (!line.isEmpty() && line.length() + part.length() + ", ,".length() > columns) {
                lines.add(line.append(',').toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : ", ").append(part);
        }
        if (!line.isEmpty()) {
            lines.add(line.toString());
        }
        return lines;
    }

    private static String text(long bytes) {
        long value = bytes;
        int unit = 0;
        while (value >= UNIT_STEP && value % UNIT_STEP == 0 && unit < UNITS.length - 1) {
            value /= UNIT_STEP;
            unit++;
        }
        return value + UNITS[unit];
    }
}
