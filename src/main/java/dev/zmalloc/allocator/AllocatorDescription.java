package dev.zmalloc.allocator;

import java.util.List;
import java.util.OptionalLong;

/**
 * An allocator's account of itself, for people. Nothing in it changes once the allocator serves.
 *
 * @param name name of the allocator, as in the settings
 * @param version version in the library's own words; empty if it does not tell
 * @param file path of the library as the dynamic linker reports it, or the jar that holds it; empty if there is none
 * @param origin where it comes from
 * @param attempts every place that was tried, in order, the one that succeeded last
 * @param pageBytes page size that the allocator works with; empty if it is not known
 * @param sizeClassBytes usable sizes that the allocator gives, ascending; what is larger than the last takes whole
 *     pages. Empty if it does not work in fixed classes or does not tell
 * @param options what it was asked to start with, and what it made of that
 */
public record AllocatorDescription(
        String name,
        String version,
        String file,
        Origin origin,
        List<LoadAttempt> attempts,
        OptionalLong pageBytes,
        List<Long> sizeClassBytes,
        List<AllocatorOption> options) {
    /** Keeps copies of the lists. */
    public AllocatorDescription {
        attempts = List.copyOf(attempts);
        sizeClassBytes = List.copyOf(sizeClassBytes);
        options = List.copyOf(options);
    }

    /**
     * A description of an allocator that has nothing more to tell than its name and version: one of the application's
     * own.
     */
    public static AllocatorDescription of(String name, String version) {
        return new AllocatorDescription(
                name, version, "", Origin.CLASS, List.of(), OptionalLong.empty(), List.of(), List.of());
    }
}
