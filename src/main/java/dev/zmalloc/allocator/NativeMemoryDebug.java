package dev.zmalloc.allocator;

import java.util.Optional;

/**
 * What the debug levels of {@link DebugLevel} know: reports on demand, and a look for damage. The level is set at start
 * and holds for the process. At every level but {@link DebugLevel#OFF} a report of what is still held is printed to
 * standard error when the JVM ends, if anything is.
 */
public final class NativeMemoryDebug {
    private NativeMemoryDebug() {}

    /** The level in force. */
    public static DebugLevel level() {
        return watching().map(WatchingAllocator::level).orElse(DebugLevel.OFF);
    }

    /** What is held now; empty at level {@link DebugLevel#OFF}. Takes time in proportion to the blocks remembered. */
    public static Optional<LeakReport> report() {
        return watching().map(WatchingAllocator::report);
    }

    /** This moment, for {@link #reportSince}. Works at every level, and before an allocator is chosen. */
    public static long mark() {
        return BlockRegistry.lastSerial();
    }

    /** Like {@link #report}, only of blocks that were taken or resized after {@code mark}. */
    public static Optional<LeakReport> reportSince(long mark) {
        return watching().map(watching -> watching.reportSince(mark));
    }

    /**
     * Looks at the red zones of every live block, and at every block that was freed and is still in quarantine. Does
     * nothing below level {@link DebugLevel#GUARD}. Other threads may take and free blocks meanwhile, and must not be
     * writing to red zones.
     *
     * @throws NativeMemoryMisuseError if one was written
     */
    public static void check() {
        watching().ifPresent(WatchingAllocator::check);
    }

    /** Puts what {@code level} asks for around {@code allocator}, and sees to the report at the end. */
    static Allocator watch(Allocator allocator, DebugLevel level) {
        Allocator watched = level.around(allocator);
        if (watched instanceof WatchingAllocator watching) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> printAtEnd(watching), "zmalloc-leak-report"));
        }
        return watched;
    }

    private static void printAtEnd(WatchingAllocator watching) {
        LeakReport report = watching.report();
        if (!report.sites().isEmpty()) {
            System.err.println(report);
        }
    }

    private static Optional<WatchingAllocator> watching() {
        return Allocators.select() instanceof WatchingAllocator watching ? Optional.of(watching) : Optional.empty();
    }
}
