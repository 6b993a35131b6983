package dev.zmalloc.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("process")
class ReplayerTest {
    @TempDir
    Path folder;

    @Test
    void everyOperationIsDoneAndEveryByteWritten() throws IOException {
        Path file = folder.resolve("some.log");
        try (AllocationLogWriter writer = new AllocationLogWriter(file)) {
            writer.allocate(0, 100);
            writer.take(AllocationLog.ALLOCATE_ZEROED, 1, 200, 1);
            writer.take(AllocationLog.ALLOCATE_ALIGNED, 2, 300, 64);
            writer.take(AllocationLog.ALLOCATE, 3, 7, 1);
            writer.reallocate(0, 150);
            writer.reallocate(1, 50);
            writer.free(AllocationLog.FREE_SIZED, 0, 1);
            writer.free(AllocationLog.FREE_ALIGNED, 2, 64);
            writer.free(AllocationLog.FREE, 3, 1);
        }
        AllocationLog log = AllocationLog.read(file);
        CountingBlocks blocks = new CountingBlocks();
        Replayer replayer = new Replayer(log, blocks);

        replayer.replay(0, 4);
        assertThat(replayer.requestedBytes()).isEqualTo(607).isEqualTo(blocks.liveBytes);
        assertThat(blocks.writtenBytes).isEqualTo(607);
        replayer.replay(4, 6);
        assertThat(replayer.requestedBytes()).isEqualTo(507).isEqualTo(blocks.liveBytes);
        assertThat(blocks.writtenBytes).as("what was added").isEqualTo(657);
        replayer.replay(6, log.size());
        assertThat(blocks.liveCount()).isOne();
        assertThat(blocks.allocations).isEqualTo(2);
        assertThat(blocks.zeroed).isOne();
        assertThat(blocks.aligned).isOne();
        assertThat(blocks.reallocations).isEqualTo(2);
        assertThat(blocks.frees).isEqualTo(3);

        replayer.freeRest();
        assertThat(blocks.liveCount()).isZero();
        assertThat(blocks.liveBytes).isZero();
        assertThat(replayer.requestedBytes()).isZero();
    }

    @Test
    void aReplayInPartsIsTheSameAsOneAtOnce() throws IOException {
        Path file = folder.resolve("fragmenting.log");
        FragmentingWorkload.write(file, 200_000, 5);
        AllocationLog log = AllocationLog.read(file);
        CountingBlocks atOnce = new CountingBlocks();
        new Replayer(log, atOnce).replay(0, log.size());
        CountingBlocks inParts = new CountingBlocks();
        Replayer replayer = new Replayer(log, inParts);
        int done = 0;
        for (int end : log.ends(17)) {
            replayer.replay(done, end);
            done = end;
        }
        assertThat(inParts.writtenBytes).isEqualTo(atOnce.writtenBytes).isGreaterThan(1_000_000);
        assertThat(inParts.liveBytes).isEqualTo(atOnce.liveBytes).isEqualTo(replayer.requestedBytes());
        assertThat(inParts.frees).isEqualTo(atOnce.frees);
    }
}
