package dev.zmalloc.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.ChildJvm;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("process")
class StoreRecordingTest {
    private static final int MEBIBYTES = 4;

    @TempDir
    Path folder;

    @Test
    void theLogOfAStoreKeepsItsLimitAndCanBeReplayed() throws Exception {
        Path file = folder.resolve("store.log");
        ChildJvm.Result result = ChildJvm.of(StoreRecording.class)
                .withAllCompilers()
                .property("zmalloc.allocator", RecordingAllocator.class.getName())
                .property(RecordingAllocator.FILE_PROPERTY, file.toString())
                .run(Integer.toString(MEBIBYTES), "1");
        assertThat(result.exit()).as("%s", result).isZero();

        AllocationLog log = AllocationLog.read(file);
        assertThat(log.marks())
                .extracting(AllocationLog.Mark::name)
                .containsExactly(Points.FULL, Points.WORN, Points.FREED);
        CountingBlocks blocks = new CountingBlocks();
        Replayer replayer = new Replayer(log, blocks);
        long most = 0;
        for (int index = 0; index < log.size(); index++) {
            replayer.replay(index, index + 1);
            most = Math.max(most, replayer.requestedBytes());
        }
        // The recording allocator rounds nothing up, so the store's limit is on the bytes requested.
        assertThat(most).isBetween((long) (0.98 * (MEBIBYTES << 20)), (long) MEBIBYTES << 20);
        assertThat(replayer.requestedBytes()).isLessThan(MEBIBYTES << 18);
        assertThat(blocks.zeroed).as("the table").isPositive();
        assertThat(blocks.frees).isGreaterThan(blocks.allocations / 2);
        replayer.freeRest();
        assertThat(blocks.liveCount()).isZero();
    }
}
