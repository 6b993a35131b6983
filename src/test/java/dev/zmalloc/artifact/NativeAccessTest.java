package dev.zmalloc.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who calls native code, as the JDK's own tool finds it. */
@Tag("artifact")
class NativeAccessTest {
    private static final Pattern CLASS = Pattern.compile("(?m)^ {2}(\\S+):$");

    @TempDir
    Path folder;

    @BeforeEach
    void theToolIsThere() {
        Artifact.assumeTool("jnativescan", "no jnativescan in this JDK: 24 has one");
    }

    @Test
    void onlyOnePackageHasNativeAccess() throws Exception {
        String found = Artifact.run(
                folder,
                Map.of(),
                List.of(
                        Artifact.tool("jnativescan"),
                        "--class-path",
                        Artifact.jar().toString()));
        assertThat(CLASS.matcher(found).results().map(match -> match.group(1)))
                .contains("dev.zmalloc.ffi.Memory", "dev.zmalloc.ffi.Downcalls")
                .allMatch(name -> name.startsWith("dev.zmalloc.ffi."));
    }

    @Test
    void theModuleIsTheNameToEnable() throws Exception {
        assertThat(Artifact.run(
                        folder,
                        Map.of(),
                        List.of(Artifact.tool("jnativescan"), "--print-native-access"),
                        List.of("--module-path", Artifact.jar(), "--add-modules", "dev.zmalloc")))
                .isEqualTo("dev.zmalloc\n");
    }
}
