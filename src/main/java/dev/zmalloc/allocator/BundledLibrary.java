package dev.zmalloc.allocator;

import dev.zmalloc.ffi.LibraryLoadException;
import dev.zmalloc.ffi.LibraryLoader;
import dev.zmalloc.ffi.Platform;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.lang.module.ResolvedModule;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/**
 * The jemalloc in the jar {@code org.lwjgl:lwjgl-jemalloc}, classifier {@code natives-linux} or {@code natives-linux-arm64}, if that is
 * on the class or module path.
 *
 * <p>The dynamic linker loads files only, so the library is copied to one that only this user may read, and that is gone once it is mapped.
 *
 * @param location of the library in its jar or module, for reports
 */
record BundledLibrary(URI location) {
    /** Before each of its functions' names. */
    static final String PREFIX = "je_";

    static final String RESOURCE =
            "linux/" + (Platform.isAarch64() ? "arm64" : "x64") + "/org/lwjgl/jemalloc/libjemalloc.so";

    /** The jar's name as a module. */
    static final String MODULE = "org.lwjgl.jemalloc.natives";

    /** The bundled library; empty if no jar with it is there. */
    static Optional<BundledLibrary> find() throws IOException {
        URL url = BundledLibrary.class.getClassLoader().getResource(RESOURCE);
        if (url != null) {
            return Optional.of(new BundledLibrary(URI.create(url.toString())));
        }
        // On the module path the jar is a module, and a module's files are seen by itself alone: ask where it was read
        // from.
        Optional<ModuleReference> module =
                ModuleLayer.boot().configuration().findModule(MODULE).map(ResolvedModule::reference);
        if (module.isEmpty()) {
            return Optional.empty();
        }
        try (ModuleReader reader = module.get().open()) {
            return reader.find(RESOURCE).map(BundledLibrary::new);
        }
    }

    /**
     * Copies the library out and loads it.
     *
     * @return its handle
     * @throws IOException if it cannot be copied
     * @throws LibraryLoadException if the copy cannot be loaded, for example because it lies on a file system mounted {@code noexec}
     */
    long load() throws IOException, LibraryLoadException {
        // Created for this user alone, whatever the umask.
        Path copy = Files.createTempFile("zmalloc-", "-libjemalloc.so");
        try {
            try (InputStream library = location.toURL().openStream()) {
                Files.copy(library, copy, StandardCopyOption.REPLACE_EXISTING);
            }
            return LibraryLoader.open(copy.toString());
        } finally {
            // The mapping keeps the file's blocks. A copy left behind would be one more with every start.
            Files.deleteIfExists(copy);
        }
    }
}
