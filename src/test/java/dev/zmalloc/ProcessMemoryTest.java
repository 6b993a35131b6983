package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessMemoryTest {
    /** Two mappings, the first of a file whose name is not UTF-8 and looks like a field. */
    private static final String SMAPS = """
            55f0c0a00000-55f0c0a02000 r--p 00000000 08:01 2621478 /usr/lib/Rss: 7 kB \u00ff
            Size:                  8 kB
            KernelPageSize:        4 kB
            Rss:                   8 kB
            Private_Dirty:         4 kB
            Private_Dirty_X:      99 kB
            THPeligible:           0
            VmFlags: rd mr mw me sd
            7ffd1c5c0000-7ffd1c5e1000 rw-p 00000000 00:00 0 [stack]
            Size:                132 kB
            Rss:                  20 kB
            Private_Dirty:        20 kB
            """;

    private static final String ROLLUP = """
            55f0c0a00000-7ffd1c5e1000 ---p 00000000 00:00 0 [rollup]
            Rss:                  28 kB
            Private_Dirty:        25 kB
            """;

    @TempDir
    Path proc;

    @Test
    void readsTheResidentField() {
        assertThat(ProcessMemory.residentBytes("1594110 20480 6400 1 0 99 0\n", 4096))
                .hasValue(20480L * 4096);
        assertThat(ProcessMemory.residentBytes("", 4096)).isEmpty();
        assertThat(ProcessMemory.residentBytes("12 many", 4096)).isEmpty();
        assertThat(ProcessMemory.residentBytes("1 " + Long.MAX_VALUE, 4096)).isEmpty();
    }

    @Test
    void sumsAFieldOverAllMappings() throws IOException {
        write("7/smaps", SMAPS);

        assertThat(ProcessMemory.smapsBytes(proc, "7", "Rss")).hasValue(28 << 10);
        assertThat(ProcessMemory.smapsBytes(proc, "7", "Private_Dirty")).hasValue(24 << 10);
        assertThat(ProcessMemory.smapsBytes(proc, "7", "Size")).hasValue(140 << 10);
    }

    @Test
    void takesTheKernelsOwnSumWhereThereIsOne() throws IOException {
        write("7/smaps", SMAPS);
        write("7/smaps_rollup", ROLLUP);

        assertThat(ProcessMemory.smapsBytes(proc, "7", "Private_Dirty")).hasValue(25 << 10);
        assertThat(ProcessMemory.smapsBytes(proc, "7", "Size"))
                .as("not in the sums")
                .hasValue(140 << 10);
    }

    @Test
    void whatIsNotThereIsNotZero() throws IOException {
        write("7/smaps", SMAPS);
        write("8/smaps", "Rss:      4 kB\nRss:    many kB\n");
        write("9/smaps", "");

        assertThat(ProcessMemory.smapsBytes(proc, "7", "Swap")).isEmpty();
        assertThat(ProcessMemory.smapsBytes(proc, "7", "VmFlags")).isEmpty();
        assertThat(ProcessMemory.smapsBytes(proc, "7", "THPeligible")).isEmpty();
        assertThat(ProcessMemory.smapsBytes(proc, "7", "")).isEmpty();
        assertThat(ProcessMemory.smapsBytes(proc, "8", "Rss")).isEmpty();
        assertThat(ProcessMemory.smapsBytes(proc, "9", "Rss")).isEmpty();
        assertThat(ProcessMemory.smapsBytes(proc, "10", "Rss")).isEmpty();
    }

    @Test
    void knowsThisProcess() {
        long pid = ProcessHandle.current().pid();

        assertThat(Long.bitCount(ProcessMemory.pageBytes().orElseThrow())).isOne();
        assertThat(ProcessMemory.residentBytes().orElseThrow()).isGreaterThan(10_000_000);
        assertThat(ProcessMemory.residentBytes(pid).orElseThrow()).isGreaterThan(10_000_000);
        assertThat(ProcessMemory.privateDirtyBytes().orElseThrow()).isGreaterThan(1_000_000);
        assertThat(ProcessMemory.privateDirtyBytes(pid).orElseThrow()).isGreaterThan(1_000_000);
        assertThat(ProcessMemory.smapsBytes("Rss").orElseThrow())
                .isGreaterThan(ProcessMemory.privateDirtyBytes().orElseThrow());
    }

    @Test
    void knowsNothingOfAProcessThatIsNot() {
        assertThat(ProcessMemory.residentBytes(Long.MAX_VALUE)).isEmpty();
        assertThat(ProcessMemory.smapsBytes("Rss", Long.MAX_VALUE)).isEmpty();
        assertThatIllegalArgumentException().isThrownBy(() -> ProcessMemory.smapsBytes("Rss", 0));
        assertThatIllegalArgumentException().isThrownBy(() -> ProcessMemory.residentBytes(-1));
    }

    /** What is written to shows as resident, and as private and dirty. */
    @Test
    void followsMemoryThatIsWritten() {
        long bytes = 64 << 20;
        long resident = ProcessMemory.residentBytes().orElseThrow();
        long dirty = ProcessMemory.privateDirtyBytes().orElseThrow();
        var block = ZMalloc.zmalloc(bytes);
        block.fill((byte) 1);
        long residentWith = ProcessMemory.residentBytes().orElseThrow();
        long dirtyWith = ProcessMemory.privateDirtyBytes().orElseThrow();
        ZMalloc.zfree(block);

        // The rest of the JVM moves too, by less than this.
        assertThat(residentWith - resident).isGreaterThan(bytes * 3 / 4);
        assertThat(dirtyWith - dirty).isGreaterThan(bytes * 3 / 4);
    }

    private void write(String file, String text) throws IOException {
        Path path = proc.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text, StandardCharsets.ISO_8859_1);
    }
}
