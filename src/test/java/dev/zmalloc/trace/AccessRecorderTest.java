package dev.zmalloc.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.fixtures.Seeds;
import dev.zmalloc.store.AccessRecorder;
import dev.zmalloc.store.Codecs;
import dev.zmalloc.store.OffHeapCache;
import dev.zmalloc.store.OffHeapCacheBuilder;
import dev.zmalloc.store.OffHeapStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class AccessRecorderTest {
    @TempDir
    private Path folder;

    private record Request(long key, int valueBytes) {}

    @Test
    void recordsReadsThatHitAndPutsInTheirOrderAndSizes() throws IOException {
        for (String name : new String[] {"trace.bin", "trace.gz"}) {
            Path file = folder.resolve(name);
            try (OffHeapStore store = OffHeapStore.builder().build()) {
                store.put(key(1), new byte[10]);
                AccessRecorder recorder = AccessRecorder.start(store, file);
                store.get(key(1)); // 10
                store.get(key(2));
                store.put(key(2), new byte[20]); // 20
                store.read(key(2), value -> value.byteSize()); // 20
                store.lease(key(1)).close(); // 10
                store.getInto(key(1), new byte[5], 0); // 10
                store.containsKey(key(1));
                store.putIfAbsent(key(1), new byte[11]);
                store.expire(key(1), Duration.ofHours(1));
                store.replace(key(1), new byte[30]); // 30
                store.getAndPut(key(1), new byte[31]); // 31
                store.update(key(1), old -> new byte[32]); // 32
                store.remove(key(1));
                recorder.close();
                recorder.close();
                store.get(key(2));
                assertThat(recorder.recorded()).isEqualTo(8);
                assertThat(recorder.dropped()).isZero();
            }
            List<Request> requests = requests(file);
            long one = requests.getFirst().key;
            long two = requests.get(1).key;
            assertThat(two).isNotEqualTo(one);
            assertThat(requests)
                    .containsExactly(
                            new Request(one, 10),
                            new Request(two, 20),
                            new Request(two, 20),
                            new Request(one, 10),
                            new Request(one, 10),
                            new Request(one, 30),
                            new Request(one, 31),
                            new Request(one, 32));
        }
    }

    /** Where a read is one of the store's array, and where it looks at the entry. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void recordsWhatATypedCacheReads(boolean looksAtEntries) throws IOException {
        Path file = folder.resolve("cache");
        OffHeapCacheBuilder<String, String> builder = OffHeapCache.builder(Codecs.STRING, Codecs.STRING);
        if (looksAtEntries) {
            builder.expireAfterAccess(Duration.ofHours(1));
        }
        try (OffHeapCache<String, String> cache = builder.build()) {
            cache.put("key", "value");
            try (AccessRecorder recorder = AccessRecorder.start(cache.store(), file)) {
                assertThat(cache.getIfPresent("key")).isEqualTo("value"); // recorded
                assertThat(cache.getIfPresent("other")).isNull();
                assertThat(cache.getIfPresentQuietly("key")).isEqualTo("value");
                assertThat(cache.get("key", key -> "none")).isEqualTo("value"); // recorded
                assertThat(cache.get("other", key -> "longer value")).isEqualTo("longer value"); // recorded
                assertThat(recorder.dropped()).isZero();
            }
        }
        List<Request> requests = requests(file);
        assertThat(requests).extracting(Request::valueBytes).containsExactly(5, 5, 12);
        assertThat(requests.get(1).key).isEqualTo(requests.getFirst().key);
        assertThat(requests.get(2).key).isNotEqualTo(requests.getFirst().key);
    }

    /** A replay with the limit and policy of the run has its hits, about. */
    @Test
    void aReplayOfARunHasItsHitRatio() throws IOException {
        Path file = folder.resolve("run");
        SplittableRandom random = new SplittableRandom(Seeds.next("AccessRecorderTest.aReplayOfARunHasItsHitRatio"));
        double hits = 0;
        int reads = 60_000;
        try (OffHeapStore store = OffHeapStore.builder()
                        .maxMemory(1 << 20)
                        .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                        .build();
                AccessRecorder recorder = AccessRecorder.start(store, file)) {
            for (int count = 0; count < reads; count++) {
                byte[] key = ByteBuffer.allocate(8)
                        .putLong((long) (20_000 * Math.pow(random.nextDouble(), 3)))
                        .array();
                if (store.get(key) != null) {
                    hits++;
                } else {
                    store.put(key, new byte[100]);
                }
            }
            assertThat(recorder.dropped()).isZero();
        }
        ReplayResult replayed = Replay.run(
                TraceFile.of(file, null),
                EvictionPolicy.ALLKEYS_LRU,
                EvictionParameters.DEFAULTS,
                1 << 20,
                1,
                requests -> true);
        assertThat(replayed.requests()).isEqualTo(reads);
        assertThat(replayed.hits() / (double) reads).isCloseTo(hits / reads, org.assertj.core.data.Offset.offset(0.02));
    }

    /** All requests of some keys, and none of the others. */
    @Test
    void aShareKeepsAllRequestsOfItsKeys() throws IOException {
        Path file = folder.resolve("share");
        try (OffHeapStore store = OffHeapStore.builder().build();
                AccessRecorder recorder = AccessRecorder.start(store, file, 0.25)) {
            for (int count = 0; count < 40_000; count++) {
                store.put(key(count % 10_000), new byte[8]);
            }
            assertThat(recorder.dropped()).isZero();
        }
        Map<Long, Integer> counts = new HashMap<>();
        requests(file).forEach(request -> counts.merge(request.key, 1, Integer::sum));
        assertThat(counts.values()).containsOnly(4);
        assertThat(counts.size()).isBetween(2_200, 2_800);
    }

    /** What threads do while a recorder is started and closed is in the file, or counted as left out. */
    @Test
    void threadsLoseNothingUnnoticed() throws IOException {
        Path file = folder.resolve("threads");
        int threads = 3;
        int puts = 150_000;
        AccessRecorder recorder;
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            recorder = AccessRecorder.start(store, file);
            CompletableFuture<?>[] workers = new CompletableFuture<?>[threads];
            for (int thread = 0; thread < threads; thread++) {
                int own = thread;
                workers[thread] = CompletableFuture.runAsync(() -> {
                    for (int count = 0; count < puts; count++) {
                        store.put(key(own), new byte[own + count % 100]);
                    }
                });
            }
            CompletableFuture.allOf(workers).join();
            recorder.close();
            assertThat(recorder.recorded() + recorder.dropped()).isEqualTo((long) threads * puts);
            // Closed in the midst of it.
            Path another = folder.resolve("another");
            AccessRecorder brief = AccessRecorder.start(store, another);
            CompletableFuture<?> busy = CompletableFuture.runAsync(() -> {
                for (int count = 0; count < puts; count++) {
                    store.put(key(7), new byte[7]);
                }
            });
            while (brief.recorded() == 0) {
                Thread.onSpinWait();
            }
            long start = System.nanoTime();
            brief.close();
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
            busy.join();
            assertThat(requests(another)).hasSize((int) brief.recorded());
        }
        List<Request> requests = requests(file);
        assertThat(requests).hasSize((int) recorder.recorded());
        if (recorder.dropped() == 0) {
            Map<Long, Integer> next = new HashMap<>();
            Map<Long, Integer> least = new HashMap<>();
            requests.forEach(request -> least.merge(request.key, request.valueBytes, Math::min));
            for (Request request : requests) {
                int expected = next.merge(request.key, 1, Integer::sum) - 1;
                assertThat(request.valueBytes - least.get(request.key)).isEqualTo(expected % 100);
            }
        }
    }

    @Test
    void refusesASecondRecorderAFileThatIsThereAndAWrongShare() throws IOException {
        Path file = folder.resolve("one");
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            try (AccessRecorder recorder = AccessRecorder.start(store, file)) {
                assertThat(recorder.recorded()).isZero();
                assertThatThrownBy(() -> AccessRecorder.start(store, folder.resolve("two")))
                        .isInstanceOf(IllegalStateException.class);
                assertThat(folder.resolve("two")).doesNotExist();
            }
            assertThatThrownBy(() -> AccessRecorder.start(store, file)).isInstanceOf(FileAlreadyExistsException.class);
            for (double share : new double[] {0, -1, 1.01, Double.NaN}) {
                assertThatThrownBy(() -> AccessRecorder.start(store, folder.resolve("three"), share))
                        .isInstanceOf(IllegalArgumentException.class);
            }
            AccessRecorder.start(store, folder.resolve("three")).close();
            assertThat(Files.size(folder.resolve("three"))).isZero();
        }
    }

    private static List<Request> requests(Path file) throws IOException {
        List<Request> requests = new ArrayList<>();
        TraceFile trace = TraceFile.of(file, null);
        assertThat(trace.format()).isEqualTo(TraceFormat.ORACLE);
        try (TraceReader reader = trace.open()) {
            while (reader.next()) {
                requests.add(new Request(reader.key(), reader.valueBytes()));
            }
        }
        return requests;
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(4).putInt(number).array();
    }
}
