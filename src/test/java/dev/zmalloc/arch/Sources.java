package dev.zmalloc.arch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The files of the working tree, as the tests of form read them. */
final class Sources {
    private Sources() {}

    /** The folder that holds the pom, which Surefire tells; elsewhere, such as in an editor, the working directory. */
    static Path root() {
        return Path.of(System.getProperty("basedir", "")).toAbsolutePath();
    }

    /** Our own main code: what jextract wrote is none of it. */
    static List<Path> main() {
        return java(root().resolve("src/main/java"));
    }

    /** The tests. */
    static List<Path> test() {
        return java(root().resolve("src/test/java"));
    }

    /** What people read and run beside the Java code: scripts, makefile, pom, readme, native header. */
    static List<Path> others() {
        List<Path> names = Stream.of("Makefile", "README.md", "pom.xml", ".ci/run")
                .map(root()::resolve)
                .filter(Files::isRegularFile)
                .toList();
        return Stream.of(
                        names.stream(),
                        files(root().resolve("scripts")).stream(),
                        files(root().resolve("native")).stream())
                .flatMap(files -> files)
                .toList();
    }

    private static List<Path> java(Path folder) {
        return files(folder).stream()
                .filter(file -> file.toString().endsWith(".java"))
                .toList();
    }

    private static List<Path> files(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
