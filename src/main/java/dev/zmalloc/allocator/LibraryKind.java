package dev.zmalloc.allocator;

import dev.zmalloc.ffi.LibraryLoadException;
import dev.zmalloc.ffi.NativeLibrary;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BiFunction;

/**
 * A kind of allocator that comes as a library: what {@link LibraryFinder} has to know to find, tell and bind one.
 *
 * @param name of the allocator, for settings and reports
 * @param sonames what the dynamic linker is asked for, in the order to try
 * @param installCure what to install, for whoever has none
 * @param functions names, without a prefix, of the functions that a library must have to serve. Only this kind of
 *     library has the first
 * @param isBundled whether a jar may bring one, as {@link BundledLibrary}, with a prefix to its names
 * @param loader loads one, under whatever settings this kind wants while that lasts
 * @param version tells a library's version, or what it was built from, which may be empty, where it has none; throws
 *     {@link IllegalArgumentException}, which says why, if it does not serve after all
 * @param binder binds a library that has all the functions
 */
record LibraryKind(
        String name,
        List<String> sonames,
        String installCure,
        List<String> functions,
        boolean isBundled,
        Loader loader,
        BiFunction<NativeLibrary, String, String> version,
        BiFunction<NativeLibrary, Found, Allocator> binder) {
    /** Loads the library of a file, and returns its handle. */
    @FunctionalInterface
    interface Loader {
        long load(String file) throws LibraryLoadException;
    }

    /** What may stand before each of the library's names. */
    List<String> prefixes() {
        return isBundled ? List.of("", BundledLibrary.PREFIX) : List.of("");
    }

    /** The library of this kind that {@code handle} leads to, if there is one. */
    Optional<NativeLibrary> in(long handle) {
        return prefixes().stream()
                .flatMap(prefix -> NativeLibrary.find(handle, prefix, functions.getFirst()).stream())
                .findFirst();
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
    record Found(String version, String file, Origin origin, List<LoadAttempt> attempts, boolean loadedBefore) {
        AllocatorDescription describe(
                String name, long pageBytes, List<Long> sizeClassBytes, List<AllocatorOption> options) {
            return new AllocatorDescription(
                    name, version, file, origin, attempts, OptionalLong.of(pageBytes), sizeClassBytes, options);
        }
    }
}
