package dev.zmalloc.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is in the jars. */
@Tag("artifact")
class JarTest {
    @Test
    void theLibraryIsOneModuleWithItsLicencesAndMetadata() throws Exception {
        try (JarFile jar = new JarFile(Artifact.jar().toFile())) {
            List<String> names = jar.stream()
                    .filter(entry -> !entry.isDirectory())
                    .map(ZipEntry::getName)
                    .toList();
            assertThat(names)
                    .contains(
                            "module-info.class",
                            "META-INF/LICENSE",
                            "META-INF/licenses/jemalloc.txt",
                            "META-INF/native-image/dev.zmalloc/zmalloc/reachability-metadata.json")
                    .allMatch(name -> name.startsWith("dev/zmalloc/")
                            || name.startsWith("META-INF/")
                            || name.equals("module-info.class"));
            assertThat(new String(
                            jar.getInputStream(jar.getEntry("META-INF/licenses/jemalloc.txt"))
                                    .readAllBytes(),
                            StandardCharsets.UTF_8))
                    .contains("Jason Evans");
        }
    }

    @Test
    void theModuleRequiresNothingButTheBase() {
        ModuleDescriptor module = ModuleFinder.of(Artifact.jar())
                .find("dev.zmalloc")
                .orElseThrow()
                .descriptor();
        assertThat(module.requires())
                .filteredOn(requires -> !requires.modifiers().contains(ModuleDescriptor.Requires.Modifier.STATIC))
                .extracting(ModuleDescriptor.Requires::name)
                .containsExactly("java.base");
    }

    /** A jar that is run by itself may say that it calls native code; any other is not asked. */
    @Test
    void theCommandLineRunsByItself(@TempDir Path folder) throws Exception {
        try (JarFile jar = new JarFile(Artifact.commandLineJar().toFile())) {
            Attributes manifest = jar.getManifest().getMainAttributes();
            assertThat(manifest.getValue("Enable-Native-Access")).isEqualTo("ALL-UNNAMED");
            assertThat(jar.getEntry("META-INF/LICENSE")).isNotNull();
            assertThat(jar.getEntry("META-INF/licenses/jemalloc.txt")).isNotNull();
        }
        List<String> options = Artifact.denying("ALL-UNNAMED");
        assertThat(Artifact.run(
                        folder,
                        Map.of(),
                        List.of(Artifact.tool("java")),
                        options.subList(1, options.size()),
                        List.of("-Dzmalloc.library.sources=bundled", "-jar", Artifact.commandLineJar(), "info")))
                .startsWith("allocator     jemalloc\n");
    }
}
