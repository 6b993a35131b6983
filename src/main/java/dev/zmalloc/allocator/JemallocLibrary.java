package dev.zmalloc.allocator;

import dev.zmalloc.ffi.LibraryLoadException;
import dev.zmalloc.ffi.NativeLibrary;
import java.util.List;
import java.util.OptionalLong;

/**
 * jemalloc, known by {@code mallctl}, with or without a prefix to its names.
 *
 * @param configuration what it is to start with
 */
record JemallocLibrary(JemallocConfiguration configuration) implements LibraryKind {
    @Override
    public String name() {
        return JemallocAllocator.NAME;
    }

    @Override
    public List<String> sonames() {
        return List.of("libjemalloc.so.2");
    }

    @Override
    public String installCure() {
        return "install jemalloc, on Debian and Ubuntu the package libjemalloc2";
    }

    @Override
    public List<String> prefixes() {
        return List.of("", BundledLibrary.PREFIX);
    }

    @Override
    public String anchor() {
        return "mallctl";
    }

    @Override
    public List<String> functions() {
        return JemallocAllocator.FUNCTIONS;
    }

    @Override
    public boolean isBundled() {
        return true;
    }

    @Override
    public long load(String file) throws LibraryLoadException {
        return configuration.load(file);
    }

    /** The library's own words, and what is known besides where they tell nothing. */
    @Override
    public String version(NativeLibrary library, String builtFrom) {
        String words = Mallctl.of(library).readString("version");
        boolean unversioned = words.startsWith("0.0.0");
        return unversioned && !builtFrom.isEmpty() ? builtFrom : words;
    }

    @Override
    public Allocator bind(NativeLibrary library, Found found) {
        Mallctl mallctl = Mallctl.of(library);
        AllocatorDescription description = new AllocatorDescription(
                name(),
                found.version(),
                found.file(),
                found.origin(),
                found.attempts(),
                OptionalLong.of(mallctl.readLong("arenas.page")),
                mallctl.sizeClassBytes(),
                configuration.readBack(mallctl, found));
        return JemallocAllocator.of(library, mallctl, description);
    }
}
