package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.fixtures.Seeds;
import dev.zmalloc.table.ChainWalk;
import dev.zmalloc.table.EntryLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * The queues beside S3-FIFO in plain Java: after each operation the same keys are there. Without removals: the word of
 * a key that was removed, and put again after a multiple of 64 rounds, is taken for that of the new entry.
 */
class S3FifoQueuesTest {
    private static final int CAPACITY = 600;
    private static final int KEYS = 150;

    /** Two queues of keys, the oldest first, and what is remembered of those that the small one let go. */
    private static final class Model {
        private static final double SMALL_SHARE = 0.1;
        private static final int PROMOTE_AT = 2;

        final ArrayDeque<Integer> small = new ArrayDeque<>();
        final ArrayDeque<Integer> main = new ArrayDeque<>();
        final Map<Integer, Integer> bytes = new HashMap<>();
        final Map<Integer, Integer> uses = new HashMap<>();
        final Map<Integer, Integer> ghosts = new LinkedHashMap<>();

        int bytesOf(ArrayDeque<Integer> queue) {
            return queue.stream().mapToInt(bytes::get).sum();
        }

        void use(int key) {
            uses.merge(key, 1, (now, more) -> Math.min(3, now + more));
        }

        void makeRoom(int key, int wanted) {
            while (bytesOf(small) + bytesOf(main) + wanted - bytes.getOrDefault(key, 0) > CAPACITY) {
                evict();
            }
        }

        private void evict() {
            int mainShare = CAPACITY - (int) (SMALL_SHARE * CAPACITY);
            while (true) {
                boolean fromMain = small.isEmpty() || bytesOf(main) > mainShare;
                ArrayDeque<Integer> queue = fromMain ? main : small;
                while (!queue.isEmpty()) {
                    int key = queue.removeFirst();
                    if (uses.get(key) >= (fromMain ? 1 : PROMOTE_AT)) {
                        uses.put(key, fromMain ? uses.get(key) - 1 : 0);
                        main.add(key);
                        continue;
                    }
                    if (!fromMain) {
                        remember(key, bytes.get(key), mainShare);
                    }
                    bytes.remove(key);
                    uses.remove(key);
                    return;
                }
            }
        }

        private void remember(int key, int size, int mainShare) {
            ghosts.remove(key);
            ghosts.put(key, size);
            while (ghosts.values().stream().mapToInt(Integer::intValue).sum() > mainShare) {
                ghosts.remove(ghosts.keySet().iterator().next());
            }
        }

        boolean isGhost(int key) {
            return ghosts.containsKey(key);
        }

        void insert(int key, int size, boolean intoMain) {
            bytes.put(key, size);
            uses.put(key, 0);
            ghosts.remove(key);
            (intoMain ? main : small).add(key);
        }
    }

    private final Model model = new Model();

    @Test
    void behavesLikeS3FifoInPlainJava() {
        long seed = Seeds.next("S3FifoQueuesTest.behavesLikeS3FifoInPlainJava");
        SplittableRandom random = new SplittableRandom(seed);
        int otherwise = 0;
        int inserted = 0;
        try (OffHeapStore store = open(EvictionPolicy.ALLKEYS_S3FIFO)) {
            for (int step = 0; step < 12_000; step++) {
                // Some keys are asked for much more often than others.
                int one = random.nextInt(KEYS);
                int other = random.nextInt(KEYS);
                int key = Math.min(one, other);
                switch (random.nextInt(50)) {
                    case 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17 -> {
                        int size = random.nextInt(20) == 0 ? 50 + random.nextInt(40) : 1 + random.nextInt(15);
                        model.makeRoom(key, size);
                        store.put(key(key), new byte[size]);
                        if (model.bytes.containsKey(key)) {
                            model.bytes.put(key, size);
                            model.use(key);
                        } else {
                            // The index of what is remembered bounds it too: a few may be forgotten early.
                            boolean expected = model.isGhost(key);
                            boolean intoMain = isInMain(store, key);
                            otherwise += intoMain == expected ? 0 : 1;
                            inserted++;
                            model.insert(key, size, intoMain);
                        }
                    }
                    default -> {
                        boolean hit = store.get(key(key)) != null;
                        assertThat(hit).isEqualTo(model.bytes.containsKey(key));
                        if (hit) {
                            model.use(key);
                        }
                    }
                }
                compare(store, seed, step);
            }
            assertThat(otherwise).as("of %d insertions", inserted).isLessThan(inserted / 20);
            assertThat(inserted).isGreaterThan(1_000);
            assertThat(model.main).isNotEmpty();
            StoreValidator.validate(store);
        }
    }

    private void compare(OffHeapStore store, long seed, int step) {
        for (int key = 0; key < KEYS; key++) {
            assertThat(store.containsKey(key(key)))
                    .as("seed %d, step %d, key %d", seed, step, key)
                    .isEqualTo(model.bytes.containsKey(key));
        }
        S3FifoQueues queues = queues(store);
        assertThat(queues.small.entries).isEqualTo(model.small.size());
        assertThat(queues.main.bytes).isEqualTo(model.bytesOf(model.main));
        assertThat(queues.staleWords()).isZero();
    }

    /** Weighs entries by their values alone. */
    private static OffHeapStore open(EvictionPolicy policy) {
        OffHeapStore store = OffHeapStore.builder()
                .evictionPolicy(policy)
                .payloadOnly(CAPACITY, EntryLayout::valueBytes)
                .build();
        store.keeper().close();
        return store;
    }

    private static S3FifoQueues queues(OffHeapStore store) {
        return (S3FifoQueues) Objects.requireNonNull(store.stripes()[0].books().index());
    }

    private static boolean isInMain(OffHeapStore store, int key) {
        boolean[] found = {false};
        S3FifoQueues queues = queues(store);
        ChainWalk.stamp(store.stripes()[0].table(), 0, Integer.MAX_VALUE - 1, (entry, access, expires) -> {
            if (ByteBuffer.wrap(EntryLayout.copyOfKey(entry)).getInt() == key) {
                found[0] = queues.queueOf(access) == queues.main;
            }
            return access;
        });
        return found[0];
    }

    /** Removing leaves words behind: they stay few, whatever is removed, and the memory goes back. */
    @Test
    void wordsOfWhatWasRemovedAreTrimmed() {
        try (OffHeapStore store = OffHeapStore.builder()
                .evictionPolicy(EvictionPolicy.ALLKEYS_S3FIFO)
                .maxMemory(1 << 20)
                .build()) {
            store.keeper().close();
            S3FifoQueues queues = queues(store);
            for (int round = 0; round < 20; round++) {
                for (int key = 0; key < 3_000; key++) {
                    store.put(key(key), new byte[10]);
                    if (key % 3 == 0) {
                        store.get(key(key));
                    }
                }
                for (int key = round % 2; key < 3_000; key += 1 + round % 3) {
                    store.remove(key(key));
                    long entries = queues.small.entries + queues.main.entries;
                    assertThat(queues.staleWords()).isLessThanOrEqualTo(entries + 4 * 128);
                }
                StoreValidator.validate(store);
            }
            for (int key = 0; key < 3_000; key++) {
                store.remove(key(key));
            }
            assertThat(queues.small.words.size() + queues.main.words.size()).isLessThan(300);
            StoreValidator.validate(store);
        }
    }

    /** A main queue that is used throughout gives up one all the same, after a bounded number of rounds. */
    @Test
    void patienceWithWhatIsUsedEnds() {
        try (OffHeapStore store = OffHeapStore.builder()
                .evictionPolicy(EvictionPolicy.ALLKEYS_S3FIFO)
                .maxMemory(1 << 20)
                .build()) {
            for (int key = 0; key < 3_000; key++) {
                store.put(key(key), new byte[10]);
            }
            for (int times = 0; times < 3; times++) {
                for (int key = 0; key < 3_000; key++) {
                    store.get(key(key));
                }
            }
            S3FifoQueues queues = queues(store);
            assertThat(store.evictor().evictOne()).isPositive();
            assertThat(queues.main.entries).as("that went on").isBetween(1L, 2L * S3FifoQueues.PATIENCE + 1);
            // Everything is in the main queue from now on.
            store.eviction().setPolicy(EvictionPolicy.ALLKEYS_LRU);
            store.eviction().setPolicy(EvictionPolicy.ALLKEYS_S3FIFO);
            for (int times = 0; times < 3; times++) {
                for (int key = 0; key < 3_000; key++) {
                    store.get(key(key));
                }
            }
            queues = queues(store);
            assertThat(queues.small.entries).isZero();
            long words = queues.main.words.size();
            assertThat(store.evictor().evictOne()).isPositive();
            assertThat(queues.main.words.size()).isEqualTo(words - 1);
            StoreValidator.validate(store);
        }
    }

    @Test
    void whatHasExpiredGoesWhenItIsMetHoweverOftenItWasUsed() {
        long[] now = {1_000};
        try (OffHeapStore store = OffHeapStore.builder()
                .evictionPolicy(EvictionPolicy.VOLATILE_S3FIFO)
                .clock(() -> now[0])
                .payloadOnly(CAPACITY, EntryLayout::valueBytes)
                .build()) {
            store.keeper().close();
            for (int key = 0; key < 60; key++) {
                store.put(key(key), new byte[10], Duration.ofMillis(key < 30 ? 100 : 10_000));
                for (int times = 0; times < 3; times++) {
                    store.get(key(key));
                }
            }
            now[0] += 200;
            for (int key = 100; key < 130; key++) {
                store.put(key(key), new byte[10], Duration.ofSeconds(10));
            }
            assertThat(store.statistics().expirations()).isEqualTo(30);
            assertThat(store.statistics().evictions()).isZero();
            StoreValidator.validate(store);
        }
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    }
}
