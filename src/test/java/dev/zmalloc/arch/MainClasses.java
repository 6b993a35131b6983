package dev.zmalloc.arch;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.zmalloc.ffi.abi.Abi;
import java.net.URISyntaxException;
import java.nio.file.Path;

/** The compiled main code, read from the folder that this run tests, whichever build made it. */
final class MainClasses {
    private MainClasses() {}

    static JavaClasses read() {
        try {
            Path folder = Path.of(Abi.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            return new ClassFileImporter().importPath(folder);
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }
}
