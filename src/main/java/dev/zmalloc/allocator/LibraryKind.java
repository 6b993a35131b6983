package dev.zmalloc.allocator;

import dev.zmalloc.ffi.LibraryLoadException;
import dev.zmalloc.ffi.LibraryLoader;
import dev.zmalloc.ffi.NativeLibrary;
import java.util.List;
import java.util.Optional;

/** A kind of allocator that comes as a library: what {@link LibraryFinder} has to know to find, tell and bind one. */
interface LibraryKind {
    /** Name of the allocator, for settings and reports. */
    String name();

    /** What the dynamic linker is asked for, in the order to try. */
    List<String> sonames();

    /** What to install, for whoever has none. */
    String installCure();

    /** What may stand before each of the library's names. */
    default List<String> prefixes() {
        return List.of("");
    }

    /** Name, without a prefix, of a function that only this kind of library has. */
    String anchor();

    /** Names, without a prefix, of the functions that a library must have to serve. */
    List<String> functions();

    /** Whether a jar may bring one, as {@link BundledLibrary}. */
    default boolean isBundled() {
        return false;
    }

    /** Loads the library {@code file}, under whatever settings this kind wants while that lasts. Returns its handle. */
    default long load(String file) throws LibraryLoadException {
        return LibraryLoader.open(file);
    }

    /**
     * The version that the library tells, or {@code builtFrom}, which may be empty, where it tells none.
     *
     * @throws IllegalArgumentException if it does not serve after all; the message says why
     */
    String version(NativeLibrary library, String builtFrom);

    /** Binds a library that has all of {@link #functions()}. */
    Allocator bind(NativeLibrary library, Found found);

    /** The library of this kind that {@code handle} leads to, if there is one. */
    default Optional<NativeLibrary> in(long handle) {
        return prefixes().stream()
                .flatMap(prefix -> NativeLibrary.find(handle, prefix, anchor()).stream())
                .findFirst();
    }

    /** The process' own symbols. */
    default Optional<NativeLibrary> inProcess() {
        return in(LibraryLoader.PROCESS);
    }

    /**
     * A library that was found, for reports.
     *
     * @param version in the library's words
     * @param file where it comes from
     * @param origin the kind of place
     * @param attempts every place that was tried, this one last
     * @param loadedBefore whether it was in the process before it was looked for
     */
    record Found(String version, String file, Origin origin, List<LoadAttempt> attempts, boolean loadedBefore) {}
}
