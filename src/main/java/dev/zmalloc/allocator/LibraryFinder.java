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
import java.util.Set;

/**
 * Looks for a library of one kind, place by place, and keeps a record of every attempt.
 *
 * <p>The order: the file that {@code zmalloc.library} names, and then nothing else; symbols that were in the process
 * from the start; the system's library; the bundled one, which there is of jemalloc. {@code zmalloc.library.sources}
 * narrows the last three.
 */
final class LibraryFinder {
    /** Setting: path or soname of the library to use. Only that is tried. */
    static final String LIBRARY_PROPERTY = "zmalloc.library";

    /**
     * Setting: which of {@code preloaded,system,bundled} may be tried, or {@code none}. All, unless set. The order does
     * not change.
     */
    static final String SOURCES_PROPERTY = "zmalloc.library.sources";

    private static final Set<Origin> SOURCES = EnumSet.of(Origin.PRELOADED, Origin.SYSTEM, Origin.BUNDLED);

    private static final String PROCESS_SYMBOLS = "symbols of the process";

    private final LibraryKind kind;
    private final List<LoadAttempt> attempts = new ArrayList<>();

    private LibraryFinder(LibraryKind kind) {
        this.kind = kind;
    }

    /**
     * Finds and binds a library of {@code kind}.
     *
     * @throws AllocatorUnavailableException if there is none where the settings allow to look
     */
    static Allocator open(LibraryKind kind) {
        return new LibraryFinder(kind).find();
    }

    private Allocator find() {
        Optional<String> explicit = Setting.value(LIBRARY_PROPERTY);
        if (explicit.isPresent()) {
            return fromFile(Origin.EXPLICIT, explicit.get()).orElseThrow(this::refusal);
        }
        Set<Origin> sources = sources();
        Optional<Allocator> found = Optional.empty();
        if (isAllowed(sources, Origin.PRELOADED, PROCESS_SYMBOLS)) {
            found = fromProcess();
        }
        for (String soname : kind.sonames()) {
            if (found.isEmpty() && isAllowed(sources, Origin.SYSTEM, soname)) {
                found = fromFile(Origin.SYSTEM, soname);
            }
        }
        if (found.isEmpty() && kind.isBundled() && isAllowed(sources, Origin.BUNDLED, BundledLibrary.RESOURCE)) {
            found = fromJar();
            found.ifPresent(bundled -> tellWhyBundled(bundled, sources.contains(Origin.SYSTEM)));
        }
        return found.orElseThrow(this::refusal);
    }

    private Optional<Allocator> fromProcess() {
        Optional<NativeLibrary> library = kind.in(LibraryLoader.PROCESS);
        if (library.isEmpty()) {
            long malloc = LibraryLoader.symbol(LibraryLoader.PROCESS, "malloc");
            String file = LibraryLoader.fileOf(malloc).map(LoadedFile::path).orElse("unknown");
            return failed(
                    Origin.PRELOADED,
                    PROCESS_SYMBOLS,
                    "the process's malloc is " + file + ", not " + kind.name(),
                    cure(Origin.PRELOADED));
        }
        return bound(
                Origin.PRELOADED, PROCESS_SYMBOLS, library.get(), library.get().file(), "", true);
    }

    private Optional<Allocator> fromFile(Origin origin, String file) {
        boolean loadedBefore = LibraryLoader.isOpen(file);
        long handle;
        try {
            handle = kind.loader().load(file);
        } catch (LibraryLoadException e) {
            return failed(origin, file, e.words(), loadCure(origin, e.words()));
        }
        Optional<NativeLibrary> library = kind.in(handle);
        if (library.isEmpty()) {
            return failed(origin, file, "loaded, but it is not " + kind.name() + ": it has " + neither(), cure(origin));
        }
        return bound(origin, file, library.get(), library.get().file(), "", loadedBefore);
    }

    private Optional<Allocator> fromJar() {
        String missingCure =
                "put org.lwjgl:lwjgl-jemalloc with the classifier for this platform on the class or module path";
        String copyCure = "set -Djava.io.tmpdir to a directory with room, on a file system that is not mounted noexec";
        String sought = BundledLibrary.RESOURCE;
        try {
            Optional<BundledLibrary> bundled = BundledLibrary.find();
            if (bundled.isEmpty()) {
                return failed(Origin.BUNDLED, sought, "no jar on the class or module path has it", missingCure);
            }
            BundledLibrary jar = bundled.get();
            Optional<NativeLibrary> library = kind.in(jar.load(kind.loader()));
            if (library.isEmpty()) {
                return failed(Origin.BUNDLED, sought, "it has " + neither(), missingCure);
            }
            return bound(Origin.BUNDLED, sought, library.get(), jar.location().toString(), jar.builtFrom(), false);
        } catch (IOException e) {
            return failed(Origin.BUNDLED, sought, "it could not be copied to a file: " + e, copyCure);
        } catch (LibraryLoadException e) {
            return failed(Origin.BUNDLED, sought, e.words(), copyCure);
        }
    }

    /** What a library of another kind lacks. */
    private String neither() {
        List<String> anchors = kind.prefixes().stream()
                .map(prefix -> prefix + kind.functions().getFirst())
                .toList();
        return anchors.size() == 1 ? "no " + anchors.getFirst() : "neither " + String.join(" nor ", anchors);
    }

    /**
     * Binds {@code library} if it is whole, and tells the version that only its kind tells.
     *
     * @param file where it comes from, for reports
     * @param builtFrom what to report as its version if it has none itself; may be empty
     */
    private Optional<Allocator> bound(
            Origin origin, String sought, NativeLibrary library, String file, String builtFrom, boolean loadedBefore) {
        List<String> missing = kind.functions().stream()
                .filter(function -> library.find(function) == 0)
                .toList();
        if (!missing.isEmpty()) {
            return failed(origin, sought, missing(library, missing), cure(origin));
        }
        String version;
        try {
            version = kind.version().apply(library, builtFrom);
        } catch (IllegalArgumentException e) {
            return failed(origin, sought, library.file() + ": " + e.getMessage(), cure(origin));
        }
        attempts.add(LoadAttempt.success(origin, sought, kind.name() + " " + version + " from " + file));
        return Optional.of(
                kind.binder().apply(library, new LibraryKind.Found(version, file, origin, attempts, loadedBefore)));
    }

    /**
     * Says what is missing, and where the process has it instead, mostly since one allocator is in front of another.
     */
    private static String missing(NativeLibrary library, List<String> missing) {
        String first = library.prefix() + missing.getFirst();
        String elsewhere = LibraryLoader.fileOf(LibraryLoader.symbol(library.handle(), first))
                .map(file -> "; " + first + " is that of " + file.path())
                .orElse("");
        List<String> names = missing.stream().map(library.prefix()::concat).toList();
        return library.file() + " lacks " + String.join(", ", names) + elsewhere;
    }

    private Optional<Allocator> failed(Origin origin, String sought, String outcome, String cure) {
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

    private String loadCure(Origin origin, String words) {
        return words.contains("static TLS")
                ? cure(Origin.PRELOADED) + " or GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384 in its environment"
                : cure(origin);
    }

    private String cure(Origin origin) {
        return switch (origin) {
            case EXPLICIT ->
                "let " + LIBRARY_PROPERTY + " or " + Setting.variable(LIBRARY_PROPERTY) + " name a " + kind.name()
                        + ", or leave it unset";
            case PRELOADED -> "start the JVM with LD_PRELOAD=" + kind.sonames().getFirst();
            default -> kind.installCure();
        };
    }

    /** One line in the log, since what users miss then, statistics, is easy to get. */
    private void tellWhyBundled(Allocator bundled, boolean systemTried) {
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
                        bundled.figures().allocatedBytes().isPresent() ? "" : ", without statistics",
                        system.outcome(),
                        system.cure());
    }

    private AllocatorUnavailableException refusal() {
        StringBuilder report = new StringBuilder("no " + kind.name() + " could be had. What was tried:");
        for (LoadAttempt attempt : attempts) {
            report.append("\n  ").append(attempt);
        }
        report.append("\n  To do without it, set " + Allocators.ALLOCATOR_PROPERTY + "=" + LibcAllocator.NAME + ".");
        return new AllocatorUnavailableException(report.toString());
    }
}
