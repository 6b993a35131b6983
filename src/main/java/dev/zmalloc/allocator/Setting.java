package dev.zmalloc.allocator;

import java.util.Locale;
import java.util.Optional;

/**
 * Reads a setting: the system property if it is there, else the variable of the environment. An empty value is none.
 */
final class Setting {
    private Setting() {}

    /**
     * The value of {@code property}, such as {@code zmalloc.library}, or of {@code ZMALLOC_LIBRARY}; empty if neither
     * is set.
     */
    static Optional<String> value(String property) {
        return Optional.ofNullable(System.getProperty(property))
                .or(() -> Optional.ofNullable(System.getenv(variable(property))))
                .map(String::strip)
                .filter(value -> !value.isEmpty());
    }

    /** The name of the variable that stands for {@code property}: capitals, and underscores for the dots. */
    static String variable(String property) {
        return property.toUpperCase(Locale.ROOT).replace('.', '_');
    }
}
