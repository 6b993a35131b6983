package dev.zmalloc.cli;

import dev.zmalloc.allocator.AllocatorDescription;
import java.io.PrintStream;

/** One line that says which allocator serves. */
final class AllocatorLine {
    private AllocatorLine() {}

    static void print(AllocatorDescription allocator, PrintStream out) {
        out.printf("%-12s%s%n", "allocator", text(allocator));
    }

    /** Returns name, version, origin and file, as far as they are known. */
    static String text(AllocatorDescription allocator) {
        StringBuilder text = new StringBuilder(allocator.name());
        if (!allocator.version().isEmpty()) {
            text.append(' ').append(allocator.version());
        }
        text.append(", ").append(allocator.origin());
        if (!allocator.file().isEmpty()) {
            text.append(": ").append(allocator.file());
        }
        return text.toString();
    }
}
