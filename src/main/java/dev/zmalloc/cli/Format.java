package dev.zmalloc.cli;

import dev.zmalloc.MemorySize;
import java.util.Locale;
import java.util.OptionalLong;

/** Turns figures into text, the same in every locale. */
final class Format {
    /** What stands for a figure that this backend or system does not tell. */
    static final String NOT_TOLD = "not told";

    private static final long SECONDS_PER_MINUTE = 60;
    private static final long MINUTES_PER_HOUR = 60;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final long NANOS_PER_TENTH = NANOS_PER_SECOND / 10;

    private Format() {}

    /** Returns a number with its thousands marked: {@code 1,234,567}. */
    static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** Returns a rate: {@code 1,234/s}, or {@code 1.2/s} below ten. */
    static String perSecond(double rate) {
        return rate < 10 && rate > 0 ? String.format(Locale.ROOT, "%.1f/s", rate) : count(Math.round(rate)) + "/s";
    }

    /** Returns {@code part} of {@code whole} as a percentage with two decimals; {@code -} if there is no whole. */
    static String percent(long part, long whole) {
        return whole == 0 ? "-" : String.format(Locale.ROOT, "%.2f %%", 100.0 * part / whole);
    }

    /** Returns a ratio with two decimals, as Redis prints it: {@code 1.04}. */
    static String ratio(double ratio) {
        return String.format(Locale.ROOT, "%.2f", ratio);
    }

    /** Returns a time as people read it: {@code 0.4 s}, {@code 12 s}, {@code 3 min 05 s}, {@code 2 h 07 min}. */
    static String duration(long nanos) {
        if (nanos < 10 * NANOS_PER_SECOND - NANOS_PER_TENTH / 2) {
            return String.format(Locale.ROOT, "%.1f s", (double) nanos / NANOS_PER_SECOND);
        }
        long seconds = nanos / NANOS_PER_SECOND + (nanos % NANOS_PER_SECOND >= NANOS_PER_SECOND / 2 ? 1 : 0);
        if (seconds < SECONDS_PER_MINUTE) {
            return seconds + " s";
        }
        long minutes = seconds / SECONDS_PER_MINUTE;
        if (minutes < MINUTES_PER_HOUR) {
            return String.format(Locale.ROOT, "%d min %02d s", minutes, seconds % SECONDS_PER_MINUTE);
        }
        return String.format(Locale.ROOT, "%d h %02d min", minutes / MINUTES_PER_HOUR, minutes % MINUTES_PER_HOUR);
    }

    /**
     * Returns a bar of {@code width} characters, the ends included, filled from 0 to 1, or to the nearer of the two;
     * nothing if there is no room for one.
     */
    static String bar(double fraction, int width) {
        int cells = width - 2;
        if (cells < 1) {
            return "";
        }
        // Full only when it is: rounding up would show 99.9 % as done. NaN counts as 0.
        int filled = (int) Math.floor(Math.clamp(Double.isNaN(fraction) ? 0 : fraction, 0.0, 1.0) * cells);
        return "[" + "#".repeat(filled) + "-".repeat(cells - filled) + "]";
    }

    /** Returns a number of bytes for people, or {@link #NOT_TOLD}. */
    static String bytes(OptionalLong bytes) {
        return bytes.isPresent() ? MemorySize.format(bytes.getAsLong()) : NOT_TOLD;
    }
}
