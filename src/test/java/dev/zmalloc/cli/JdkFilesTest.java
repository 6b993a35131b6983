package dev.zmalloc.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class JdkFilesTest {
    @Test
    void holdsTheFilesOfTheRunningJdk() throws IOException {
        SourceFiles files = JdkFiles.open();
        assertThat(files.count()).isGreaterThan(1000);
        assertThat(files.totalBytes()).isGreaterThan(10_000_000);
        assertThat(files.title()).contains(Runtime.version().toString());

        int object = IntStream.range(0, files.count())
                .filter(index -> files.name(index).equals("/modules/java.base/java/lang/Object.class"))
                .findFirst()
                .orElseThrow();
        byte[] content = files.read(object);
        assertThat(content).startsWith(0xCA, 0xFE, 0xBA, 0xBE);
        assertThat(files.read(object)).isEqualTo(content).isNotSameAs(content);
    }

    @Test
    void keysAreDifferentAndTheOrderIsAlwaysTheSame() throws IOException {
        SourceFiles files = JdkFiles.open();
        SourceFiles again = JdkFiles.open();
        assertThat(again.count()).isEqualTo(files.count());
        assertThat(again.totalBytes()).isEqualTo(files.totalBytes());
        Set<String> keys = new HashSet<>();
        for (int index = 0; index < files.count(); index++) {
            String key = new String(files.key(index), StandardCharsets.UTF_8);
            assertThat(keys.add(key)).as(key).isTrue();
            assertThat(again.name(index)).isEqualTo(files.name(index)).isEqualTo(key);
        }
    }
}
