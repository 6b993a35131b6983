package dev.zmalloc;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * How much memory this process can have at most, in bytes: what the machine has, and what its control groups (cgroups)
 * allow, as containers and service managers set them. Swap space is left out, and so is what other processes take.
 *
 * @param physicalBytes physical memory of the machine; empty if the kernel does not tell. In a container it is the
 *     host's
 * @param cgroupBytes the lowest limit of the process' cgroup and of those around it, as far as they can be seen from
 *     here; empty if none has a limit
 */
public record MemoryLimits(OptionalLong physicalBytes, OptionalLong cgroupBytes) {
    private static final Path ROOT = Path.of("/");
    private static final AtomicBoolean WARNED = new AtomicBoolean();

    /** The limits now, read from {@code /proc} and {@code /sys/fs/cgroup}; takes less than a millisecond. */
    public static MemoryLimits read() {
        return read(ROOT);
    }

    /** The limits of a system whose root folder is {@code root}. */
    static MemoryLimits read(Path root) {
        return new MemoryLimits(physicalBytes(root), Cgroup.memoryLimit(root));
    }

    /** The smaller of {@link #physicalBytes} and {@link #cgroupBytes}; empty if neither is known. */
    public OptionalLong availableBytes() {
        if (physicalBytes.isPresent() && cgroupBytes.isPresent()) {
            return OptionalLong.of(Math.min(physicalBytes.getAsLong(), cgroupBytes.getAsLong()));
        }
        return cgroupBytes.isPresent() ? cgroupBytes : physicalBytes;
    }

    /**
     * The bytes that a limit stands for, as people write it: a size that {@link MemorySize#parse} takes, such as
     * {@code 256mb}, or a share of {@link #availableBytes} now, such as {@code 70%}.
     *
     * @throws IllegalArgumentException if {@code text} is neither, the share is not 1 to 100, or what the process can
     *     have is not known
     */
    public static long parse(String text) {
        return read().parseLimit(text);
    }

    long parseLimit(String text) {
        String stripped = text.strip();
        if (!stripped.endsWith("%")) {
            return MemorySize.parse(text);
        }
        String number = stripped.substring(0, stripped.length() - 1).strip();
        if (!number.matches("[0-9]{1,3}") || Integer.parseInt(number) < 1 || Integer.parseInt(number) > 100) {
            throw new IllegalArgumentException(
                    "'" + stripped.replaceAll("\\p{Cntrl}", "?") + "' is not a share from 1% to 100%");
        }
        long available = availableBytes()
                .orElseThrow(() -> new IllegalArgumentException(
                        "how much memory this process can have is not known: write the limit in bytes"));
        // The order does not overflow, and loses less than a hundred bytes.
        return available / 100 * Integer.parseInt(number);
    }

    /**
     * Logs a warning if {@code nativeLimit} and the largest heap together are more than this process can have: filling
     * both would make the system swap, or end the process. Only the first call of a process that finds this warns; the
     * logger is {@code dev.zmalloc}.
     *
     * @param nativeLimit limit of native memory in bytes, such as a store's; 0 and less is none, of which nothing can
     *     be said
     * @return whether this call warned
     */
    public static boolean warnIfOvercommitted(long nativeLimit) {
        return warnIfOvercommitted(
                nativeLimit, Runtime.getRuntime().maxMemory(), ROOT, System.getLogger("dev.zmalloc"), WARNED);
    }

    /** The same with its surroundings given. {@code warned} is set by the call that warns. */
    static boolean warnIfOvercommitted(
            long nativeLimit, long heapBytes, Path root, System.Logger logger, AtomicBoolean warned) {
        if (nativeLimit <= 0 || warned.get()) {
            return false;
        }
        MemoryLimits limits = read(root);
        OptionalLong available = limits.availableBytes();
        // The difference cannot overflow where a sum could: a heap without a limit is Long.MAX_VALUE bytes.
        if (available.isEmpty()
                || nativeLimit <= available.getAsLong() - heapBytes
                || !warned.compareAndSet(false, true)) {
            return false;
        }
        boolean byCgroup = limits.cgroupBytes.equals(available);
        logger.log(
                System.Logger.Level.WARNING,
                "A limit of " + MemorySize.format(nativeLimit) + " for native memory and a heap of up to "
                        + MemorySize.format(heapBytes) + " exceed the " + MemorySize.format(available.getAsLong())
                        + (byCgroup ? " that the process' cgroup allows" : " that the machine has")
                        + ": when both fill, the system swaps or ends the process. Lower the limit, or the heap with"
                        + " -Xmx.");
        return true;
    }

    private static OptionalLong physicalBytes(Path root) {
        try {
            for (String line : Files.readAllLines(root.resolve("proc/meminfo"), StandardCharsets.ISO_8859_1)) {
                OptionalLong bytes = ProcessMemory.kilobytes(line, "MemTotal:");
                if (bytes.isPresent()) {
                    return bytes;
                }
            }
            return OptionalLong.empty();
        } catch (IOException | NumberFormatException | ArithmeticException e) {
            return OptionalLong.empty();
        }
    }
}
