package dev.zmalloc.allocator;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Reads a setting: the system property if it is there, else the variable of the environment. An empty value is none.
 */
final class Setting {
    private Setting() {}

    /** The value of {@code property}, such as {@code zmalloc.library}, or of its variable; empty if neither is set. */
    static Optional<String> value(String property) {
        return Optional.ofNullable(System.getProperty(property))
                .or(() -> Optional.ofNullable(System.getenv(variable(property))))
                .map(String::strip)
                .filter(value -> !value.isEmpty());
    }

    /**
     * The constant that {@code property} names, in lower case or not, of those that {@code otherwise} is one of.
     *
     * @param otherwise the choice where nothing is set
     * @throws AllocatorUnavailableException if there is no such constant; the message has those that there are
     */
    static <E extends Enum<E>> E choice(String property, E otherwise) {
        Optional<String> setting = value(property);
        return setting.isEmpty() ? otherwise : choice(property, setting.get(), otherwise.getDeclaringClass());
    }

    static <E extends Enum<E>> E choice(String property, String name, Class<E> type) {
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equalsIgnoreCase(name)) {
                return constant;
            }
        }
        throw new AllocatorUnavailableException(property + " is \"" + name + "\"; it can be "
                + Arrays.stream(type.getEnumConstants()).map(Enum::toString).collect(Collectors.joining(", ")));
    }

    /** The name of the variable that stands for {@code property}: capitals, and underscores for the dots. */
    static String variable(String property) {
        return property.toUpperCase(Locale.ROOT).replace('.', '_');
    }
}
