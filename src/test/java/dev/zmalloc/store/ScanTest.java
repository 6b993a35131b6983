package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.fixtures.Seeds;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ScanTest {
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(java.nio.ByteOrder.BIG_ENDIAN);

    @Test
    void showsEveryEntryOnceInStepsOfBoundedLength() {
        for (int entries : new int[] {0, 1, 2, 100, 5_000, 60_000}) {
            try (OffHeapStore store = OffHeapStore.builder().build()) {
                for (int key = 0; key < entries; key++) {
                    store.put(key(key), value(key));
                }
                for (int count : new int[] {1, 10, 1_000, Integer.MAX_VALUE}) {
                    Map<Integer, Integer> shown = new HashMap<>();
                    long cursor = 0;
                    do {
                        int[] atOnce = {0};
                        cursor = store.scan(cursor, count, (key, value) -> {
                            assertThat(value.get(INT, 0)).isEqualTo(key.get(INT, 0));
                            shown.merge(key.get(INT, 0), 1, Integer::sum);
                            atOnce[0]++;
                        });
                        assertThat(atOnce[0]).isLessThan(Math.max(count, count + 40));
                    } while (cursor != 0);
                    assertThat(shown).hasSize(entries);
                    assertThat(shown.values()).allMatch(times -> times == 1);
                }
                assertThat(store.statistics().hits() + store.statistics().misses())
                        .isZero();
                StoreValidator.validate(store);
            }
        }
    }

    /** The table grows and shrinks between the steps, and has a different size at each. */
    @Test
    void showsOnceWhatIsThereAllAlongWhateverTheTableDoesBetweenTheSteps() {
        long seed = Seeds.next("ScanTest.betweenTheSteps");
        SplittableRandom random = new SplittableRandom(seed);
        // One stripe, so that its table splits and merges much.
        try (OffHeapStore store =
                OffHeapStore.builder().maxMemory((2 << 20) - 1).build()) {
            int staying = 300;
            for (int key = 0; key < staying; key++) {
                store.put(key(key), value(key));
            }
            for (int round = 0; round < 6; round++) {
                Map<Integer, Integer> shown = new HashMap<>();
                int others = 0;
                long cursor = 0;
                do {
                    cursor = store.scan(
                            cursor,
                            1 + random.nextInt(40),
                            (key, value) -> shown.merge(key.get(INT, 0), 1, Integer::sum));
                    int wanted = random.nextInt(8_000);
                    for (; others < wanted; others++) {
                        store.put(key(staying + others), value(staying + others));
                    }
                    for (; others > wanted; others--) {
                        store.remove(key(staying + others - 1));
                    }
                } while (cursor != 0);
                assertThat(shown.values()).as("seed %d", seed).allMatch(times -> times == 1);
                for (int key = 0; key < staying; key++) {
                    assertThat(shown).as("seed %d, round %d", seed, round).containsKey(key);
                }
                StoreValidator.validate(store);
            }
        }
    }

    @Test
    void showsOnceWhatIsThereAllAlongWhileAnotherThreadGrowsAndShrinksTheTable() throws InterruptedException {
        int staying = 2_000;
        try (OffHeapStore store =
                OffHeapStore.builder().maxMemory((2 << 20) - 1).build()) {
            for (int key = 0; key < staying; key++) {
                store.put(key(key), value(key));
            }
            AtomicBoolean done = new AtomicBoolean();
            AtomicLong changes = new AtomicLong();
            Thread writer = Thread.ofPlatform().start(() -> {
                for (int round = 0; !done.get(); round++) {
                    for (int key = staying; key < staying + 6_000; key++) {
                        if (round % 2 == 0) {
                            store.put(key(key), value(key));
                        } else {
                            store.remove(key(key));
                        }
                        // And what stays is overwritten.
                        store.put(key(key % staying), value(key % staying));
                        changes.incrementAndGet();
                    }
                }
            });
            try {
                for (int scan = 0; scan < 100 || changes.get() < 50_000; scan++) {
                    Map<Integer, Integer> shown = new HashMap<>();
                    store.forEach((key, value) -> {
                        assertThat(value.get(INT, 0)).isEqualTo(key.get(INT, 0));
                        shown.merge(key.get(INT, 0), 1, Integer::sum);
                    });
                    assertThat(shown.values()).allMatch(times -> times == 1);
                    for (int key = 0; key < staying; key++) {
                        assertThat(shown).containsKey(key);
                    }
                }
            } finally {
                done.set(true);
                writer.join();
            }
            StoreValidator.validate(store);
        }
    }

    @Test
    void aVisitorMayDoAnythingToTheStore() {
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            for (int key = 0; key < 1_000; key++) {
                store.put(key(key), value(key));
            }
            List<MemorySegment> kept = new ArrayList<>();
            store.forEach((key, value) -> {
                int number = key.get(INT, 0);
                store.put(key, MemorySegment.ofArray(new byte[100]));
                assertThat(value.get(INT, 0)).isEqualTo(number);
                assertThat(store.remove(key)).isTrue();
                assertThat(key.get(INT, 0)).isEqualTo(number);
                assertThatThrownBy(() -> value.set(ValueLayout.JAVA_BYTE, 0, (byte) 1))
                        .isInstanceOf(IllegalArgumentException.class);
                kept.add(key);
                kept.add(value);
            });
            assertThat(store.size()).isZero();
            assertThat(kept)
                    .hasSize(2_000)
                    .allSatisfy(segment -> assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0))
                            .isInstanceOf(IllegalStateException.class));
            store.put(key(1), value(1));
            RuntimeException thrown = new IllegalArgumentException("of the visitor");
            assertThatThrownBy(() -> store.forEach((key, value) -> {
                        throw thrown;
                    }))
                    .isSameAs(thrown);
            StoreValidator.validate(store);
            store.forEach((key, value) -> store.clear());
            StoreValidator.validate(store);
        }
    }

    @Test
    void aStoreMayBeClosedInsideAVisitor() {
        OffHeapStore store = OffHeapStore.builder().build();
        for (int key = 0; key < 1_000; key++) {
            store.put(key(key), value(key));
        }
        assertThatThrownBy(() -> store.forEach((key, value) -> {
                    store.close();
                    assertThat(value.get(INT, 0)).isEqualTo(key.get(INT, 0));
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
        assertThat(store.usedMemory()).isZero();
        assertThatThrownBy(() -> store.scan(0, 1, (key, value) -> {})).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(store::randomKey).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> store.iterator().hasNext()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whatIsNoCursorIsRefused() {
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            for (long cursor : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, 64L << 32}) {
                assertThatThrownBy(() -> store.scan(cursor, 1, (key, value) -> {}))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining(Long.toString(cursor));
            }
            assertThatThrownBy(() -> store.scan(0, 0, (key, value) -> {})).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> store.scan(0, 1, null)).isInstanceOf(NullPointerException.class);
            // Any other will do, if not for a whole scan.
            store.put(key(1), value(1));
            assertThat(store.scan(63L << 32 | 0xFFFFFFFFL, 1, (key, value) -> {}))
                    .isZero();
        }
    }

    @Test
    void whatHasExpiredIsNotShown() {
        AtomicLong clock = new AtomicLong();
        try (OffHeapStore store = OffHeapStore.builder().clock(clock::get).build()) {
            store.keeper().close();
            for (int key = 0; key < 1_000; key++) {
                store.put(key(key), value(key), Duration.ofMillis(10));
            }
            assertThat(store.randomKey()).isNotNull();
            store.put(key(5_000), value(5_000));
            clock.set(10);
            store.forEach((key, value) -> assertThat(key.get(INT, 0)).isEqualTo(5_000));
            for (int draw = 0; draw < 100; draw++) {
                assertThat(store.randomKey()).isEqualTo(key(5_000));
            }
            store.remove(key(5_000));
            assertThat(store.iterator()).isExhausted();
            assertThat(store.randomKey()).isNull();
            assertThat(store.size()).isEqualTo(1_000);
        }
    }

    @Test
    void iteratorsGiveCopiesOfAllThereIs() {
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            assertThat(store.iterator()).isExhausted();
            for (int key = 0; key < 3_000; key++) {
                store.put(key(key), value(key));
            }
            Map<Integer, byte[]> seen = new HashMap<>();
            for (Map.Entry<byte[], byte[]> entry : store) {
                seen.put(ByteBuffer.wrap(entry.getKey()).getInt(), entry.getValue());
                store.remove(entry.getKey());
            }
            assertThat(seen).hasSize(3_000);
            seen.forEach((key, value) -> assertThat(value).isEqualTo(value(key)));
            assertThat(store.size()).isZero();
            store.put(key(7), value(7));
            Iterator<byte[]> keys = store.keyIterator();
            assertThat(keys.next()).isEqualTo(key(7));
            assertThat(keys.hasNext()).isFalse();
            assertThatThrownBy(keys::next).isInstanceOf(NoSuchElementException.class);
        }
    }

    /** Valkey's test of fairness: four of five entries are drawn within three standard deviations of the mean. */
    @Test
    void everyKeyIsDrawnWithTheSameChance() {
        long seed = Seeds.next("ScanTest.everyKeyIsDrawnWithTheSameChance");
        for (int entries : new int[] {10, 400, 700}) {
            for (long maxMemory : new long[] {0, (2 << 20) - 1}) {
                try (OffHeapStore store =
                        OffHeapStore.builder().maxMemory(maxMemory).build()) {
                    for (int key = 0; key < entries; key++) {
                        store.put(key(key), value(key));
                    }
                    assertFair(store, entries, new SplittableRandom(seed));
                }
            }
        }
    }

    /** Where the table cannot grow, its chains are long. */
    @Test
    void everyKeyOfLongChainsIsDrawnWithTheSameChance() {
        long seed = Seeds.next("ScanTest.everyKeyOfLongChainsIsDrawnWithTheSameChance");
        MemoryAccount shared = new MemoryAccount("shared", 1 << 20);
        try (OffHeapStore store =
                OffHeapStore.builder().maxMemory((2 << 20) - 1).account(shared).build()) {
            store.put(key(0), new byte[4]);
            int entries = 1;
            // Never is there room for a chunk of buckets.
            long withheld = shared.maxMemory() - shared.usedMemory();
            assertThat(shared.tryReserve(withheld)).isTrue();
            for (; withheld > (1 << 20) * 9 / 10; withheld -= 2_000) {
                shared.release(2_000);
                entries += putUntilRefused(store, entries);
            }
            assertThat(store.statistics().load()).isGreaterThan(20);
            assertFair(store, entries, new SplittableRandom(seed));
            shared.release(withheld);
        }
    }

    private static int putUntilRefused(OffHeapStore store, int first) {
        for (int key = first; ; key++) {
            try {
                store.put(key(key), new byte[4]);
            } catch (MaxMemoryException e) {
                return key - first;
            }
        }
    }

    private static void assertFair(OffHeapStore store, int entries, SplittableRandom random) {
        int draws = entries * 400;
        int[] drawn = new int[entries];
        for (int draw = 0; draw < draws; draw++) {
            drawn[ByteBuffer.wrap(store.scanning().randomKey(random)).getInt()]++;
        }
        double chance = 1.0 / entries;
        double deviation = Math.sqrt(draws * chance * (1 - chance));
        int within = 0;
        double squares = 0;
        for (int times : drawn) {
            double difference = (times - draws * chance) / deviation;
            within += Math.abs(difference) <= 3 ? 1 : 0;
            squares += difference * difference;
        }
        assertThat(within).as("entries within three deviations").isGreaterThanOrEqualTo((int) (0.8 * entries));
        // Chi-square over its degrees of freedom: 1 for a fair draw, give or take sqrt(2 / entries).
        assertThat(squares / entries).isLessThan(1 + 6 * Math.sqrt(2.0 / entries));
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(8).putInt(number).array();
    }

    private static byte[] value(int number) {
        return ByteBuffer.allocate(4 + number % 50).putInt(number).array();
    }
}
