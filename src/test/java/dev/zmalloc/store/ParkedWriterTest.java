package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.table.WriterSteps;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A writer stands still between two stores of a change, with its stripe's lock in hand, while another thread reads
 * everything: what is in the store is found, and what is not is not, whatever the step and however long it lasts.
 */
@Timeout(120)
class ParkedWriterTest {
    private static final int KEYS = 3_000;

    /** Keys that stay throughout; a few, so that the table shrinks to its least size. */
    private static final int KEPT_KEYS = 100;

    private static final int STRANGE_KEYS = 300;

    /** Far longer than a reading of everything takes, and far shorter than anybody would stand still for. */
    private static final long ANSWER_SECONDS = 20;

    /** Every step that there is, and of which change it is part. */
    private static final String[] STEPS = {
        "append: slot",
        "append: word",
        "append: child filled",
        "append: child linked",
        "append: slot cleared",
        "overwrite: before",
        "overwrite: after",
        "remove: moved",
        "remove: moved word",
        "remove: version",
        "remove: cleared",
        "fold: word",
        "fold: version",
        "fold: unlinked",
        "split: copied",
        "split: published",
        "split: version",
        "merge: copied",
        "merge: published",
        "merge: version",
        "merge: cleared",
    };

    /** What is in the store: the value under each key, 0 for none. Written and read while the other thread waits. */
    private final int[] model = new int[KEYS];

    /** The key that the writer is changing, and what it changes to. */
    private int changingKey = -1;

    private int changingTo;

    private final Map<String, Integer> reached = new TreeMap<>();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private int checks;

    @AfterEach
    void letGo() {
        WriterSteps.set(null);
    }

    @Test
    void readersFindEverythingAtEachStepOfAChange() {
        try (OffHeapStore store = OffHeapStore.builder().maxMemory(1 << 20).build();
                ExecutorService platform = Executors.newSingleThreadExecutor();
                ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
            assertThat(store.stripes()).hasSize(1);
            WriterSteps.set(step -> {
                int times = reached.merge(step, 1, Integer::sum);
                // The first ones, and then ever fewer, in tables of every size.
                if (failure.get() == null && (times <= 3 || Integer.bitCount(times) == 1)) {
                    readElsewhere(store, step, checks++ % 2 == 0 ? platform : virtual);
                }
            });
            changeEverything(store);
            WriterSteps.set(null);
            StoreValidator.validate(store);
        }
        assertThat(failure.get()).isNull();
        assertThat(reached.keySet()).containsExactlyInAnyOrder(STEPS);
        assertThat(checks).isGreaterThan(5 * STEPS.length);
    }

    /** Inserts, overwrites and removes, through tables of 64 to some 500 buckets and back, twice. */
    private void changeEverything(OffHeapStore store) {
        int version = 0;
        for (int round = 0; round < 2; round++) {
            for (int key = 0; key < KEYS; key++) {
                change(store, key, ++version);
                if (key % 3 == 0) {
                    change(store, key / 2, ++version);
                }
            }
            // In an order that is not that of the insertions, so that holes come up everywhere in a chain.
            for (int step = 0; step < KEYS; step++) {
                int key = (int) (step * 1_367L % KEYS);
                if (key >= KEPT_KEYS) {
                    change(store, key, 0);
                }
            }
        }
    }

    private void change(OffHeapStore store, int key, int to) {
        changingKey = key;
        changingTo = to;
        if (to == 0) {
            store.remove(key(key));
        } else {
            store.put(key(key), value(key, to));
        }
        model[key] = to;
        changingKey = -1;
    }

    /** Called in the middle of a change, under the stripe's lock; must not throw there. */
    private void readElsewhere(OffHeapStore store, String step, ExecutorService reader) {
        try {
            reader.submit(() -> readEverything(store, step)).get(ANSWER_SECONDS, TimeUnit.SECONDS);
        } catch (Exception e) {
            failure.compareAndSet(null, new AssertionError("a reader while a writer stood at " + step, e));
        }
    }

    private void readEverything(OffHeapStore store, String step) {
        for (int key = 0; key < KEYS; key++) {
            byte[] bytes = key(key);
            check(step, key, number(key, store.get(bytes)));
            if (key < KEPT_KEYS || key % 8 == 0 || key == changingKey) {
                Integer inPlace = store.read(bytes, segment -> number(segment));
                check(step, key, inPlace == null ? 0 : inPlace);
                byte[] target = new byte[2 * Integer.BYTES];
                int length = store.getInto(bytes, target, 0);
                check(step, key, number(key, length == -1 ? null : target));
                try (ValueLease lease = store.lease(bytes)) {
                    check(step, key, lease == null ? 0 : number(lease.segment()));
                }
                if (key != changingKey) {
                    assertThat(store.containsKey(bytes)).as(step).isEqualTo(model[key] != 0);
                }
            }
        }
        for (int key = KEYS; key < KEYS + STRANGE_KEYS; key++) {
            assertThat(store.get(key(key))).as(step).isNull();
            assertThat(store.containsKey(key(key))).as(step).isFalse();
        }
    }

    private void check(String step, int key, int found) {
        if (found != model[key] && (key != changingKey || found != changingTo)) {
            throw new AssertionError("at " + step + ", key " + key + " had the value " + found + " and not "
                    + model[key] + (key == changingKey ? " or " + changingTo : ""));
        }
    }

    /** So that the test above means what it says: while a writer is parked, another one cannot go on. */
    @Test
    void aReaderAnswersWhereAWriterWouldWait() throws InterruptedException {
        CountDownLatch parked = new CountDownLatch(1);
        CountDownLatch released = new CountDownLatch(1);
        try (OffHeapStore store = OffHeapStore.builder().maxMemory(1 << 20).build()) {
            store.put(key(1), value(1, 1));
            store.put(key(2), value(2, 1));
            AtomicBoolean first = new AtomicBoolean(true);
            WriterSteps.set(step -> {
                if (step.equals("overwrite: before") && first.getAndSet(false)) {
                    parked.countDown();
                    awaitQuietly(released);
                }
            });
            Thread writer = Thread.ofPlatform().start(() -> store.put(key(1), value(1, 2)));
            parked.await();
            CompletableFuture<Void> other = CompletableFuture.runAsync(() -> store.put(key(2), value(2, 2)));
            for (int count = 0; count < 10_000; count++) {
                assertThat(number(1, store.get(key(1)))).isEqualTo(1);
                assertThat(number(2, store.get(key(2)))).isEqualTo(1);
                assertThat(store.get(key(3))).isNull();
            }
            assertThat(other).isNotDone();
            released.countDown();
            writer.join(Duration.ofSeconds(ANSWER_SECONDS));
            assertThat(other).succeedsWithin(Duration.ofSeconds(ANSWER_SECONDS));
            assertThat(number(1, store.get(key(1)))).isEqualTo(2);
            assertThat(number(2, store.get(key(2)))).isEqualTo(2);
            StoreValidator.validate(store);
        } finally {
            released.countDown();
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    }

    private static byte[] value(int key, int number) {
        return ByteBuffer.allocate(2 * Integer.BYTES).putInt(key).putInt(number).array();
    }

    private static int number(int key, byte @Nullable [] value) {
        if (value == null) {
            return 0;
        }
        assertThat(ByteBuffer.wrap(value).getInt()).isEqualTo(key);
        return ByteBuffer.wrap(value).getInt(Integer.BYTES);
    }

    private static int number(MemorySegment value) {
        return Integer.reverseBytes(value.get(ValueLayout.JAVA_INT_UNALIGNED, Integer.BYTES));
    }
}
