package dev.zmalloc.arch;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.zmalloc.ffi.abi.Abi;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The compiled main code, read from the folder that this run tests, whichever build made it. */
final class MainClasses {
    private MainClasses() {}

    static JavaClasses read() {
        return new ClassFileImporter().importPath(folder());
    }

    /** The module's declaration, as it was compiled. */
    static ModuleDescriptor module() {
        try (InputStream declaration = Files.newInputStream(folder().resolve("module-info.class"))) {
            return ModuleDescriptor.read(declaration);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path folder() {
        try {
            return Path.of(Abi.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }
}
