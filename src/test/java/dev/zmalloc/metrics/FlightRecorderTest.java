package dev.zmalloc.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.NativeOutOfMemoryError;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import jdk.jfr.DataAmount;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Records, and reads back. */
class FlightRecorderTest {
    private static final int LIMIT = 1 << 20;

    @TempDir
    private Path folder;

    @Test
    void recordsWhatHappens() throws IOException {
        Map<String, List<RecordedEvent>> events = record(() -> {
            try (OffHeapStore store = OffHeapStore.builder()
                    .maxMemory(LIMIT)
                    .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                    .build()) {
                for (int key = 0; key < 40_000; key++) {
                    store.put(ByteBuffer.allocate(Integer.BYTES).putInt(key).array(), new byte[200]);
                }
            }
            List<Long> blocks = new ArrayList<>();
            for (int block = 0; block < 2_000; block++) {
                blocks.add(RawZMalloc.zmalloc(4_000));
            }
            blocks.forEach(RawZMalloc::zfree);
            ZMalloc.allocator().purge();
            assertThatThrownBy(() -> RawZMalloc.zmalloc(1L << 60)).isInstanceOf(NativeOutOfMemoryError.class);
        });

        RecordedEvent eviction = events.get("dev.zmalloc.Eviction").getLast();
        assertThat(eviction.getLong("entries")).isPositive();
        assertThat(eviction.getLong("bytes")).isPositive();
        assertThat(events.get("dev.zmalloc.Purge")).hasSize(1);
        assertThat(events.get("dev.zmalloc.TableGrowth"))
                .isNotEmpty()
                .allSatisfy(growth -> assertThat(growth.getLong("buckets")).isGreaterThan(1));
        RecordedEvent outOfMemory = events.get("dev.zmalloc.OutOfMemory").getFirst();
        assertThat(outOfMemory.getLong("requestedBytes")).isEqualTo(1L << 60);
        assertThat(outOfMemory.getStackTrace().getFrames()).isNotEmpty();
        List<RecordedEvent> samples = events.get("dev.zmalloc.AllocationSample");
        assertThat(samples.stream()
                        .mapToLong(sample -> sample.getLong("growthBytes"))
                        .sum())
                .as("what is sampled of 8 MB and the store's")
                .isBetween(4_000_000L, 16_000_000L);
        assertThat(samples).anySatisfy(sample -> {
            assertThat(sample.getLong("bytes")).isBetween(4_000L, 8_192L);
            assertThat(sample.getStackTrace().getFrames().toString()).contains("FlightRecorderTest");
        });

        RecordedEvent used = events.get("dev.zmalloc.UsedMemory").getLast();
        assertThat(used.getLong("peakMemory")).isGreaterThanOrEqualTo(used.getLong("usedMemory"));
        assertThat(used.getEventType().getField("usedMemory").getAnnotation(DataAmount.class))
                .isNotNull();
        RecordedEvent figures = events.get("dev.zmalloc.AllocatorFigures").getLast();
        assertThat(figures.getString("allocator")).isEqualTo(ZMalloc.allocator().name());
        assertThat(figures.getEventType().getLabel()).isEqualTo("Allocator Figures");
        assertThat(figures.getEventType().getCategoryNames()).containsExactly("ZMalloc");
    }

    @Test
    void aShortEvictionIsNotRecordedUnlessAskedFor() throws IOException {
        Path file = folder.resolve("threshold.jfr");
        try (Recording recording = new Recording()) {
            recording.enable("dev.zmalloc.Eviction").withThreshold(Duration.ofHours(1));
            recording.start();
            try (OffHeapStore store = OffHeapStore.builder()
                    .maxMemory(LIMIT)
                    .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                    .build()) {
                for (int key = 0; key < 10_000; key++) {
                    store.put(ByteBuffer.allocate(Integer.BYTES).putInt(key).array(), new byte[200]);
                }
            }
            recording.stop();
            recording.dump(file);
        }
        assertThat(RecordingFile.readAllEvents(file))
                .extracting(event -> event.getEventType().getName())
                .doesNotContain("dev.zmalloc.Eviction");
    }

    private Map<String, List<RecordedEvent>> record(Runnable action) throws IOException {
        Path file = folder.resolve("recording.jfr");
        try (Recording recording = new Recording()) {
            for (String name : List.of("Eviction", "Purge", "TableGrowth", "OutOfMemory", "AllocationSample")) {
                recording.enable("dev.zmalloc." + name).withoutThreshold();
            }
            for (String name : List.of("OutOfMemory", "AllocationSample")) {
                recording.enable("dev.zmalloc." + name).withStackTrace();
            }
            // Periodic events come at the end of a recording too.
            recording.enable("dev.zmalloc.UsedMemory").with("period", "everyChunk");
            recording.enable("dev.zmalloc.AllocatorFigures").with("period", "everyChunk");
            recording.start();
            action.run();
            recording.stop();
            recording.dump(file);
        }
        return RecordingFile.readAllEvents(file).stream()
                .collect(Collectors.groupingBy(event -> event.getEventType().getName()));
    }
}
