package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.table.WriterSteps;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A full store some of whose entries are held: by readers in the middle of a call, by leases, by reads that copy. */
@Timeout(120)
class HeldEntriesTest {
    private static final long MAX_MEMORY = 512 << 10;
    private static final int VALUE_BYTES = 100;
    private static final byte[] HELD = {1, 2, 3};

    /** "At once", on a machine that does other things too. */
    private static final long AT_ONCE_NANOS = 100_000_000;

    @Test
    @Tag("core")
    void aReaderThatStandsStillCostsNoEvictions() throws InterruptedException {
        try (OffHeapStore store = lru(MAX_MEMORY)) {
            int first = fill(store);
            store.put(HELD, filled(VALUE_BYTES, 7));
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch released = new CountDownLatch(1);
            CompletableFuture<Boolean> unchanged = CompletableFuture.supplyAsync(() -> store.read(HELD, segment -> {
                inside.countDown();
                awaitQuietly(released);
                return isFilled(segment, 7);
            }));
            inside.await();
            long evictions = store.statistics().evictions();
            long size = store.size();
            int puts = 10_000;
            for (int count = 0; count < puts; count++) {
                store.put(key(first + count), filled(VALUE_BYTES, 1));
                if (count == puts / 2) {
                    // What is under the reader leaves the table, and waits for it from now on.
                    store.put(HELD, filled(VALUE_BYTES, 8));
                }
            }
            long evicted = store.statistics().evictions() - evictions;
            // Each put adds an entry and each eviction takes one: what is evicted beyond the puts is missing. The table
            // takes and gives back children meanwhile, of half an entry's bytes.
            assertThat(store.size()).isEqualTo(size + puts - evicted);
            assertThat(evicted).isLessThanOrEqualTo(puts + size / 100);
            assertThat(store.statistics().rejections()).isZero();
            released.countDown();
            assertThat(unchanged.join()).isTrue();
            StoreValidator.validate(store);
        }
    }

    /** The same where every put replaces, and so gives back what it takes: nothing is evicted for long. */
    @Test
    void overwritingUnderAReaderThatStandsStillEvictsNothingMore() throws InterruptedException {
        try (OffHeapStore store = lru(MAX_MEMORY)) {
            for (int number = 0; number < 1_000; number++) {
                store.put(key(number), filled(VALUE_BYTES, 1));
            }
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch released = new CountDownLatch(1);
            CompletableFuture<?> reader = CompletableFuture.runAsync(() -> store.read(key(5), segment -> {
                inside.countDown();
                awaitQuietly(released);
                return null;
            }));
            inside.await();
            // Some thirty times what is free beside the entries.
            for (int count = 0; count < 50_000; count++) {
                store.put(key(count % 1_000), filled(VALUE_BYTES, 2));
            }
            assertThat(store.statistics().evictions()).isZero();
            assertThat(store.size()).isEqualTo(1_000);
            released.countDown();
            reader.join();
            StoreValidator.validate(store);
        }
    }

    @Test
    @Tag("core")
    void aLeaseOutlivesTenTimesTheLimitOverwrittenElsewhere() {
        try (OffHeapStore store = lru(MAX_MEMORY)) {
            store.put(HELD, filled(10_000, 7));
            long written = 0;
            try (ValueLease lease = store.lease(HELD)) {
                for (int count = 0; written < 10 * MAX_MEMORY; count++) {
                    int bytes = count % 1_500;
                    store.put(key(count % 700), filled(bytes, 9));
                    written += bytes;
                    if (count == 100) {
                        store.put(HELD, filled(20_000, 8));
                    }
                }
                assertThat(isFilled(lease.segment(), 7)).isTrue();
                assertThat(lease.segment().byteSize()).isEqualTo(10_000);
                assertThat(store.statistics().rejections()).isZero();
                assertThat(store.usedMemory()).isLessThanOrEqualTo(MAX_MEMORY);
                for (int count = 0; count < 700; count++) {
                    store.remove(key(count));
                }
                store.remove(HELD);
                assertThat(store.statistics().awaitingReclamation()).isGreaterThanOrEqualTo(10_000);
            }
            assertThat(store.size()).isZero();
            store.clear();
            StoreValidator.validate(store);
            store.stripes()[0].reclaim();
            store.parts().lanes().reclaim();
            assertThat(store.usedMemory()).isEqualTo(store.evictor().poolBytes());
        }
    }

    /** Each change looks at what it touches alone: not at all that is leased. */
    @Test
    void thousandsOfLeasesDoNotHoldUpOthers() {
        int leased = 10_000;
        try (OffHeapStore store = OffHeapStore.builder().maxMemory(8 << 20).build()) {
            List<ValueLease> leases = new ArrayList<>();
            for (int number = 0; number < leased; number++) {
                store.put(key(number), filled(8, 7));
                leases.add(store.lease(key(number)));
            }
            for (int number = 0; number < leased; number++) {
                store.put(key(number), filled(8, 8));
            }
            long start = System.nanoTime();
            for (int count = 0; count < 10_000; count++) {
                store.put(key(count % 100), filled(8, 9));
            }
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
            assertThat(store.statistics().awaitingReclamation()).isGreaterThanOrEqualTo(8L * leased);
            for (ValueLease lease : leases) {
                assertThat(isFilled(lease.segment(), 7)).isTrue();
                lease.close();
            }
            StoreValidator.validate(store);
            assertThat(store.statistics().awaitingReclamation()).isLessThan(64 << 10);
        }
    }

    /** Another thread copies what would have to go, and does not hold it for longer than that takes. */
    @Test
    void readsThatCopyMakeNoPutFail() throws InterruptedException {
        int valueBytes = 24 << 20;
        byte[] target = new byte[valueBytes];
        for (boolean copiesInto : new boolean[] {false, true}) {
            try (OffHeapStore store = lru(40 << 20)) {
                AtomicBoolean done = new AtomicBoolean();
                AtomicReference<Throwable> failure = new AtomicReference<>();
                Thread reader = Thread.ofPlatform().start(() -> {
                    try {
                        for (int count = 0; !done.get(); count++) {
                            if (copiesInto) {
                                store.getInto(key(count % 2), target, 0);
                            } else {
                                store.get(key(count % 2));
                            }
                        }
                    } catch (Throwable thrown) {
                        failure.set(thrown);
                    }
                });
                try {
                    for (int count = 0; count < 12; count++) {
                        store.put(key(count % 2), target);
                    }
                } finally {
                    done.set(true);
                    reader.join();
                }
                assertThat(failure.get()).isNull();
                assertThat(store.statistics().rejections()).isZero();
                StoreValidator.validate(store);
            }
        }
    }

    /** Nobody but the waiting threads is on the processors, unless they let go of them. */
    @Test
    void virtualThreadsThatWaitForRoomLetItsHolderRun() throws InterruptedException {
        try (OffHeapStore store = lru(900 << 10)) {
            WriterSteps.set(step -> {
                if (step.equals("append: slot")) {
                    LockSupport.parkNanos(3_000_000);
                }
            });
            byte[] value = new byte[500_000];
            AtomicReference<Throwable> failure = new AtomicReference<>();
            List<Thread> threads = new ArrayList<>();
            for (int number = 0; number < 2 * Runtime.getRuntime().availableProcessors(); number++) {
                byte[] key = key(number);
                threads.add(Thread.ofVirtual().start(() -> {
                    try {
                        for (int count = 0; count < 10; count++) {
                            store.put(key, value);
                        }
                    } catch (Throwable thrown) {
                        failure.compareAndSet(null, thrown);
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failure.get()).isNull();
            StoreValidator.validate(store);
        } finally {
            WriterSteps.set(null);
        }
    }

    /** What was cleared is free as soon as no read is under way, and there is always one under way here. */
    @Test
    void aPutAfterAClearIsNotRefusedForReadsUnderWay() throws InterruptedException {
        for (EvictionPolicy policy : EvictionPolicy.values()) {
            try (OffHeapStore store = OffHeapStore.builder()
                    .maxMemory(64 << 10)
                    .evictionPolicy(policy)
                    .build()) {
                AtomicBoolean done = new AtomicBoolean();
                List<Thread> readers = new ArrayList<>();
                for (int number = 0; number < 2; number++) {
                    readers.add(Thread.ofPlatform().start(() -> {
                        for (int count = 0; !done.get(); count++) {
                            store.get(key(count % 100));
                        }
                    }));
                }
                try {
                    for (int round = 0; round < 25; round++) {
                        fill(store);
                        store.clear();
                        long evictions = store.statistics().evictions();
                        for (int number = 0; number < 50; number++) {
                            store.put(key(number), filled(VALUE_BYTES, 1));
                        }
                        assertThat(store.statistics().evictions())
                                .as("evictions of what was put after the clearing")
                                .isEqualTo(evictions);
                    }
                } finally {
                    done.set(true);
                    for (Thread reader : readers) {
                        reader.join();
                    }
                }
                StoreValidator.validate(store);
            }
        }
    }

    @Test
    void aPutInsideAReaderOfAFullStoreIsRefusedAtOnce() {
        try (OffHeapStore store = OffHeapStore.builder().maxMemory(MAX_MEMORY).build()) {
            store.put(HELD, filled(1_000, 7));
            fill(store);
            store.read(HELD, segment -> {
                assertRefusedAtOnce(() -> store.put(HELD, filled(1_000, 8)), "nothing to evict by policy noeviction");
                // What the reader removes itself cannot be free before it ends.
                store.remove(HELD);
                assertRefusedAtOnce(() -> store.put(HELD, filled(1_000, 8)), "wait for a reader or a lease to end");
                assertThat(isFilled(segment, 7)).isTrue();
                return null;
            });
            store.put(HELD, filled(1_000, 8));
            StoreValidator.validate(store);
        }
    }

    @Test
    void aPutInsideTheReaderOfTheOnlyEntryIsRefusedAtOnce() {
        try (OffHeapStore store = lru(MAX_MEMORY)) {
            byte[] large = filled((int) MAX_MEMORY * 2 / 3, 7);
            store.put(HELD, large);
            store.read(HELD, segment -> {
                assertRefusedAtOnce(() -> store.put(key(1), large), "readers and leases under way: 1");
                assertRefusedAtOnce(() -> store.put(HELD, large), "readers and leases under way: 1");
                assertThat(isFilled(segment, 7)).isTrue();
                return null;
            });
            assertThat(store.get(HELD)).isEqualTo(large);
            store.put(key(1), large);
            assertThat(store.get(HELD)).isNull();
            StoreValidator.validate(store);
        }
    }

    private static void assertRefusedAtOnce(Runnable put, String why) {
        // Once for the classes that a refusal loads.
        assertThatThrownBy(put::run).isInstanceOf(MaxMemoryException.class);
        long start = System.nanoTime();
        Throwable thrown = catchThrowable(put::run);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofNanos(AT_ONCE_NANOS));
        assertThat(thrown).isInstanceOf(MaxMemoryException.class).hasMessageContaining(why);
    }

    /** Puts entries of one size until one is evicted or refused. Answers a key that was not used. */
    private static int fill(OffHeapStore store) {
        long evictions = store.statistics().evictions();
        for (int number = 0; ; number++) {
            try {
                store.put(key(number), filled(VALUE_BYTES, 1));
            } catch (MaxMemoryException e) {
                return number + 1;
            }
            if (store.statistics().evictions() > evictions) {
                return number + 1;
            }
        }
    }

    private static OffHeapStore lru(long maxMemory) {
        return OffHeapStore.builder()
                .maxMemory(maxMemory)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build();
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

    private static byte[] filled(int bytes, int with) {
        byte[] value = new byte[bytes];
        Arrays.fill(value, (byte) with);
        return value;
    }

    private static boolean isFilled(MemorySegment segment, int with) {
        return segment.mismatch(MemorySegment.ofArray(filled((int) segment.byteSize(), with))) == -1;
    }
}
