package dev.zmalloc.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Projects made from nothing that depend on the library as it is installed, compiled and tested by Maven, offline, and
 * run with the class path and with the module path that Maven makes of that.
 */
@Tag("artifact")
class UserProjectTest {
    /** What needs the library alone. */
    static final String[] EXAMPLES = {
        "Examples",
        "SwapExample",
        "ReadmeExample",
        "CountExample",
        "CapExample",
        "EvictionExample",
        "MovingExample",
        "BufferListExample"
    };

    @TempDir
    Path folder;

    private Path repository;

    /**
     * A local repository that has all that the user's own has, by links, and the library, which stays out of that one.
     */
    @BeforeEach
    void install() throws IOException {
        Path users = Path.of(Artifact.setting("repository"));
        repository = Files.createDirectory(folder.resolve("repository"));
        link(users, repository, "dev");
        link(users.resolve("dev"), Files.createDirectory(repository.resolve("dev")), "zmalloc");
        String version = Artifact.setting("version");
        Path installed = Files.createDirectories(repository.resolve("dev/zmalloc/zmalloc/" + version));
        Files.copy(Artifact.jar(), installed.resolve("zmalloc-" + version + ".jar"));
        Files.copy(Artifact.file("pom.xml"), installed.resolve("zmalloc-" + version + ".pom"));
    }

    /** Before JUnit, which would wonder at each. */
    @AfterEach
    void removeLinks() throws IOException {
        for (Path parent : List.of(repository.resolve("dev"), repository)) {
            try (Stream<Path> children = Files.list(parent)) {
                for (Path link : children.filter(Files::isSymbolicLink).toList()) {
                    Files.delete(link);
                }
            }
        }
    }

    @Test
    void onTheClassPath() throws Exception {
        Path project = project();
        Artifact.copyExamples(project.resolve("src/test/java"), "NoMemoryExampleTest");
        provide(project);

        // The README's own test of having no memory runs in it too.
        assertThat(maven(project, "test")).contains("Tests run: 1, Failures: 0, Errors: 0, Skipped: 0");

        String classPath =
                Artifact.path("target/classes", Artifact.jar(), Artifact.natives(), Artifact.jars("/micrometer-"));
        assertThat(java(
                        project,
                        Artifact.denying("ALL-UNNAMED"),
                        "-Dzmalloc.library.sources=bundled",
                        "-cp",
                        classPath,
                        "dev.zmalloc.examples.DashboardExample"))
                .isEqualTo("0\n");
        assertThat(java(project, Artifact.denying("ALL-UNNAMED"), "-cp", classPath, "dev.zmalloc.examples.Examples"))
                .contains("Ada Lovelace, ")
                .endsWith("left=0\n");
        assertThat(java(
                        project,
                        Artifact.denying("ALL-UNNAMED"),
                        "-Dzmalloc.allocator=counting",
                        "-cp",
                        classPath,
                        "dev.zmalloc.examples.ReadmeExample"))
                .as("with the project's own allocator")
                .matches("Ada Lovelace, [0-9]+ bytes used\n12\n0\n");
    }

    @Test
    void asAModule() throws Exception {
        Path project = project();
        Files.writeString(project.resolve("src/main/java/module-info.java"), """
                module app {
                    requires dev.zmalloc;
                    requires java.management;
                    requires micrometer.core;

                    provides dev.zmalloc.allocator.AllocatorProvider with
                            dev.zmalloc.examples.SwapExample.CountingProvider;
                }
                """);
        maven(project, "compile");

        String modulePath =
                Artifact.path("target/classes", Artifact.jar(), Artifact.natives(), Artifact.jars("/micrometer-"));
        assertThat(java(
                        project,
                        Artifact.denying("dev.zmalloc"),
                        "-Dzmalloc.allocator=libc",
                        "-p",
                        modulePath,
                        "-m",
                        "app/dev.zmalloc.examples.DashboardExample"))
                .isEqualTo("0\n");
        assertThat(java(
                        project,
                        Artifact.denying("dev.zmalloc"),
                        "-p",
                        modulePath,
                        "-m",
                        "app/dev.zmalloc.examples.Examples"))
                .endsWith("left=0\n");
        for (String allocator : List.of("jemalloc", "counting")) {
            assertThat(java(
                            project,
                            Artifact.denying("dev.zmalloc"),
                            "-Dzmalloc.allocator=" + allocator,
                            "-Dzmalloc.library.sources=bundled",
                            "-p",
                            modulePath,
                            "-m",
                            "app/dev.zmalloc.examples.ReadmeExample"))
                    .as(allocator)
                    .matches("Ada Lovelace, [0-9]+ bytes used\n12\n0\n");
        }
    }

    private static void provide(Path project) throws IOException {
        Path services = Files.createDirectories(project.resolve("src/main/resources/META-INF/services"));
        Files.writeString(
                services.resolve("dev.zmalloc.allocator.AllocatorProvider"),
                "dev.zmalloc.examples.SwapExample$CountingProvider\n");
    }

    /** Its output; what goes to the other stream are marks of a terminal, and what tests log. */
    private String maven(Path project, String goal) throws Exception {
        ChildJvm.Result result = ChildJvm.run(
                List.of(Artifact.setting("maven"), "-B", "-o", "-Dmaven.repo.local=" + repository, goal),
                project,
                Map.of("JAVA_HOME", System.getProperty("java.home"), "MAVEN_OPTS", mavenOptions()));
        assertThat(result.exit()).as(result.toString()).isZero();
        return result.out();
    }

    /** Maven itself calls what newer JDKs warn of. */
    private static String mavenOptions() {
        int feature = Runtime.version().feature();
        return "-XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED"
                + (feature >= 23 ? " --sun-misc-unsafe-memory-access=allow" : "");
    }

    private static String java(Path project, List<String> options, String... arguments) throws Exception {
        return Artifact.run(project, Map.of(), List.of(Artifact.tool("java")), options, List.of(arguments));
    }

    /** A project with the pom that the README's words come to. */
    private Path project() throws IOException {
        Path project = Files.createDirectory(folder.resolve("app"));
        Artifact.copyExamples(project.resolve("src/main/java"), EXAMPLES);
        Artifact.copyExamples(project.resolve("src/main/java"), "DashboardExample");
        Files.writeString(project.resolve("pom.xml"), """
                <project xmlns="http://maven.apache.org/POM/4.0.0">
                    <modelVersion>4.0.0</modelVersion>
                    <groupId>app</groupId>
                    <artifactId>app</artifactId>
                    <version>1</version>
                    <properties>
                        <maven.compiler.release>22</maven.compiler.release>
                        <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
                    </properties>
                    <dependencies>
                        %s
                    </dependencies>
                    <build>
                        <plugins>
                            %s
                        </plugins>
                    </build>
                </project>
                """.formatted(
                dependency("dev.zmalloc", "zmalloc", Artifact.setting("version"), "")
                        + dependency("org.junit.jupiter", "junit-jupiter", "junit.version", "<scope>test</scope>")
                        + dependency(
                                "org.lwjgl",
                                "lwjgl-jemalloc",
                                "lwjgl.version",
                                "<classifier>" + Artifact.NATIVES
                                        + "</classifier><exclusions><exclusion><groupId>*</groupId>"
                                        + "<artifactId>*</artifactId></exclusion></exclusions>")
                        + dependency("io.micrometer", "micrometer-core", "micrometer.version", ""),
                plugin("maven-resources-plugin", "")
                        + plugin("maven-compiler-plugin", "")
                        + plugin(
                                "maven-surefire-plugin",
                                "<configuration><argLine>" + argLine() + "</argLine></configuration>")));
        return project;
    }

    /** The options that the README gives to tests. */
    private static String argLine() throws IOException {
        return match(
                Files.readString(Artifact.file("README.md")), " {4}(--enable-native-access=ALL-UNNAMED -Dzmalloc.*)");
    }

    private static String dependency(String group, String artifact, String version, String more) throws IOException {
        return "<dependency><groupId>" + group + "</groupId><artifactId>" + artifact + "</artifactId><version>"
                + (version.endsWith(".version") ? ours("<" + Pattern.quote(version) + ">(.*?)<") : version)
                + "</version>" + more + "</dependency>";
    }

    private static String plugin(String artifact, String more) throws IOException {
        return "<plugin><artifactId>" + artifact + "</artifactId><version>"
                + ours("<artifactId>" + artifact + "</artifactId>\\s*<version>(.*?)<") + "</version>" + more
                + "</plugin>";
    }

    /** What the library's own build has, so that it is there offline. */
    private static String ours(String pattern) throws IOException {
        return match(Files.readString(Artifact.file("pom.xml")), pattern);
    }

    private static String match(String text, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        assertThat(matcher.find()).as(pattern).isTrue();
        return matcher.group(1);
    }

    private static void link(Path from, Path to, String except) throws IOException {
        if (!Files.isDirectory(from)) {
            return;
        }
        try (Stream<Path> children = Files.list(from)) {
            for (Path child : children.toList()) {
                if (!child.endsWith(except)) {
                    Files.createSymbolicLink(to.resolve(child.getFileName()), child);
                }
            }
        }
    }
}
