package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.fixtures.Seeds;
import dev.zmalloc.store.KeyHistory.Kind;
import dev.zmalloc.store.KeyHistory.Operation;
import dev.zmalloc.table.WriterSteps;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The operations on a key take effect one after another, each between its call and its return, whatever else is done to
 * the same buckets: threads work on a few keys, and each key's history is checked. Between the steps of a change the
 * writer dawdles at random, so that readers meet every state of the table, other keys come and go, so that entries
 * move, and the policy changes.
 */
@Timeout(120)
class LinearizabilityTest {
    private static final int THREADS = 4;
    private static final int KEYS = 3;
    private static final int OPERATIONS = 12;
    private static final int ROUNDS = 4_000;

    /** Other keys, of which nearly all come, and nearly all go again, in so many rounds each. */
    private static final int FILLERS = 1_500;

    private static final int ROUNDS_PER_TIDE = 150;

    /** Threads meet before each of so many rounds, lest they work on keys of different ones. */
    private static final int ROUNDS_PER_MEETING = 1;

    private static final Kind[] KINDS = Kind.values();

    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    @AfterEach
    void hurryAgain() {
        WriterSteps.set(null);
    }

    @Test
    void theCheckerTellsOneFromTheOther() {
        Operation put = new Operation(Kind.PUT, 1, 0, 0, 0, 10);
        assertThat(linearizable(put, new Operation(Kind.GET, 0, 0, 1, 5, 6))).isTrue();
        assertThat(linearizable(put, new Operation(Kind.GET, 0, 0, 0, 5, 6))).isTrue();
        assertThat(linearizable(put, new Operation(Kind.GET, 0, 0, 1, 11, 12))).isTrue();
        assertThat(linearizable(put, new Operation(Kind.GET, 0, 0, 0, 11, 12))).isFalse();
        assertThat(linearizable(put, new Operation(Kind.GET, 0, 0, 1, 3, 4), new Operation(Kind.GET, 0, 0, 0, 5, 6)))
                .isFalse();
        assertThat(linearizable(
                        put,
                        new Operation(Kind.GET_AND_PUT, 2, 0, 1, 2, 8),
                        new Operation(Kind.GET_AND_PUT, 3, 0, 1, 2, 8)))
                .isFalse();
        assertThat(linearizable(
                        new Operation(Kind.PUT_IF_ABSENT, 1, 0, 0, 0, 5),
                        new Operation(Kind.PUT_IF_ABSENT, 2, 0, 0, 1, 6)))
                .isFalse();
        assertThat(linearizable(
                        put,
                        new Operation(Kind.REMOVE, 0, 0, 0, 1, 9),
                        new Operation(Kind.REMOVE, 0, 0, KeyHistory.REFUSED, 1, 9)))
                .isTrue();
    }

    private static boolean linearizable(Operation... operations) {
        KeyHistory history = new KeyHistory();
        for (Operation operation : operations) {
            history.add(operation);
        }
        return history.isLinearizable();
    }

    @Test
    void operationsOnAKeyTakeEffectOneAfterAnother() throws Exception {
        long seed = Seeds.next("LinearizabilityTest");
        WriterSteps.set(step -> dawdle());
        List<List<List<Operation>>> done = new ArrayList<>();
        for (int number = 0; number < THREADS; number++) {
            done.add(new ArrayList<>());
        }
        long overlaps = 0;
        try (OffHeapStore store = OffHeapStore.builder().maxMemory(1 << 20).build()) {
            assertThat(store.stripes()).hasSize(1);
            CyclicBarrier barrier = new CyclicBarrier(THREADS);
            List<Thread> threads = new ArrayList<>();
            for (int number = 0; number < THREADS; number++) {
                int thread = number;
                Runnable work =
                        () -> work(store, thread, new SplittableRandom(seed + thread), barrier, done.get(thread));
                threads.add(
                        number % 2 == 0
                                ? Thread.ofPlatform().start(work)
                                : Thread.ofVirtual().start(work));
            }
            // The limit is far, so that nothing is evicted.
            SplittableRandom random = new SplittableRandom(seed - 1);
            EvictionPolicy[] policies = EvictionPolicy.values();
            while (threads.stream().anyMatch(Thread::isAlive)) {
                store.eviction().setPolicy(policies[random.nextInt(policies.length)]);
                LockSupport.parkNanos(random.nextLong(5_000_000));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            WriterSteps.set(null);
            assertThat(failure.get()).as("seed %d", seed).isNull();
            StoreValidator.validate(store);
        }
        for (int round = 0; round < ROUNDS; round++) {
            for (int key = 0; key < KEYS; key++) {
                KeyHistory history = new KeyHistory();
                for (List<List<Operation>> ofThread : done) {
                    ofThread.get(round * KEYS + key).forEach(history::add);
                }
                overlaps += history.overlaps();
                assertThat(history.isLinearizable())
                        .as("round %d, seed %d: %s", round, seed, history)
                        .isTrue();
            }
        }
        System.out.println("LinearizabilityTest: " + ROUNDS * KEYS + " histories of about "
                + THREADS * OPERATIONS / KEYS + " operations, " + overlaps + " pairs of which overlapped");
        assertThat(overlaps).isGreaterThan(ROUNDS);
    }

    /** Takes a moment, mostly a short one. */
    @SuppressWarnings("ThreadPriorityCheck") // nothing relies on it: it makes unlikely orders likelier
    private static void dawdle() {
        int drawn = ThreadLocalRandom.current().nextInt(12);
        if (drawn < 2) {
            Thread.yield();
        } else if (drawn < 8) {
            for (int spin = 0; spin < 1 << drawn; spin++) {
                Thread.onSpinWait();
            }
        }
    }

    private void work(
            OffHeapStore store,
            int thread,
            SplittableRandom random,
            CyclicBarrier barrier,
            List<List<Operation>> done) {
        try {
            int[] lastSeen = new int[KEYS];
            for (int round = 0; round < ROUNDS; round++) {
                List<List<Operation>> ofRound = new ArrayList<>();
                for (int key = 0; key < KEYS; key++) {
                    ofRound.add(new ArrayList<>());
                    lastSeen[key] = KeyHistory.NONE;
                }
                if (round % ROUNDS_PER_MEETING == 0) {
                    barrier.await();
                }
                if (thread == 0 && round >= 2 * ROUNDS_PER_MEETING) {
                    for (int key = 0; key < KEYS; key++) {
                        store.remove(key((round - 2 * ROUNDS_PER_MEETING) * KEYS + key));
                    }
                }
                for (int count = 0; count < OPERATIONS; count++) {
                    int key = random.nextInt(KEYS);
                    int value = 1 + count * THREADS + thread;
                    Kind kind = KINDS[random.nextInt(KINDS.length)];
                    byte[] bytes = key(round * KEYS + key);
                    Operation operation = operate(store, kind, bytes, value, lastSeen[key], random);
                    ofRound.get(key).add(operation);
                    lastSeen[key] = operation.seen() > 0 ? operation.seen() : value;
                    moveOthers(store, round, random);
                }
                done.addAll(ofRound);
            }
        } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
            barrier.reset();
        }
    }

    private static Operation operate(
            OffHeapStore store, Kind kind, byte[] key, int value, int expected, SplittableRandom random) {
        byte[] written = bytes(value);
        long start = System.nanoTime();
        int seen = switch (kind) {
            case GET -> random.nextBoolean() ? number(store.get(key)) : read(store, key);
            case CONTAINS -> store.containsKey(key) ? Integer.MAX_VALUE : KeyHistory.NONE;
            case PUT -> {
                if (random.nextBoolean()) {
                    store.put(key, written);
                } else {
                    store.put(key, written, Duration.ofHours(1));
                }
                yield KeyHistory.NONE;
            }
            case PUT_IF_ABSENT -> answer(store.putIfAbsent(key, written));
            case REPLACE -> answer(store.replace(key, written));
            case REPLACE_SAME -> answer(store.replace(key, bytes(expected), written));
            case GET_AND_PUT ->
                random.nextBoolean() ? number(store.getAndPut(key, written)) : update(store, key, written);
            case REMOVE -> answer(store.remove(key));
            case REMOVE_SAME -> answer(store.remove(key, bytes(expected)));
            case GET_AND_REMOVE -> random.nextBoolean() ? number(store.getAndRemove(key)) : update(store, key, null);
        };
        return new Operation(kind, value, expected, seen, start, System.nanoTime());
    }

    /** Inserts or removes keys that no history tells of. */
    private static void moveOthers(OffHeapStore store, int round, SplittableRandom random) {
        byte[] filler = key(-1 - random.nextInt(FILLERS));
        boolean isRising = round / ROUNDS_PER_TIDE % 2 == 0;
        if (isRising == (random.nextInt(20) != 0)) {
            store.put(filler, filler);
        } else {
            store.remove(filler);
        }
    }

    private static int answer(boolean changed) {
        return changed ? KeyHistory.NONE : KeyHistory.REFUSED;
    }

    private static int read(OffHeapStore store, byte[] key) {
        Integer seen = store.read(key, segment -> number(segment));
        return seen == null ? KeyHistory.NONE : seen;
    }

    private static int update(OffHeapStore store, byte[] key, byte @Nullable [] to) {
        int[] seen = new int[1];
        store.update(key, before -> {
            seen[0] = number(before);
            return to;
        });
        return seen[0];
    }

    private static byte[] key(int number) {
        return bytes(number);
    }

    private static byte[] bytes(int number) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    }

    private static int number(byte @Nullable [] value) {
        return value == null ? KeyHistory.NONE : ByteBuffer.wrap(value).getInt();
    }

    private static int number(MemorySegment value) {
        return Integer.reverseBytes(value.get(ValueLayout.JAVA_INT_UNALIGNED, 0));
    }
}
