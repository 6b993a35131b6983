package dev.zmalloc.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;

/**
 * Where figures were taken. What cannot be told is {@code unknown}.
 *
 * @param processor its model
 * @param processors how many this process may use
 * @param memoryBytes of the machine
 * @param system the distribution
 * @param kernel its release
 * @param java vendor and version
 * @param hugePages the system's setting for transparent huge pages
 * @param date in UTC
 */
public record Machine(
        String processor,
        int processors,
        long memoryBytes,
        String system,
        String kernel,
        String java,
        String hugePages,
        String date) {
    private static final String UNKNOWN = "unknown";

    /** This one, now. */
    public static Machine here() {
        return new Machine(
                field("/proc/cpuinfo", "model name", ":"),
                Runtime.getRuntime().availableProcessors(),
                kilobytes(field("/proc/meminfo", "MemTotal", ":")) << 10,
                field("/etc/os-release", "PRETTY_NAME", "=").replace("\"", ""),
                System.getProperty("os.version", UNKNOWN).split("-", 2)[0],
                System.getProperty("java.vendor.version", Runtime.version().toString()),
                chosen(field("/sys/kernel/mm/transparent_hugepage/enabled", "", "")),
                LocalDate.now(ZoneOffset.UTC).toString());
    }

    /** In one line. */
    public String words() {
        return processor + ", " + processors + (processors == 1 ? " processor" : " processors") + ", " + system
                + ", kernel " + kernel + ", JDK " + java;
    }

    /** The rest of the first line that begins with {@code name}. */
    private static String field(String file, String name, String separator) {
        try {
            return Files.readAllLines(Path.of(file)).stream()
                    .filter(line -> line.startsWith(name))
                    .map(line -> line.substring(line.indexOf(separator) + separator.length())
                            .strip())
                    .findFirst()
                    .orElse(UNKNOWN);
        } catch (IOException e) {
            return UNKNOWN;
        }
    }

    private static long kilobytes(String text) {
        String digits = text.replaceAll("[^0-9]", "");
        return digits.isEmpty() ? 0 : Long.parseLong(digits);
    }

    /** The word in brackets. */
    private static String chosen(String words) {
        int begin = words.indexOf('[');
        int end = words.indexOf(']');
        return begin >= 0 && end > begin ? words.substring(begin + 1, end) : UNKNOWN;
    }
}
