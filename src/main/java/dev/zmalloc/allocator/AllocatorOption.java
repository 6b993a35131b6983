package dev.zmalloc.allocator;

import java.util.Optional;

/**
 * An option that an allocator was asked to take at its start, and what it made of it.
 *
 * @param name in the allocator's own words, such as {@code dirty_decay_ms}
 * @param asked the value asked for
 * @param taken the value that the allocator reports; empty if it has no such option, or does not tell
 * @param accepted whether what it reports is what was asked for
 */
public record AllocatorOption(String name, String asked, Optional<String> taken, boolean accepted) {
    /** One line, such as {@code narenas: asked 2, taken 2}. */
    @Override
    public String toString() {
        return name + ": asked " + asked + ", "
                + taken.map(value -> "taken " + value).orElse("not told, and maybe not known, by this library");
    }
}
