package dev.zmalloc.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The library in a runtime that has the module {@code java.base}, itself and a program, and nothing else. */
@Tag("artifact")
class RuntimeImageTest {
    @Test
    void theBaseAloneIsEnough(@TempDir Path folder) throws Exception {
        Artifact.assumeTool("jlink", "no jlink in this JDK");
        Path image = link(folder, compile(folder));
        String java = image.resolve("bin/java").toString();

        assertThat(Artifact.run(folder, Map.of(), List.of(java, "--list-modules"))
                        .lines())
                .extracting(line -> line.replaceAll("@.*", ""))
                .containsExactlyInAnyOrder("app", "dev.zmalloc", "java.base");

        // With another allocator, all; with the bundled jemalloc, which lies beside the image, what opens a store.
        assertThat(Artifact.run(
                        folder,
                        Map.of(),
                        List.of(java),
                        Artifact.denying("dev.zmalloc"),
                        List.of("-m", "app/dev.zmalloc.examples.Examples")))
                .contains("Ada Lovelace, ")
                .endsWith("left=0\n");
        assertThat(Artifact.run(
                        folder,
                        Map.of(),
                        List.of(java, "-p", Artifact.natives().toString()),
                        Artifact.denying("dev.zmalloc"),
                        List.of("-Dzmalloc.library.sources=bundled", "-m", "app/dev.zmalloc.examples.ReadmeExample")))
                .matches("Ada Lovelace, [0-9]+ bytes used\n12\n0\n");
    }

    private static Path compile(Path folder) throws Exception {
        Path sources = Files.createDirectories(folder.resolve("sources"));
        Artifact.copyExamples(sources, UserProjectTest.EXAMPLES);
        Files.writeString(sources.resolve("module-info.java"), "module app { requires dev.zmalloc; }\n");
        Path classes = folder.resolve("classes");
        try (Stream<Path> files = Files.walk(sources)) {
            Artifact.run(
                    folder,
                    Map.of(),
                    List.of(Artifact.tool("javac"), "-d", classes, "--module-path", Artifact.jar()),
                    files.filter(Files::isRegularFile).toList());
        }
        return classes;
    }

    private static Path link(Path folder, Path classes) throws Exception {
        Path image = folder.resolve("image");
        Artifact.run(
                folder,
                Map.of(),
                List.of(Artifact.tool("jlink"), "--output", image),
                List.of("--module-path", Artifact.jar() + ":" + classes, "--add-modules", "app"));
        return image;
    }
}
