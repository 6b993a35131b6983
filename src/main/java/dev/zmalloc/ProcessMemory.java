package dev.zmalloc;

import dev.zmalloc.ffi.PageSize;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * What the Linux kernel says of a process' memory, in bytes. All of the process counts: Java heap, code, thread stacks
 * and native memory, whoever took it. A figure that cannot be had is empty, never 0.
 *
 * <p>Any thread may call. Each call reads the figure anew from {@code /proc}. An identifier of a process that is not
 * positive is refused with an {@link IllegalArgumentException}.
 */
public final class ProcessMemory {
    private static final Path PROC = Path.of("/proc");
    private static final String SELF = "self";
    private static final int RESIDENT_FIELD = 1;
    private static final String KILOBYTES = "kB";

    private ProcessMemory() {}

    /**
     * Bytes of physical memory that this process holds, shared pages included: its resident set. Takes microseconds.
     */
    public static OptionalLong residentBytes() {
        return residentBytes(PROC, SELF);
    }

    /** Like {@link #residentBytes()}, of the process {@code pid}; empty also if it may not be read. */
    public static OptionalLong residentBytes(long pid) {
        return residentBytes(PROC, name(pid));
    }

    /**
     * Bytes of pages that this process alone holds and that it has written to: what would have to be copied or swapped.
     * Costs as much as {@link #smapsBytes(String)}.
     */
    public static OptionalLong privateDirtyBytes() {
        return smapsBytes("Private_Dirty");
    }

    /** Like {@link #privateDirtyBytes()}, of the process {@code pid}; empty also if it may not be read. */
    public static OptionalLong privateDirtyBytes(long pid) {
        return smapsBytes("Private_Dirty", pid);
    }

    /**
     * The sum of a field over all mappings of this process, as {@code /proc/self/smaps} has them.
     *
     * <p>The kernel walks the page tables of the whole process: milliseconds for a small one, seconds for one of many
     * gigabytes. It adds most fields up itself ({@code smaps_rollup}), which is several times faster than reading all
     * mappings; the others, such as {@code Size}, are summed here.
     *
     * @param field its name in that file, such as {@code Private_Dirty}, {@code Pss}, {@code AnonHugePages} or
     *     {@code Swap}
     * @return empty if no mapping has such a field with a number of kilobytes, or the file cannot be read
     */
    public static OptionalLong smapsBytes(String field) {
        return smapsBytes(PROC, SELF, field);
    }

    /** Like {@link #smapsBytes(String)}, of the process {@code pid}; empty also if it may not be read. */
    public static OptionalLong smapsBytes(String field, long pid) {
        return smapsBytes(PROC, name(pid), field);
    }

    /** The size of a page of memory in bytes; empty if the kernel does not tell. */
    public static OptionalLong pageBytes() {
        return PageSize.bytes();
    }

    private static String name(long pid) {
        if (pid <= 0) {
            throw new IllegalArgumentException("no process has the identifier " + pid);
        }
        return Long.toString(pid);
    }

    private static OptionalLong residentBytes(Path proc, String process) {
        OptionalLong pageBytes = pageBytes();
        if (pageBytes.isEmpty()) {
            return OptionalLong.empty();
        }
        try {
            return residentBytes(
                    Files.readString(proc.resolve(process).resolve("statm"), StandardCharsets.ISO_8859_1),
                    pageBytes.getAsLong());
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /** The resident bytes in the text of a {@code statm} file, which counts in pages. */
    static OptionalLong residentBytes(String statm, long pageBytes) {
        String[] fields = statm.strip().split(" ", -1);
        try {
            return OptionalLong.of(Math.multiplyExact(Long.parseLong(fields[RESIDENT_FIELD]), pageBytes));
        } catch (ArithmeticException | NumberFormatException | ArrayIndexOutOfBoundsException e) {
            return OptionalLong.empty();
        }
    }

    /** The field's sum for the process whose folder in {@code proc} is {@code process}. */
    static OptionalLong smapsBytes(Path proc, String process, String field) {
        Path folder = proc.resolve(process);
        OptionalLong sum = sumOfField(folder.resolve("smaps_rollup"), field);
        return sum.isPresent() ? sum : sumOfField(folder.resolve("smaps"), field);
    }

    /** Empty if the file cannot be read to its end, since part of a sum is no sum. */
    private static OptionalLong sumOfField(Path smaps, String field) {
        // Names of files are in there too, in any encoding: one that takes every byte for a character.
        try (BufferedReader lines = Files.newBufferedReader(smaps, StandardCharsets.ISO_8859_1)) {
            String prefix = field + ":";
            OptionalLong sum = OptionalLong.empty();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                OptionalLong bytes = kilobytes(line, prefix);
                sum = bytes.isPresent() ? OptionalLong.of(sum.orElse(0) + bytes.getAsLong()) : sum;
            }
            return sum;
        } catch (IOException | NumberFormatException | ArithmeticException e) {
            return OptionalLong.empty();
        }
    }

    /**
     * The bytes that a line of a file in {@code /proc} tells in kilobytes behind {@code label}; empty if it is no such
     * line. Throws what {@link Long#parseLong} and {@link Math#multiplyExact(long, long)} do.
     */
    static OptionalLong kilobytes(String line, String label) {
        if (!line.startsWith(label) || !line.endsWith(KILOBYTES) || line.length() < label.length() + 2) {
            return OptionalLong.empty();
        }
        String number = line.substring(label.length(), line.length() - KILOBYTES.length());
        return OptionalLong.of(Math.multiplyExact(Long.parseLong(number.strip()), 1024L));
    }
}
