package dev.zmalloc.bench.compare;

/**
 * An allocator that is present.
 *
 * @param name as in the setting {@code zmalloc.allocator}
 * @param version in the library's own words; may be empty
 * @param file the library; may be empty
 * @param origin where it was found
 */
public record Backend(String name, String version, String file, String origin) {}
