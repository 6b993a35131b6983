package dev.zmalloc.allocator;

import dev.zmalloc.ffi.LibraryLoadException;
import dev.zmalloc.ffi.LibraryLoader;
import dev.zmalloc.ffi.LibraryLoader.LoadedFile;
import dev.zmalloc.ffi.NativeLibrary;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Looks for a jemalloc, place by place, and keeps a record of every attempt.
 *
 * <p>The order: the file that {@code zmalloc.library} names, and then nothing else; symbols that were in the process
 * from the start; the system's library; the bundled one. {@code zmalloc.library.sources} narrows the last three.
 */
final class JemallocFinder {
    /** Setting: path or soname of the library to use. Only that is tried. */
    static final String LIBRARY_PROPERTY = "zmalloc.library";

    /**
     * Setting: which of {@code preloaded,system,bundled} may be tried, or {@code none}. All, unless set. The order does
     * not change.
     */
    static final String SOURCES_PROPERTY = "zmalloc.library.sources";

    private static final String SONAME = "libjemalloc.so.2";
    private static final Set<Origin> SOURCES = EnumSet.of(Origin.PRELOADED, Origin.SYSTEM, Origin.BUNDLED);

    private static final String ENVIRONMENT_CURE = "start the JVM with LD_PRELOAD=" + SONAME
            + " or GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384 in its environment";
    private static final String INSTALL_CURE = "install jemalloc, on Debian and Ubuntu the package libjemalloc2";

    private final List<LoadAttempt> attempts = new ArrayList<>();

    private JemallocFinder() {}

    /**
     * Finds and binds a jemalloc.
     *
     * @throws AllocatorUnavailableException if there is none where the settings allow to look
     */
    static JemallocAllocator open() {
        return new JemallocFinder().find();
    }

    private JemallocAllocator find() {
        Optional<String> explicit = Setting.value(LIBRARY_PROPERTY);
        if (explicit.isPresent()) {
            return fromFile(Origin.EXPLICIT, explicit.get()).orElseThrow(this::refusal);
        }
        Set<Origin> sources = sources();
        Optional<JemallocAllocator> found = Optional.empty();
        if (isAllowed(sources, Origin.PRELOADED, "symbols of the process")) {
            found = fromProcess();
        }
        if (found.isEmpty() && isAllowed(sources, Origin.SYSTEM, SONAME)) {
            found = fromFile(Origin.SYSTEM, SONAME);
        }
        if (found.isEmpty() && isAllowed(sources, Origin.BUNDLED, BundledLibrary.RESOURCE)) {
            found = fromJar();
            found.ifPresent(bundled -> tellWhyBundled(bundled, sources.contains(Origin.SYSTEM)));
        }
        return found.orElseThrow(this::refusal);
    }

    private Optional<JemallocAllocator> fromProcess() {
        String sought = "symbols of the process";
        Optional<NativeLibrary> library = jemalloc(LibraryLoader.PROCESS);
        if (library.isEmpty()) {
            long malloc = LibraryLoader.symbol(LibraryLoader.PROCESS, "malloc");
            String file = LibraryLoader.fileOf(malloc).map(LoadedFile::path).orElse("unknown");
            return failed(
                    Origin.PRELOADED,
                    sought,
                    "the process's malloc is " + file + ", not jemalloc",
                    "start the JVM with LD_PRELOAD=" + SONAME);
        }
        return bound(Origin.PRELOADED, sought, library.get(), library.get().file(), "");
    }

    private Optional<JemallocAllocator> fromFile(Origin origin, String file) {
        long handle;
        try {
            handle = LibraryLoader.open(file);
        } catch (LibraryLoadException e) {
            return failed(origin, file, e.words(), loadCure(origin, e.words()));
        }
        Optional<NativeLibrary> library = jemalloc(handle);
        if (library.isEmpty()) {
            return failed(
                    origin,
                    file,
                    "loaded, but it is not jemalloc: it has neither mallctl nor je_mallctl",
                    cure(origin));
        }
        return bound(origin, file, library.get(), library.get().file(), "");
    }

    private Optional<JemallocAllocator> fromJar() {
        String missingCure =
                "put org.lwjgl:lwjgl-jemalloc with the classifier for this platform on the class or module path";
        String copyCure = "set -Djava.io.tmpdir to a directory with room, on a file system that is not mounted noexec";
        String sought = BundledLibrary.RESOURCE;
        try {
            Optional<BundledLibrary> bundled = BundledLibrary.find();
            if (bundled.isEmpty()) {
                return failed(Origin.BUNDLED, sought, "no jar on the class or module path has it", missingCure);
            }
            Optional<NativeLibrary> library =
                    NativeLibrary.find(bundled.get().load(), BundledLibrary.PREFIX, "mallctl");
            if (library.isEmpty()) {
                return failed(Origin.BUNDLED, sought, "it has no je_mallctl", missingCure);
            }
            return bound(
                    Origin.BUNDLED,
                    sought,
                    library.get(),
                    bundled.get().location().toString(),
                    bundled.get().builtFrom());
        } catch (IOException e) {
            return failed(Origin.BUNDLED, sought, "it could not be copied to a file: " + e, copyCure);
        } catch (LibraryLoadException e) {
            return failed(Origin.BUNDLED, sought, e.words(), copyCure);
        }
    }

    /** The jemalloc that {@code handle} leads to, with or without a prefix to its names. */
    private static Optional<NativeLibrary> jemalloc(long handle) {
        return NativeLibrary.find(handle, "", "mallctl")
                .or(() -> NativeLibrary.find(handle, BundledLibrary.PREFIX, "mallctl"));
    }

    /**
     * Binds {@code library} if it is whole, and answers to the one question that only jemalloc answers.
     *
     * @param file where it comes from, for reports
     * @param builtFrom what to report as its version if it has none itself; may be empty
     */
    private Optional<JemallocAllocator> bound(
            Origin origin, String sought, NativeLibrary library, String file, String builtFrom) {
        List<String> missing = JemallocAllocator.FUNCTIONS.stream()
                .filter(function -> library.find(function) == 0)
                .toList();
        if (!missing.isEmpty()) {
            return failed(origin, sought, missing(library, missing), cure(origin));
        }
        Mallctl mallctl = Mallctl.of(library);
        String version;
        try {
            version = version(mallctl.readString("version"), builtFrom);
        } catch (IllegalArgumentException e) {
            return failed(
                    origin, sought, library.file() + " does not tell its version: " + e.getMessage(), cure(origin));
        }
        attempts.add(LoadAttempt.success(origin, sought, "jemalloc " + version + " from " + file));
        AllocatorDescription description = new AllocatorDescription(
                JemallocAllocator.NAME,
                version,
                file,
                origin,
                attempts,
                OptionalLong.of(mallctl.readLong("arenas.page")),
                mallctl.sizeClassBytes());
        return Optional.of(JemallocAllocator.of(library, mallctl, description));
    }

    /** The library's own words, and what is known besides where they tell nothing. */
    private static String version(String words, String builtFrom) {
        boolean unversioned = words.startsWith("0.0.0");
        return unversioned && !builtFrom.isEmpty() ? builtFrom : words;
    }

    /**
     * Says what is missing, and where the process has it instead: one allocator in front of another is the usual
     * reason.
     */
    private static String missing(NativeLibrary library, List<String> missing) {
        String first = library.prefix() + missing.getFirst();
        String elsewhere = LibraryLoader.fileOf(LibraryLoader.symbol(library.handle(), first))
                .map(file -> "; " + first + " is that of " + file.path())
                .orElse("");
        List<String> names = missing.stream().map(library.prefix()::concat).toList();
        return library.file() + " lacks " + String.join(", ", names) + elsewhere;
    }

    private Optional<JemallocAllocator> failed(Origin origin, String sought, String outcome, String cure) {
        attempts.add(LoadAttempt.failure(origin, sought, outcome, cure));
        return Optional.empty();
    }

    private boolean isAllowed(Set<Origin> sources, Origin origin, String sought) {
        if (!sources.contains(origin)) {
            attempts.add(LoadAttempt.failure(origin, sought, "not tried: left out of " + SOURCES_PROPERTY, ""));
            return false;
        }
        return true;
    }

    private static Set<Origin> sources() {
        Optional<String> setting = Setting.value(SOURCES_PROPERTY);
        if (setting.isEmpty()) {
            return SOURCES;
        }
        Set<Origin> sources = EnumSet.noneOf(Origin.class);
        if (setting.get().equals("none")) {
            return sources;
        }
        for (String word : setting.get().split(",", -1)) {
            sources.add(SOURCES.stream()
                    .filter(source -> source.toString().equals(word.strip()))
                    .findFirst()
                    .orElseThrow(() -> new AllocatorUnavailableException(SOURCES_PROPERTY + " has \"" + word
                            + "\"; it can be none, or a list of any of " + SOURCES)));
        }
        return sources;
    }

    private static String loadCure(Origin origin, String words) {
        return words.contains("static TLS") ? ENVIRONMENT_CURE : cure(origin);
    }

    private static String cure(Origin origin) {
        return switch (origin) {
            case EXPLICIT ->
                "let " + LIBRARY_PROPERTY + " or " + Setting.variable(LIBRARY_PROPERTY)
                        + " name a jemalloc, or leave it unset";
            case PRELOADED -> "start the JVM with LD_PRELOAD=" + SONAME;
            default -> INSTALL_CURE;
        };
    }

    /** One line in the log, since what users miss then, statistics, is easy to get. */
    private void tellWhyBundled(JemallocAllocator bundled, boolean systemTried) {
        if (!systemTried) {
            return;
        }
        LoadAttempt system = attempts.stream()
                .filter(attempt -> attempt.origin() == Origin.SYSTEM)
                .findFirst()
                .orElseThrow();
        System.getLogger("dev.zmalloc")
                .log(
                        Level.INFO,
                        "The bundled jemalloc ({0}) serves{1}, because the system''s did not load: {2}."
                                + " To use that, {3}.",
                        bundled.description().version(),
                        bundled.mallctl().readBoolean("config.stats") ? "" : ", without statistics",
                        system.outcome(),
                        system.cure());
    }

    private AllocatorUnavailableException refusal() {
        StringBuilder report = new StringBuilder("no jemalloc could be had. What was tried:");
        for (LoadAttempt attempt : attempts) {
            report.append("\n  ").append(attempt);
        }
        report.append(
                "\n  To do without jemalloc, set " + Allocators.ALLOCATOR_PROPERTY + "=" + LibcAllocator.NAME + ".");
        return new AllocatorUnavailableException(report.toString());
    }
}
