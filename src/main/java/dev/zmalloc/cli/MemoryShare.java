package dev.zmalloc.cli;

import dev.zmalloc.MemorySize;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A limit of memory as an option says it: {@code 256mb}, or {@code 5%} of something.
 *
 * @param text as it was written
 * @param bytes the size; 0 where it is a share
 * @param percent the share; 0 where it is a size
 */
record MemoryShare(String text, long bytes, double percent) {
    private static final Pattern SHARE = Pattern.compile("([0-9]{1,5}(?:\\.[0-9]{1,6})?) ?%");

    /** Reads one; more than 0. */
    static MemoryShare parse(String written) {
        String text = written.strip();
        Matcher share = SHARE.matcher(text);
        MemoryShare parsed = share.matches()
                ? new MemoryShare(text, 0, Double.parseDouble(share.group(1)))
                : new MemoryShare(text, MemorySize.parse(text), 0);
        if (parsed.bytes == 0 && parsed.percent == 0) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no limit; accepted are sizes such as 256mb and shares such as 5%, more than 0");
        }
        return parsed;
    }

    /** The limit in bytes, at least 1, where the whole has so many. */
    long of(long wholeBytes) {
        return bytes != 0 ? bytes : Math.max(1, (long) (percent / 100 * wholeBytes));
    }
}
