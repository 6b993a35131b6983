package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.fixtures.Seeds;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Threads, platform and virtual ones, on one store; every value tells its key, and so whether it was served for another
 * or torn.
 */
class StoreStressTest {
    private static final int KEYS = 4_000;
    private static final int THREADS = 8;
    private static final int OPERATIONS = 60_000;

    @Test
    void servesWholeValuesOfTheRightKeyAtTheLimit() throws InterruptedException {
        stress(OffHeapStore.builder()
                .maxMemory(1 << 20)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build());
    }

    @Test
    void servesWholeValuesOfTheRightKeyWithoutALimit() throws InterruptedException {
        stress(OffHeapStore.builder().build());
    }

    /** Each entry takes most of the limit, so that what one put has reserved is what another has to wait for. */
    @Test
    void largeEntriesAtTheLimitWaitForOneAnother() throws InterruptedException {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(900 << 10)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build()) {
            List<Thread> threads = new ArrayList<>();
            for (int number = 0; number < 4; number++) {
                byte[] key = {(byte) number};
                threads.add(start(number, failure, () -> {
                    for (int round = 0; round < 500; round++) {
                        store.put(key, new byte[500_000]);
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failure.get()).isNull();
            assertThat(store.statistics().puts()).isEqualTo(2_000);
            StoreValidator.validate(store);
        }
    }

    @Test
    void closesInTheMiddleOfOtherThreadsCalls() throws InterruptedException {
        long before = ZMalloc.zmallocUsedMemory();
        long seed = Seeds.next("StoreStressTest.closesInTheMiddleOfOtherThreadsCalls");
        for (int round = 0; round < 30; round++) {
            OffHeapStore store = OffHeapStore.builder()
                    .maxMemory(256 << 10)
                    .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                    .build();
            AtomicReference<Throwable> failure = new AtomicReference<>();
            AtomicLong done = new AtomicLong();
            List<Thread> threads = new ArrayList<>();
            for (int number = 0; number < 4; number++) {
                SplittableRandom random = new SplittableRandom(seed + round * 31L + number);
                threads.add(start(number, failure, () -> {
                    try {
                        while (true) {
                            operate(store, random);
                            done.incrementAndGet();
                        }
                    } catch (IllegalStateException e) {
                        assertThat(e).hasMessageContaining("closed");
                    }
                }));
            }
            while (done.get() < 2_000 && failure.get() == null) {
                Thread.onSpinWait();
            }
            store.close();
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failure.get()).isNull();
            assertThat(store.usedMemory()).isZero();
            assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
        }
    }

    private static void stress(OffHeapStore store) throws InterruptedException {
        long seed = Seeds.next("StoreStressTest.stress");
        AtomicReference<Throwable> failure = new AtomicReference<>();
        AtomicBoolean done = new AtomicBoolean();
        AtomicLong highest = new AtomicLong();
        Thread watch = Thread.ofPlatform().start(() -> {
            while (!done.get()) {
                highest.accumulateAndGet(store.usedMemory(), Math::max);
            }
        });
        try (store) {
            List<Thread> threads = new ArrayList<>();
            for (int number = 0; number < THREADS; number++) {
                SplittableRandom random = new SplittableRandom(seed + number);
                threads.add(start(number, failure, () -> {
                    for (int operation = 0; operation < OPERATIONS; operation++) {
                        operate(store, random);
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failure.get()).as("seed %d", seed).isNull();
            StoreValidator.validate(store);
            assertThat(store.statistics().rejections()).isZero();
        } finally {
            done.set(true);
            watch.join();
        }
        if (store.maxMemory() != 0) {
            assertThat(highest.get()).isLessThanOrEqualTo(store.maxMemory());
        }
        assertThat(store.usedMemory()).isZero();
    }

    private static void operate(OffHeapStore store, SplittableRandom random) {
        int number = random.nextInt(KEYS);
        byte[] key = ByteBuffer.allocate(4).putInt(number).array();
        switch (random.nextInt(8)) {
            case 0, 1 -> store.put(key, value(number, random));
            case 2 -> store.remove(key);
            case 3, 4 -> {
                byte[] value = store.get(key);
                check(number, value == null ? null : MemorySegment.ofArray(value));
            }
            case 5 -> {
                boolean writesInside = random.nextInt(4) == 0;
                store.read(key, segment -> {
                    check(number, segment);
                    if (writesInside) {
                        store.put(key, value(number, random));
                    }
                    check(number, segment);
                    return null;
                });
            }
            case 6 -> store.containsKey(key);
            default -> {
                if (random.nextInt(20_000) == 0) {
                    store.clear();
                }
            }
        }
    }

    /** A value of random length: a version, then the key and the version in each further word. */
    private static byte[] value(int number, SplittableRandom random) {
        int words = random.nextInt(50) == 0 ? 2_500 : 1 + random.nextInt(60);
        ByteBuffer value = ByteBuffer.allocate(words * Long.BYTES);
        int version = random.nextInt();
        while (value.hasRemaining()) {
            value.putLong((long) number << 32 | (version & 0xFFFFFFFFL));
        }
        return value.array();
    }

    private static void check(int number, @Nullable MemorySegment value) {
        if (value == null) {
            return;
        }
        ValueLayout.OfLong bigEndian = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(java.nio.ByteOrder.BIG_ENDIAN);
        long first = value.get(bigEndian, 0);
        if (first >>> 32 != number) {
            throw new AssertionError("key " + number + " was served a value of key " + (first >>> 32));
        }
        for (long offset = 0; offset < value.byteSize(); offset += Long.BYTES) {
            if (value.get(bigEndian, offset) != first) {
                throw new AssertionError("a torn value of key " + number + " at offset " + offset);
            }
        }
    }

    private static Thread start(int number, AtomicReference<Throwable> failure, Runnable work) {
        Runnable task = () -> {
            try {
                work.run();
            } catch (Throwable thrown) {
                failure.compareAndSet(null, thrown);
            }
        };
        return number % 2 == 0
                ? Thread.ofPlatform().start(task)
                : Thread.ofVirtual().start(task);
    }
}
