package dev.zmalloc.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("process")
class FragmentingWorkloadTest {
    private static final long FULL_BYTES = 4 << 20;

    @TempDir
    Path folder;

    @Test
    void theSameSeedGivesTheSameLogAndAnotherOneAnother() throws IOException {
        assertThat(bytes("a", 1)).isEqualTo(bytes("b", 1)).isNotEqualTo(bytes("c", 2));
    }

    private byte[] bytes(String name, long seed) throws IOException {
        Path file = folder.resolve(name);
        FragmentingWorkload.write(file, FULL_BYTES, seed);
        return Files.readAllBytes(file);
    }

    @Test
    void noBlockIsFreedTwiceAndMemoryIsAsFullAsAsked() throws IOException {
        AllocationLog log = log();
        BitSet live = new BitSet();
        long[] bytes = new long[log.blockCount()];
        long liveBytes = 0;
        long most = 0;
        for (int index = 0; index < log.size(); index++) {
            int block = log.block(index);
            int operation = log.operation(index);
            boolean takes = operation < AllocationLog.REALLOCATE;
            assertThat(live.get(block)).as("operation %d", index).isEqualTo(!takes);
            live.set(block, operation <= AllocationLog.REALLOCATE);
            liveBytes += log.requestedBytes(index) - bytes[block];
            bytes[block] = log.requestedBytes(index);
            most = Math.max(most, liveBytes);
        }
        assertThat(most).isBetween(FULL_BYTES, FULL_BYTES + (400 << 10));
        assertThat(liveBytes).as("a twentieth is left").isBetween(FULL_BYTES / 50, FULL_BYTES / 8);
    }

    @Test
    void itsMomentsAreMarkedInOrder() throws IOException {
        AllocationLog log = log();
        assertThat(log.marks())
                .extracting(AllocationLog.Mark::name)
                .containsExactly(Points.FULL, Points.WORN, Points.FREED);
        assertThat(log.marks().getLast().operations()).isEqualTo(log.size());
    }

    @Test
    void allKindsOfBlocksAreThere() throws IOException {
        AllocationLog log = log();
        int[] counts = new int[8];
        for (int index = 0; index < log.size(); index++) {
            counts[log.operation(index)]++;
        }
        for (int operation = AllocationLog.ALLOCATE; operation <= AllocationLog.FREE_ALIGNED; operation++) {
            assertThat(counts[operation]).as("operation %d", operation).isPositive();
        }
    }

    private AllocationLog log() throws IOException {
        Path file = folder.resolve("some.log");
        FragmentingWorkload.write(file, FULL_BYTES, 7);
        return AllocationLog.read(file);
    }
}
