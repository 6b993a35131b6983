package dev.zmalloc.allocator;

import dev.zmalloc.ffi.LibraryLoadException;
import dev.zmalloc.ffi.LibraryLoader;
import dev.zmalloc.ffi.NativeProcess;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The options that jemalloc is to start with: the setting {@value #PROPERTY}, in the form of jemalloc's own variable
 * {@code MALLOC_CONF}, such as {@code narenas:2,dirty_decay_ms:0}.
 *
 * <p>jemalloc reads that variable once, while it is loaded. So the variable is set right before and taken back right
 * after, since child processes would inherit it. A value that it had goes first, and what is set here overrides it.
 * jemalloc complains of options that it does not know on standard error, and goes on without them; what it really took
 * is read back.
 *
 * @param asked values by option, in the order of the setting
 */
record JemallocConfiguration(Map<String, String> asked) {
    /** Setting: the options, {@code NAME:VALUE} with commas between. */
    static final String PROPERTY = "zmalloc.jemalloc.conf";

    /** What jemalloc reads: a library with a prefix to its names has one to its variable too. */
    private static final List<String> VARIABLES = List.of("MALLOC_CONF", "JE_MALLOC_CONF");

    /** Options that are read back as text. All others are numbers or booleans. */
    private static final Set<String> TEXT_OPTIONS = Set.of(
            "dss",
            "junk",
            "metadata_thp",
            "percpu_arena",
            "prof_prefix",
            "prof_time_resolution",
            "stats_interval_opts",
            "stats_print_opts",
            "thp",
            "zero_realloc");

    static final JemallocConfiguration NONE = new JemallocConfiguration(Map.of());

    /**
     * What the setting asks for.
     *
     * @throws AllocatorUnavailableException if it has another form
     */
    static JemallocConfiguration ofSettings() {
        return Setting.value(PROPERTY).map(JemallocConfiguration::parse).orElse(NONE);
    }

    /** The options in {@code text}. Of an option that is there more than once, jemalloc takes the last. */
    static JemallocConfiguration parse(String text) {
        Map<String, String> asked = new LinkedHashMap<>();
        for (String pair : text.split(",", -1)) {
            int colon = pair.indexOf(':');
            if (colon <= 0 || colon == pair.length() - 1 || !pair.matches("\\w+:[!-~]+")) {
                throw new AllocatorUnavailableException(PROPERTY + " has \"" + pair + "\" in \"" + text
                        + "\"; it takes jemalloc's options as NAME:VALUE with commas between, such as"
                        + " narenas:2,dirty_decay_ms:0");
            }
            asked.put(pair.substring(0, colon), pair.substring(colon + 1));
        }
        return new JemallocConfiguration(asked);
    }

    /** Loads the library {@code file} while the environment holds the options. Returns its handle. */
    long load(String file) throws LibraryLoadException {
        if (asked.isEmpty()) {
            return LibraryLoader.open(file);
        }
        List<@Nullable String> before = new ArrayList<>();
        for (String variable : VARIABLES) {
            String value = NativeProcess.environment(variable);
            before.add(value);
            NativeProcess.setEnvironment(variable, value == null || value.isEmpty() ? text() : value + "," + text());
        }
        try {
            return LibraryLoader.open(file);
        } finally {
            for (int index = 0; index < before.size(); index++) {
                putBack(VARIABLES.get(index), before.get(index));
            }
        }
    }

    private static void putBack(String variable, @Nullable String value) {
        if (value == null) {
            NativeProcess.unsetEnvironment(variable);
        } else {
            NativeProcess.setEnvironment(variable, value);
        }
    }

    private String text() {
        List<String> pairs = new ArrayList<>();
        asked.forEach((name, value) -> pairs.add(name + ":" + value));
        return String.join(",", pairs);
    }

    /**
     * What jemalloc made of each option. One that it did not take is a warning in the log.
     *
     * @throws AllocatorUnavailableException if the library was in the process before and has other values: the options
     *     came too late
     */
    List<AllocatorOption> readBack(Mallctl mallctl, LibraryKind.Found found) {
        List<AllocatorOption> options = new ArrayList<>();
        asked.forEach((name, value) -> options.add(readBack(mallctl, name, value)));
        List<String> refused = options.stream()
                .filter(option -> !option.accepted())
                .map(AllocatorOption::toString)
                .toList();
        if (refused.isEmpty()) {
            return options;
        }
        if (found.loadedBefore()) {
            throw new AllocatorUnavailableException("jemalloc " + found.version() + " from " + found.file()
                    + " was in the process before it could be configured, so these options of " + PROPERTY
                    + " came too late:\n  " + String.join("\n  ", refused)
                    + "\n  To have them, put them into MALLOC_CONF in the environment that the JVM starts in,"
                    + " or start it without the library in LD_PRELOAD.");
        }
        System.getLogger("dev.zmalloc")
                .log(
                        Level.WARNING,
                        "jemalloc {0} did not take these options of {1}: {2}",
                        found.version(),
                        PROPERTY,
                        String.join("; ", refused));
        return options;
    }

    private static AllocatorOption readBack(Mallctl mallctl, String name, String value) {
        Optional<String> taken = mallctl.tryReadOption(name, TEXT_OPTIONS.contains(name));
        return new AllocatorOption(
                name, value, taken, taken.map(text -> isSame(value, text)).orElse(false));
    }

    /** jemalloc takes numbers to base 8, 10 and 16, and tells them to base 10. */
    private static boolean isSame(String asked, String taken) {
        if (asked.equals(taken)) {
            return true;
        }
        try {
            return Long.decode(asked) == Long.parseLong(taken);
        } catch (NumberFormatException e) {
            return false;
        }
    }
}
