package dev.zmalloc.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("process")
class AllocationLogTest {
    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void nameFile() {
        file = folder.resolve("some.log");
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        try (AllocationLogWriter writer = new AllocationLogWriter(file)) {
            writer.allocate(0, 1);
            writer.take(AllocationLog.ALLOCATE_ZEROED, 1, 127, 1);
            writer.mark("half way");
            writer.take(AllocationLog.ALLOCATE_ALIGNED, 2, 1 << 20, 4096);
            writer.reallocate(1, Integer.MAX_VALUE);
            writer.free(AllocationLog.FREE, 0, 1);
            writer.free(AllocationLog.FREE_SIZED, 1, 1);
            writer.free(AllocationLog.FREE_ALIGNED, 2, 4096);
            writer.allocate(0, 128);
            writer.mark("end");
        }
        AllocationLog log = AllocationLog.read(file);
        assertThat(log.size()).isEqualTo(8);
        assertThat(log.blockCount()).isEqualTo(3);
        assertThat(log.marks())
                .containsExactly(new AllocationLog.Mark(2, "half way"), new AllocationLog.Mark(8, "end"));
        assertThat(line(log, 0)).isEqualTo("1 of 0: 1 at 1");
        assertThat(line(log, 1)).isEqualTo("2 of 1: 127 at 1");
        assertThat(line(log, 2)).isEqualTo("3 of 2: 1048576 at 4096");
        assertThat(line(log, 3)).isEqualTo("4 of 1: 2147483647 at 1");
        assertThat(line(log, 4)).isEqualTo("5 of 0: 0 at 1");
        assertThat(line(log, 5)).isEqualTo("6 of 1: 0 at 1");
        assertThat(line(log, 6)).isEqualTo("7 of 2: 0 at 4096");
        assertThat(line(log, 7)).isEqualTo("1 of 0: 128 at 1");
    }

    private static String line(AllocationLog log, int index) {
        return log.operation(index) + " of " + log.block(index) + ": " + log.requestedBytes(index) + " at "
                + log.alignmentBytes(index);
    }

    @Test
    void aLogLongerThanTheBufferIsReadWhole() throws IOException {
        int blocks = 100_000;
        try (AllocationLogWriter writer = new AllocationLogWriter(file)) {
            for (int block = 0; block < blocks; block++) {
                writer.allocate(block, 3L * block + 1);
            }
        }
        AllocationLog log = AllocationLog.read(file);
        assertThat(log.size()).isEqualTo(blocks);
        for (int block = 0; block < blocks; block++) {
            assertThat(log.block(block)).isEqualTo(block);
            assertThat(log.requestedBytes(block)).isEqualTo(3 * block + 1);
        }
    }

    @Test
    void partsAreOfEqualWork() throws IOException {
        try (AllocationLogWriter writer = new AllocationLogWriter(file)) {
            writer.allocate(0, 1000);
            for (int block = 1; block <= 10; block++) {
                writer.allocate(block, 100);
            }
            writer.free(AllocationLog.FREE, 0, 1);
        }
        assertThat(AllocationLog.read(file).ends(3)).containsExactly(1, 11, 12);
        assertThat(AllocationLog.read(file).ends(1)).containsExactly(12);
        int[] many = AllocationLog.read(file).ends(100);
        assertThat(many).hasSize(100).isSorted();
        assertThat(many[99]).isEqualTo(12);
    }

    @Test
    void anEmptyLogIsALog() throws IOException {
        new AllocationLogWriter(file).close();
        AllocationLog log = AllocationLog.read(file);
        assertThat(log.size()).isZero();
        assertThat(log.ends(4)).containsExactly(0, 0, 0, 0);
    }

    @Test
    void whatIsNoSoundLogIsRefusedWithTheReason() throws IOException {
        Files.writeString(file, "something else entirely");
        assertThatThrownBy(() -> AllocationLog.read(file)).hasMessageContaining("is no allocation log");

        try (AllocationLogWriter writer = new AllocationLogWriter(file)) {
            writer.allocate(0, 100);
            writer.free(AllocationLog.FREE, 0, 1);
            writer.free(AllocationLog.FREE, 0, 1);
        }
        assertThatThrownBy(() -> AllocationLog.read(file)).hasMessageContaining("operation 2 (5) on block 0");

        try (AllocationLogWriter writer = new AllocationLogWriter(file)) {
            writer.allocate(0, 100);
            writer.allocate(0, 100);
        }
        assertThatThrownBy(() -> AllocationLog.read(file)).hasMessageContaining("operation 1 (1) on block 0");
    }

    @Test
    void aLogThatWasCutOffOrNeverClosedIsRefused() throws IOException {
        try (AllocationLogWriter writer = new AllocationLogWriter(file)) {
            for (int block = 0; block < 100; block++) {
                writer.allocate(block, 1000);
            }
        }
        byte[] whole = Files.readAllBytes(file);
        for (int bytes : new int[] {10, 17, 50, whole.length - 1}) {
            Files.write(file, Arrays.copyOf(whole, bytes));
            assertThatThrownBy(() -> AllocationLog.read(file)).hasMessageContaining("ends in the middle");
        }
        byte[] unclosed = whole.clone();
        ByteBuffer.wrap(unclosed).putInt(AllocationLog.MAGIC.length, -1);
        Files.write(file, unclosed);
        assertThatThrownBy(() -> AllocationLog.read(file)).hasMessageContaining("was not written to its end");
    }
}
