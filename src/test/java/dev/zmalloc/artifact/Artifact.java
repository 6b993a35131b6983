package dev.zmalloc.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.zmalloc.fixtures.ChildJvm;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The packaged library, and what a user of it has beside it. */
final class Artifact {
    private static final String EXAMPLES = "src/test/java/dev/zmalloc/examples";

    /** Classifier of the jar with the bundled jemalloc for this processor. */
    static final String NATIVES =
            System.getProperty("os.arch").equals("aarch64") ? "natives-linux-arm64" : "natives-linux";

    private Artifact() {}

    /** The library's jar. */
    static Path jar() {
        Path jar = Path.of(setting("jar"));
        assertThat(jar).as("packaged before the tests of it run").isRegularFile();
        return jar;
    }

    /** The jar that runs by itself. */
    static Path commandLineJar() {
        return jar().resolveSibling("zmalloc-cli.jar");
    }

    /** What the build says about itself. */
    static String setting(String name) {
        return System.getProperty("zmalloc.test." + name);
    }

    /** The jar with the bundled jemalloc. */
    static Path natives() {
        return jars(NATIVES + ".jar").getFirst();
    }

    /** The jars of other libraries whose paths contain {@code part}, where the tests have them from. */
    static List<Path> jars(String part) {
        String classPath = System.getProperty("java.class.path")
                + File.pathSeparator
                + System.getProperty("surefire.test.class.path", "");
        List<Path> jars = Arrays.stream(classPath.split(File.pathSeparator, -1))
                .filter(entry -> entry.endsWith(".jar") && entry.contains(part))
                .map(Path::of)
                .distinct()
                .toList();
        assertThat(jars).as(part).isNotEmpty();
        return jars;
    }

    /** A class or module path. */
    static String path(Object... parts) {
        return Arrays.stream(parts)
                .flatMap(part -> part instanceof Collection<?> many ? many.stream() : Stream.of(part))
                .map(Object::toString)
                .collect(Collectors.joining(File.pathSeparator));
    }

    /** A file of the project. */
    static Path file(String path) {
        return Path.of(System.getProperty("basedir", "")).toAbsolutePath().resolve(path);
    }

    /** A tool of the running JDK. */
    static String tool(String name) {
        return Path.of(System.getProperty("java.home"), "bin", name).toString();
    }

    /** Skips the test, and says so, where the JDK has no such tool. */
    static void assumeTool(String name, String words) {
        boolean there = Path.of(tool(name)).toFile().canExecute();
        if (!there) {
            System.err.println("WARNING: " + words + ": not tested");
        }
        assumeTrue(there, words);
    }

    /** Options that leave a JVM no native access but the library's. */
    static List<String> denying(String module) {
        List<String> options = new ArrayList<>(List.of("--enable-native-access=" + module));
        if (Runtime.version().feature() >= 24) {
            options.add("--illegal-native-access=deny");
        }
        return options;
    }

    /** Copies examples into {@code folder}, in their package. */
    static void copyExamples(Path folder, String... names) throws IOException {
        Path target = Files.createDirectories(folder.resolve("dev/zmalloc/examples"));
        for (String name : names) {
            Files.copy(file(EXAMPLES).resolve(name + ".java"), target.resolve(name + ".java"));
        }
    }

    /** The command's output; an error unless it ends with 0 and has nothing to complain of. */
    static String run(Path directory, Map<String, String> environment, List<?>... parts) throws Exception {
        List<String> command =
                Stream.of(parts).flatMap(List::stream).map(Object::toString).toList();
        ChildJvm.Result result = ChildJvm.run(command, directory, environment);
        assertThat(result.exit()).as(command + "\n" + result).isZero();
        assertThat(result.err()).as(command.toString()).isEmpty();
        return result.out();
    }
}
