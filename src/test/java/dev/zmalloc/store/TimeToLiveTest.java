package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class TimeToLiveTest {
    private static final byte[] KEY = {1, 2, 3};
    private static final byte[] VALUE = {4, 5};
    private static final byte[] OTHER = {6};
    private static final Duration TIME = Duration.ofMillis(100);
    private static final String KEEPER = "zmalloc-store-keeper";

    /** Longer than the two seconds that are promised to idle stores, for machines that do much else. */
    private static final long PATIENCE_NANOS = 20_000_000_000L;

    private final AtomicLong clock = new AtomicLong(77);

    private OffHeapStore open() {
        OffHeapStore store = OffHeapStore.builder().clock(clock::get).build();
        store.keeper().close();
        return store;
    }

    @Test
    void anEntryIsThereUntilTheMillisecondOfItsEnd() {
        try (OffHeapStore store = open()) {
            store.put(KEY, VALUE, TIME);
            store.put(MemorySegment.ofArray(OTHER), MemorySegment.ofArray(VALUE), TIME.plusMillis(1));
            for (int millis = 0; millis < 100; millis++) {
                assertThat(store.get(KEY)).isEqualTo(VALUE);
                assertThat(store.timeToLive(KEY)).isEqualTo(TIME.minusMillis(millis));
                clock.incrementAndGet();
            }
            assertThat(store.get(KEY)).isNull();
            assertThat(store.timeToLive(KEY)).isNull();
            assertThat(store.get(OTHER)).isEqualTo(VALUE);
            clock.incrementAndGet();
            assertThat(store.get(OTHER)).isNull();
        }
    }

    @Test
    void whatHasExpiredIsServedByNoneAndIsNoHit() {
        try (OffHeapStore store = open()) {
            MemorySegment key = MemorySegment.ofArray(KEY);
            store.put(KEY, VALUE, TIME);
            clock.addAndGet(100);
            assertThat(store.get(KEY)).isNull();
            assertThat(store.get(key)).isNull();
            assertThat(store.getInto(KEY, new byte[10], 0)).isEqualTo(-1);
            assertThat(store.getInto(key, MemorySegment.ofArray(new byte[10]))).isEqualTo(-1);
            assertThat(store.getAll(List.of(KEY, KEY))).containsExactly(null, null);
            assertThat(store.<Object>read(KEY, value -> {
                        throw new AssertionError("read");
                    }))
                    .isNull();
            assertThat(store.<Object>read(key, value -> {
                        throw new AssertionError("read");
                    }))
                    .isNull();
            assertThat(store.lease(KEY)).isNull();
            assertThat(store.lease(key)).isNull();
            assertThat(store.leaseShared(KEY)).isNull();
            assertThat(store.statistics().hits()).isZero();
            assertThat(store.statistics().misses()).isEqualTo(11);
            assertThat(store.containsKey(KEY)).isFalse();
            assertThat(store.containsKey(key)).isFalse();
            assertThat(store.timeToLive(KEY)).isNull();
            assertThat(store.entryBytes(KEY)).isEmpty();
            // It is counted until somebody removes it.
            assertThat(store.size()).isEqualTo(1);
            assertThat(store.statistics().entries()).isEqualTo(1);
            StoreValidator.validate(store);
        }
    }

    @Test
    void whatHasExpiredIsAbsentForEveryChange() {
        Map<String, Consumer<OffHeapStore>> refusing = new HashMap<>();
        refusing.put("replace", store -> assertThat(store.replace(KEY, OTHER)).isFalse());
        refusing.put(
                "replace expected",
                store -> assertThat(store.replace(KEY, VALUE, OTHER)).isFalse());
        refusing.put("remove", store -> assertThat(store.remove(KEY)).isFalse());
        refusing.put(
                "remove expected", store -> assertThat(store.remove(KEY, VALUE)).isFalse());
        refusing.put(
                "getAndRemove", store -> assertThat(store.getAndRemove(KEY)).isNull());
        refusing.put("expire", store -> assertThat(store.expire(KEY, TIME)).isFalse());
        refusing.put("persist", store -> assertThat(store.persist(KEY)).isFalse());
        refusing.put(
                "update to null",
                store -> assertThat(store.update(KEY, value -> {
                            assertThat(value).isNull();
                            return null;
                        }))
                        .isNull());
        Map<String, Consumer<OffHeapStore>> putting = new HashMap<>();
        putting.put("put", store -> store.put(KEY, OTHER));
        putting.put(
                "putIfAbsent",
                store -> assertThat(store.putIfAbsent(KEY, OTHER)).isTrue());
        putting.put(
                "getAndPut", store -> assertThat(store.getAndPut(KEY, OTHER)).isNull());
        putting.put(
                "update",
                store -> assertThat(store.update(KEY, value -> {
                            assertThat(value).isNull();
                            return OTHER;
                        }))
                        .isEqualTo(OTHER));
        refusing.forEach((name, change) -> afterExpiry(name, change, null));
        putting.forEach((name, change) -> afterExpiry(name, change, OTHER));
    }

    private void afterExpiry(String name, Consumer<OffHeapStore> change, byte[] left) {
        try (OffHeapStore store = open()) {
            store.put(KEY, VALUE, TIME);
            clock.addAndGet(100);
            change.accept(store);
            assertThat(store.get(KEY)).as(name).isEqualTo(left);
            assertThat(store.timeToLive(KEY)).as(name).isNull();
            assertThat(store.size()).as(name).isLessThanOrEqualTo(1);
            assertThat(store.statistics().removals()).as(name).isZero();
            StoreValidator.validate(store);
        }
    }

    @Test
    void expiryIsSetAndTakenBack() {
        try (OffHeapStore store = open()) {
            assertThat(store.expire(KEY, TIME)).isFalse();
            assertThat(store.persist(KEY)).isFalse();
            store.put(KEY, VALUE);
            assertThat(store.timeToLive(KEY)).isNull();
            assertThat(store.expire(KEY, TIME)).isTrue();
            assertThat(store.timeToLive(KEY)).isEqualTo(TIME);
            clock.addAndGet(60);
            assertThat(store.expire(KEY, TIME)).isTrue();
            clock.addAndGet(60);
            assertThat(store.get(KEY)).isEqualTo(VALUE);
            assertThat(store.timeToLive(KEY)).isEqualTo(Duration.ofMillis(40));
            assertThat(store.persist(KEY)).isTrue();
            clock.addAndGet(1_000_000);
            assertThat(store.get(KEY)).isEqualTo(VALUE);
            assertThat(store.timeToLive(KEY)).isNull();
            StoreValidator.validate(store);
        }
    }

    @Test
    void aNewValueDoesNotExpireUnlessToldTo() {
        try (OffHeapStore store = open()) {
            List<Runnable> changes = List.of(
                    () -> store.put(KEY, OTHER),
                    () -> store.replace(KEY, OTHER),
                    () -> store.replace(KEY, VALUE, OTHER),
                    () -> store.getAndPut(KEY, OTHER),
                    () -> store.update(KEY, value -> OTHER));
            for (Runnable change : changes) {
                store.put(KEY, VALUE, TIME);
                change.run();
                assertThat(store.timeToLive(KEY)).isNull();
                assertThat(store.get(KEY)).isEqualTo(OTHER);
            }
            store.put(KEY, VALUE, TIME);
            assertThat(store.timeToLive(KEY)).isEqualTo(TIME);
        }
    }

    @Test
    void timesOfEveryLengthAreTakenOrRefused() {
        try (OffHeapStore store = open()) {
            store.put(KEY, VALUE);
            for (Duration tooShort : List.of(
                    Duration.ZERO,
                    Duration.ofNanos(999_999),
                    Duration.ofMillis(-1),
                    Duration.ofSeconds(Long.MIN_VALUE))) {
                assertThatThrownBy(() -> store.put(KEY, OTHER, tooShort))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining(tooShort.toString());
                assertThatThrownBy(() -> store.expire(KEY, tooShort)).isInstanceOf(IllegalArgumentException.class);
            }
            for (Duration endless : List.of(
                    Duration.ofMillis(Long.MAX_VALUE),
                    Duration.ofSeconds(Long.MAX_VALUE),
                    Duration.ofMillis(Long.MAX_VALUE - clock.get()))) {
                assertThat(store.expire(KEY, endless)).isTrue();
                assertThat(store.timeToLive(KEY)).isNull();
                store.put(OTHER, VALUE, endless);
                assertThat(store.timeToLive(OTHER)).isNull();
            }
            Duration longest = Duration.ofMillis(Long.MAX_VALUE - clock.get() - 1);
            assertThat(store.expire(KEY, longest)).isTrue();
            assertThat(store.timeToLive(KEY)).isEqualTo(longest);
            assertThat(store.get(KEY)).isEqualTo(VALUE);
        }
    }

    /** A clock before 1970, and one that is set back. */
    @Test
    void anyClockWill() {
        clock.set(-1_000);
        try (OffHeapStore store = open()) {
            store.put(KEY, VALUE, TIME);
            assertThat(store.timeToLive(KEY)).isEqualTo(TIME);
            clock.addAndGet(99);
            assertThat(store.get(KEY)).isEqualTo(VALUE);
            clock.addAndGet(1);
            assertThat(store.get(KEY)).isNull();
            clock.addAndGet(-50);
            assertThat(store.timeToLive(KEY)).isEqualTo(Duration.ofMillis(50));
            clock.set(Long.MAX_VALUE);
            assertThat(store.get(KEY)).isNull();
            store.put(KEY, VALUE, TIME);
            assertThat(store.get(KEY)).isEqualTo(VALUE);
            StoreValidator.validate(store);
        }
    }

    @Test
    void anIdleStoreGivesBackWhatHasExpired() {
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            for (int key = 0; key < 10_000; key++) {
                store.put(key(key), new byte[100]);
            }
            long usedBytes = store.usedMemory();
            // Longer than putting them takes on a busy machine, or some would be gone before they are measured.
            long end = System.nanoTime() + 1_000_000_000L;
            for (int key = 10_000; key < 40_000; key++) {
                store.put(key(key), new byte[200], Duration.ofSeconds(1));
            }
            long grownBytes = store.usedMemory() - usedBytes;
            // From now on nobody calls an operation. Buckets go too, but for a chunk of them in each stripe: a table
            // does
            // not shrink at once to where it would have to grow again.
            assertThat(waitUntil(() -> store.statistics().expirations() == 30_000
                            && store.statistics().awaitingReclamation() == 0
                            && store.usedMemory() - usedBytes < grownBytes / 20))
                    .as("%,d of %,d bytes are left", store.usedMemory() - usedBytes, grownBytes)
                    .isTrue();
            long millis = (System.nanoTime() - end) / 1_000_000;
            System.out.println("memory of expired entries was back after " + millis + " ms");
            assertThat(millis).isLessThan(2_000);
            assertThat(store.size()).isEqualTo(10_000);
            for (int key = 0; key < 10_000; key++) {
                assertThat(store.containsKey(key(key))).isTrue();
            }
            StoreValidator.validate(store);
        }
    }

    @Test
    void theKeepersThreadEndsWithItsStore() {
        assertThat(waitUntil(() -> keepers() == 0)).as("none is left of others").isTrue();
        for (int number = 0; number < 100; number++) {
            try (OffHeapStore store = OffHeapStore.builder().build()) {
                store.put(KEY, VALUE);
                assertThat(store.get(KEY)).isEqualTo(VALUE);
                if (number == 0) {
                    assertThat(keepers()).as("without anything to keep").isZero();
                }
                store.put(KEY, VALUE, TIME);
                store.put(OTHER, VALUE, TIME);
                store.clear();
            }
        }
        assertThat(waitUntil(() -> keepers() == 0)).isTrue();
        OffHeapStore store = OffHeapStore.builder().build();
        store.close();
        assertThatThrownBy(() -> store.put(KEY, VALUE, TIME)).isInstanceOf(IllegalStateException.class);
        assertThat(waitUntil(() -> keepers() == 0)).isTrue();
    }

    /** The clock is the caller's code. */
    @Test
    void aClockThatThrowsDoesNotEndTheKeeper() {
        AtomicLong thrown = new AtomicLong();
        try (OffHeapStore store = OffHeapStore.builder()
                .clock(() -> {
                    if (Thread.currentThread().getName().equals(KEEPER) && thrown.incrementAndGet() <= 3) {
                        throw new IllegalArgumentException("of the clock");
                    }
                    return System.currentTimeMillis();
                })
                .build()) {
            store.put(KEY, VALUE, Duration.ofMillis(1));
            assertThat(waitUntil(() -> store.size() == 0)).isTrue();
            assertThat(thrown.get()).isGreaterThan(3);
        }
    }

    /** One step of the keeper looks at a bounded number of chains, however many entries expire at once. */
    @Test
    void manyThatExpireAtOnceHoldNobodyUp() {
        int others = 1_000_000;
        int expiring = 100_000;
        try (OffHeapStore store = open()) {
            for (int key = 0; key < others; key++) {
                store.put(key(key), VALUE);
                if (key % 10 == 0) {
                    store.put(key(-1 - key), VALUE, TIME);
                }
            }
            clock.addAndGet(100);
            long removed = 0;
            long mostAtOnce = 0;
            int calls = 0;
            for (Stripe stripe : store.stripes()) {
                boolean done = false;
                while (!done) {
                    long before = stripe.size();
                    done = stripe.victims().removeExpired(64);
                    mostAtOnce = Math.max(mostAtOnce, before - stripe.size());
                    removed += before - stripe.size();
                    calls++;
                }
            }
            assertThat(removed).isEqualTo(expiring);
            assertThat(store.size()).isEqualTo(others);
            // 64 chains of six entries, of which one in eleven expires.
            assertThat(mostAtOnce).isLessThan(64 * 6 / 3);
            assertThat(calls).isGreaterThan(expiring / 100);
            for (int key = 0; key < others; key += 997) {
                assertThat(store.containsKey(key(key))).isTrue();
            }
        }
    }

    /** The table shrinks while the keeper goes through it, and moves entries to where it has been. */
    @Test
    void nothingExpiredIsMissedWhileTheTableShrinks() {
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory((2 << 20) - 1)
                .clock(clock::get)
                .build()) {
            store.keeper().close();
            for (int key = 0; key < 10_000; key++) {
                // Of a hundred, one stays, and nine stay for a while.
                int kind = key % 100;
                if (kind == 0) {
                    store.put(key(key), VALUE);
                } else {
                    store.put(key(key), VALUE, kind < 10 ? TIME.multipliedBy(2) : TIME);
                }
            }
            long buckets = store.statistics().buckets();
            clock.addAndGet(100);
            keep(store);
            assertThat(store.size()).isEqualTo(1_000);
            assertThat(store.statistics().buckets()).isLessThan(buckets / 3);
            clock.addAndGet(100);
            keep(store);
            assertThat(store.size()).isEqualTo(100);
            assertThat(store.statistics().expirations()).isEqualTo(9_900);
            StoreValidator.validate(store);
        }
    }

    private static void keep(OffHeapStore store) {
        for (Stripe stripe : store.stripes()) {
            boolean done = false;
            while (!done) {
                done = stripe.victims().removeExpired(16);
                while (stripe.shrinkSome()) {
                    // A few buckets at a time.
                }
            }
        }
    }

    private static long keepers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals(KEEPER))
                .count();
    }

    private static boolean waitUntil(BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start > PATIENCE_NANOS) {
                return false;
            }
            try {
                Thread.sleep(5);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        return true;
    }

    private static byte[] key(int number) {
        return Arrays.copyOf(ByteBuffer.allocate(Integer.BYTES).putInt(number).array(), 8);
    }
}
