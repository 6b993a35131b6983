package dev.zmalloc.allocator;

import dev.zmalloc.ffi.LibraryLoadException;
import dev.zmalloc.ffi.Platform;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleReader;
import java.lang.module.ResolvedModule;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipFile;

/**
 * The jemalloc in the jar {@code org.lwjgl:lwjgl-jemalloc}, classifier {@code natives-linux} or
 * {@code natives-linux-arm64}, if that is on the class or module path.
 *
 * <p>The dynamic linker loads files only, so the library is copied to one that only this user may read, and that is
 * gone once it is mapped.
 *
 * @param location of the library in its jar, for reports too
 */
record BundledLibrary(URI location) {
    /** Before each of its functions' names. */
    static final String PREFIX = "je_";

    static final String RESOURCE =
            "linux/" + (Platform.isAarch64() ? "arm64" : "x64") + "/org/lwjgl/jemalloc/libjemalloc.so";

    private static final String MODULE = "org.lwjgl.jemalloc.natives";

    /** The bundled library; empty if no jar with it is there. */
    static Optional<BundledLibrary> find() throws IOException {
        URL url = BundledLibrary.class.getClassLoader().getResource(RESOURCE);
        if (url != null) {
            return Optional.of(new BundledLibrary(URI.create(url.toString())));
        }
        Optional<BundledLibrary> inModule = inResolvedModule();
        return inModule.isPresent() ? inModule : inModulePath();
    }

    /** The jar as a module of the program. A module's files are seen by itself alone, so ask where it was read from. */
    private static Optional<BundledLibrary> inResolvedModule() throws IOException {
        Optional<ResolvedModule> module = ModuleLayer.boot().configuration().findModule(MODULE);
        if (module.isEmpty()) {
            return Optional.empty();
        }
        try (ModuleReader reader = module.get().reference().open()) {
            return reader.find(RESOURCE).map(BundledLibrary::new);
        }
    }

    /**
     * The jar on the module path, unresolved. That is the usual case there: its module requires those with LWJGL's own
     * classes, which nothing here needs.
     */
    private static Optional<BundledLibrary> inModulePath() throws IOException {
        String modulePath = System.getProperty("jdk.module.path", "");
        for (String entry : modulePath.split(File.pathSeparator, -1)) {
            if (entry.isEmpty()) {
                continue;
            }
            for (Path jar : jars(Path.of(entry))) {
                try (ZipFile zip = new ZipFile(jar.toFile())) {
                    if (zip.getEntry(RESOURCE) != null) {
                        return Optional.of(new BundledLibrary(URI.create("jar:" + jar.toUri() + "!/" + RESOURCE)));
                    }
                }
            }
        }
        return Optional.empty();
    }

    private static List<Path> jars(Path entry) throws IOException {
        List<Path> jars = new ArrayList<>();
        if (Files.isDirectory(entry)) {
            try (DirectoryStream<Path> found = Files.newDirectoryStream(entry, "*.jar")) {
                found.forEach(jars::add);
            }
        } else if (Files.isRegularFile(entry) && entry.toString().endsWith(".jar")) {
            jars.add(entry);
        }
        return jars;
    }

    /**
     * What the jar says the library was built from, since the library itself has no version; empty if it does not say.
     */
    String builtFrom() {
        URI notice = URI.create(location.toString().replace(RESOURCE, "META-INF/" + RESOURCE + ".git"));
        try (InputStream commit = notice.toURL().openStream()) {
            return "commit " + new String(commit.readAllBytes(), StandardCharsets.US_ASCII).strip();
        } catch (IOException e) {
            // Left out of a repackaged jar: then there is nothing to tell.
            return "";
        }
    }

    /**
     * Copies the library out and loads it.
     *
     * @return its handle
     * @throws IOException if it cannot be copied
     * @throws LibraryLoadException if the copy cannot be loaded, for example because it lies on a file system mounted
     *     {@code noexec}
     */
    long load(LibraryKind.Loader loader) throws IOException, LibraryLoadException {
        // Created for this user alone, whatever the umask.
        Path copy = Files.createTempFile("zmalloc-", "-libjemalloc.so");
        try {
            try (InputStream library = location.toURL().openStream()) {
                Files.copy(library, copy, StandardCopyOption.REPLACE_EXISTING);
            }
            return loader.load(copy.toString());
        } finally {
            // The mapping keeps the file's blocks. A copy left behind would be one more with every start.
            Files.deleteIfExists(copy);
        }
    }
}
