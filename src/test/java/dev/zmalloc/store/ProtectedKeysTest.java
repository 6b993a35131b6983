package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.fixtures.Seeds;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(120)
class ProtectedKeysTest {
    private static final long MAX_MEMORY = 512 << 10;
    private static final Duration LONG = Duration.ofHours(1);

    /** Puts, removals and marks at random, at the limit: what is protected is there, and the count is right. */
    @ParameterizedTest
    @EnumSource(value = EvictionPolicy.class, mode = EnumSource.Mode.EXCLUDE, names = "NOEVICTION")
    @Tag("core")
    void whatIsProtectedIsNeverEvicted(EvictionPolicy policy) {
        long seed = Seeds.next("ProtectedKeysTest.whatIsProtectedIsNeverEvicted");
        SplittableRandom random = new SplittableRandom(seed);
        Set<Integer> sheltered = new HashSet<>();
        try (OffHeapStore store = open(policy)) {
            StoreEviction eviction = store.eviction();
            for (int step = 0; step < 40_000; step++) {
                int number = random.nextInt(8_000);
                switch (random.nextInt(16)) {
                    case 0 -> {
                        boolean isThere = store.containsKey(key(number));
                        if (sheltered.size() < 1_000) {
                            assertThat(eviction.protect(key(number))).isEqualTo(isThere);
                            if (isThere) {
                                sheltered.add(number);
                            }
                        }
                    }
                    case 1 -> {
                        if (random.nextInt(3) == 0 && !sheltered.isEmpty()) {
                            int one = sheltered.iterator().next();
                            assertThat(eviction.unprotect(key(one))).isTrue();
                            sheltered.remove(one);
                        }
                    }
                    case 2 -> {
                        if (store.remove(key(number))) {
                            sheltered.remove(number);
                        }
                    }
                    case 3 -> store.get(key(number));
                    default -> store.put(key(number), new byte[random.nextInt(150)], LONG);
                }
                if (step == 20_000) {
                    eviction.setPolicy(EvictionPolicy.VOLATILE_S3FIFO);
                } else if (step == 30_000) {
                    eviction.setPolicy(policy);
                }
            }
            assertThat(store.statistics().evictions()).isGreaterThan(5_000);
            assertThat(eviction.protectedEntries()).isEqualTo(sheltered.size());
            for (int number = 0; number < 8_000; number++) {
                assertThat(eviction.isProtected(key(number))).isEqualTo(sheltered.contains(number));
            }
            StoreValidator.validate(store);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = EvictionPolicy.class,
            names = {"ALLKEYS_LRU", "ALLKEYS_RANDOM", "VOLATILE_LRM", "VOLATILE_RANDOM", "VOLATILE_TTL"})
    void whatIsNotProtectedAnyMoreGoesLikeEverythingElse(EvictionPolicy policy) {
        int marked = 300;
        try (OffHeapStore store = open(policy)) {
            for (int number = 0; number < 30_000; number++) {
                store.put(key(number), new byte[50], LONG);
                if (number < marked) {
                    store.eviction().protect(key(number));
                }
            }
            for (int number = 0; number < marked; number++) {
                assertThat(store.eviction().isProtected(key(number))).isTrue();
                store.eviction().unprotect(key(number));
            }
            for (int number = 30_000; number < 60_000; number++) {
                store.put(key(number), new byte[50], LONG);
            }
            assertThat(IntStream.range(0, marked)
                            .filter(number -> store.containsKey(key(number)))
                            .count())
                    .isLessThan(marked / 50);
            StoreValidator.validate(store);
        }
    }

    @ParameterizedTest
    @EnumSource(value = EvictionPolicy.class)
    @Tag("core")
    void whereAllIsProtectedPutsAreRefusedAtOnce(EvictionPolicy policy) {
        try (OffHeapStore store = open(policy)) {
            int number = 0;
            try {
                while (store.statistics().evictions() == 0) {
                    store.put(key(number), new byte[100], LONG);
                    store.eviction().protect(key(number));
                    number++;
                }
            } catch (MaxMemoryException e) {
                assertThat(e).hasMessageContaining("protected entries: " + number);
            }
            assertThat(store.size()).isEqualTo(store.eviction().protectedEntries());
            int refused = number;
            long start = System.nanoTime();
            for (int count = 0; count < 100; count++) {
                assertThatThrownBy(() -> store.put(key(refused), new byte[100_000], LONG))
                        .isInstanceOf(MaxMemoryException.class);
            }
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
            assertThat(store.size()).isEqualTo(number);
            // Enough of them for what a queue may need besides.
            int freed = number / 3;
            for (int one = 0; one < freed; one++) {
                store.eviction().unprotect(key(one));
            }
            if (policy != EvictionPolicy.NOEVICTION) {
                for (int count = 0; count < 1_000; count++) {
                    store.put(key(number + count), new byte[100], LONG);
                }
                assertThat(store.size()).isBetween(number - freed / 2L, number + 100L);
            }
            assertThat(store.eviction().protectedEntries()).isEqualTo(number - freed);
            StoreValidator.validate(store);
        }
    }

    @Test
    @Tag("core")
    void theMarkBelongsToTheKey() {
        AtomicLong now = new AtomicLong(1_000);
        for (EvictionPolicy policy : EvictionPolicy.values()) {
            try (OffHeapStore store = OffHeapStore.builder()
                    .maxMemory(MAX_MEMORY)
                    .evictionPolicy(policy)
                    .clock(now::get)
                    .build()) {
                store.keeper().close();
                StoreEviction eviction = store.eviction();
                assertThat(eviction.protect(key(1))).isFalse();
                store.put(key(1), new byte[10]);
                assertThat(eviction.isProtected(key(1))).isFalse();
                assertThat(eviction.protect(key(1))).isTrue();
                assertThat(eviction.protect(key(1))).isTrue();
                store.put(key(1), new byte[300]);
                store.expire(key(1), LONG);
                store.persist(key(1));
                store.put(key(1), new byte[20], Duration.ofSeconds(1));
                assertThat(eviction.isProtected(key(1))).isTrue();
                assertThat(eviction.protectedEntries()).isEqualTo(1);
                // Expired, and put again.
                now.addAndGet(2_000);
                assertThat(eviction.isProtected(key(1))).isFalse();
                assertThat(eviction.protect(key(1))).isFalse();
                store.put(key(1), new byte[20], Duration.ofSeconds(1));
                assertThat(eviction.isProtected(key(1))).isFalse();
                assertThat(eviction.protectedEntries()).isZero();
                // Expired, and found by the store itself.
                eviction.protect(key(1));
                now.addAndGet(2_000);
                for (Stripe stripe : store.stripes()) {
                    while (!stripe.victims().removeExpired(64)) {}
                }
                assertThat(store.size()).isZero();
                assertThat(eviction.protectedEntries()).isZero();
                // Removed, and cleared.
                store.put(key(1), new byte[20], LONG);
                eviction.protect(key(1));
                store.remove(key(1));
                store.put(key(1), new byte[20], LONG);
                assertThat(eviction.isProtected(key(1))).isFalse();
                eviction.protect(key(1));
                store.clear();
                assertThat(eviction.protectedEntries()).isZero();
                StoreValidator.validate(store);
            }
        }
    }

    /** The mark moves with its slot, where the table grows, shrinks, and takes and folds children. */
    @Test
    void marksMoveWithTheirSlots() {
        int entries = 60_000;
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            for (int number = 0; number < entries; number++) {
                store.put(key(number), new byte[8]);
                if (number % 7 == 0) {
                    store.eviction().protect(key(number));
                }
            }
            for (int number = 0; number < entries; number++) {
                assertThat(store.eviction().isProtected(key(number))).isEqualTo(number % 7 == 0);
            }
            for (int number = 0; number < entries; number++) {
                if (number % 14 != 0) {
                    store.remove(key(number));
                }
            }
            StoreValidator.validate(store);
            for (int number = 0; number < entries; number += 14) {
                assertThat(store.eviction().isProtected(key(number))).isTrue();
            }
            assertThat(store.eviction().protectedEntries()).isEqualTo(store.size());
        }
    }

    /** Threads that fill, overwrite and mark; a protected key of one's own is there whatever the others do. */
    @ParameterizedTest
    @EnumSource(
            value = EvictionPolicy.class,
            names = {"ALLKEYS_LRU", "VOLATILE_LRU", "ALLKEYS_S3FIFO"})
    void threadsRelyOnTheirMarks(EvictionPolicy policy) {
        try (OffHeapStore store = open(policy)) {
            CompletableFuture<?>[] workers = new CompletableFuture<?>[3];
            for (int thread = 0; thread < workers.length; thread++) {
                int own = -1 - thread;
                workers[thread] = CompletableFuture.runAsync(() -> {
                    SplittableRandom random = new SplittableRandom(own);
                    for (int round = 0; round < 100; round++) {
                        store.put(key(own), new byte[round], LONG);
                        if (!store.eviction().protect(key(own))) {
                            continue;
                        }
                        for (int count = 0; count < 200; count++) {
                            store.put(key(random.nextInt(20_000)), new byte[100], LONG);
                        }
                        assertThat(store.get(key(own))).hasSize(round);
                        store.eviction().unprotect(key(own));
                    }
                });
            }
            CompletableFuture.allOf(workers).join();
            assertThat(store.eviction().protectedEntries()).isZero();
            StoreValidator.validate(store);
        }
    }

    private static OffHeapStore open(EvictionPolicy policy) {
        return OffHeapStore.builder()
                .maxMemory(MAX_MEMORY)
                .evictionPolicy(policy)
                .build();
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(4).putInt(number).array();
    }
}
