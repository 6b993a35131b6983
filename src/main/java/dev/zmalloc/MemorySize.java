package dev.zmalloc;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sizes of memory as people write and read them.
 *
 * <p>Written sizes follow the convention of Redis' configuration: a bare {@code k}, {@code m}, {@code g} or {@code t}
 * is a power of 1000, with a {@code b} behind it ({@code kb}, {@code mb}, {@code gb}, {@code tb}) it is a power of
 * 1024. The unambiguous {@code kib}, {@code mib}, {@code gib} and {@code tib} are accepted for the powers of 1024 too,
 * since that is how {@link #format} prints them. Case does not matter.
 */
public final class MemorySize {
    private static final Pattern WRITTEN = Pattern.compile("([0-9]+) ?([a-z]*)");
    private static final int MAX_TEXT_LENGTH = 40;
    private static final long UNIT_STEP = 1024;
    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    private MemorySize() {}

    /**
     * Returns the number of bytes that {@code text} stands for: a whole number, then optionally one space, then
     * optionally a unit. {@code "32mb"} is 33,554,432, {@code "32m"} is 32,000,000, {@code "4096"} is 4,096.
     *
     * @param text for example {@code 32mb}, {@code 64k}, {@code 1 GiB}
     * @return bytes, 0 or more
     * @throws IllegalArgumentException if {@code text} is not such a size, or exceeds {@link Long#MAX_VALUE}; the
     *     message is one line that says what is accepted
     */
    public static long parse(String text) {
        Matcher matcher = WRITTEN.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw refusal(text, "is not a size");
        }
        long bytesPerUnit = bytesPerUnit(matcher.group(2));
        if (bytesPerUnit == 0) {
            throw refusal(text, "has an unknown unit");
        }
        try {
            return Math.multiplyExact(Long.parseLong(matcher.group(1)), bytesPerUnit);
        } catch (ArithmeticException | NumberFormatException e) {
            throw refusal(text, "is more than " + Long.MAX_VALUE + " bytes");
        }
    }

    /**
     * Returns {@code bytes}, which may be negative, for people, in powers of 1024 with one decimal: {@code "512 B"},
     * {@code "31.9 MiB"}. That is rounded, so {@link #parse} does not give the same number back.
     */
    public static String format(long bytes) {
        double value = bytes;
        int unit = 0;
        // The bound is where one decimal would round up to 1024.0, which the next unit prints as 1.0.
        while (Math.abs(value) >= (unit == 0 ? UNIT_STEP : UNIT_STEP - 0.05) && unit < UNITS.length - 1) {
            value /= UNIT_STEP;
            unit++;
        }
        return unit == 0 ? bytes + " B" : String.format(Locale.ROOT, "%.1f %s", value, UNITS[unit]);
    }

    /** Returns 0 for an unknown unit. */
    private static long bytesPerUnit(String unit) {
        return switch (unit) {
            case "", "b" -> 1L;
            case "k" -> 1_000L;
            case "m" -> 1_000_000L;
            case "g" -> 1_000_000_000L;
            case "t" -> 1_000_000_000_000L;
            case "kb", "kib" -> 1L << 10;
            case "mb", "mib" -> 1L << 20;
            case "gb", "gib" -> 1L << 30;
            case "tb", "tib" -> 1L << 40;
            default -> 0L;
        };
    }

    private static IllegalArgumentException refusal(String text, String what) {
        String shown = text.length() <= MAX_TEXT_LENGTH ? text : text.substring(0, MAX_TEXT_LENGTH) + "...";
        return new IllegalArgumentException("'" + shown.replaceAll("\\p{Cntrl}", "?") + "' " + what
                + "; accepted are whole numbers with b, kb, mb, gb, tb (powers of 1024) or k, m, g, t (powers"
                + " of 1000)");
    }
}
