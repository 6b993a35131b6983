package dev.zmalloc.ffi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.fixtures.ChildJvm;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeProcessTest {
    private static final String NAME = "ZMALLOC_TEST_OF_THE_ENVIRONMENT";

    /** A program that aborts. */
    static final class Aborting {
        private Aborting() {}

        /** Aborts; a line after that would show that it did not. */
        public static void main(String[] arguments) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook ran")));
            NativeProcess.abort();
            System.out.println("still here");
        }
    }

    @Test
    void changesTheEnvironmentOfNativeCode() {
        assertThat(NativeProcess.environment(NAME)).isNull();
        NativeProcess.setEnvironment(NAME, "one");
        NativeProcess.setEnvironment(NAME, "two");
        assertThat(NativeProcess.environment(NAME)).isEqualTo("two");
        NativeProcess.unsetEnvironment(NAME);
        assertThat(NativeProcess.environment(NAME)).isNull();
        assertThatThrownBy(() -> NativeProcess.setEnvironment("no=name", "value"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no=name");
    }

    @Test
    @Tag("process")
    void abortEndsTheProcessAtOnce(@TempDir Path directory) throws Exception {
        ChildJvm.Result result =
                ChildJvm.of(Aborting.class).directory(directory).run();

        assertThat(result.exit()).isEqualTo(128 + 6);
        assertThat(result.out()).isEmpty();
    }
}
