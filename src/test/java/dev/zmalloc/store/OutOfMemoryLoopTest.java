package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.NativeOutOfMemoryError;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.fixtures.Seeds;
import dev.zmalloc.testing.FaultInjectingAllocator;
import dev.zmalloc.testing.Faults;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Runs each operation with its 1st, 2nd, ... Nth allocation failing until it completes untouched, once with a single
 * failure and once with all after it failing too: an operation happens or leaves things as they were. The idea is
 * SQLite's.
 */
@Tag("fault")
class OutOfMemoryLoopTest {
    private static final int MAX_ALLOCATIONS = 300;
    private static final Duration HOUR = Duration.ofHours(1);

    @AfterEach
    void stopFailing() {
        FaultInjectingAllocator.stopInjecting();
    }

    @Test
    void theFaultInjectingAllocatorServes() {
        assertThat(ZMalloc.allocator()).isInstanceOf(FaultInjectingAllocator.class);
        Faults.nth(2).inject();
        RawZMalloc.zfree(RawZMalloc.zmalloc(10));
        assertThat(RawZMalloc.ztrymalloc(10)).isZero();
        RawZMalloc.zfree(RawZMalloc.zmalloc(10));
        assertThat(FaultInjectingAllocator.stopInjecting()).isPositive();
    }

    @Test
    void everyFormOfTheFacadeFailsCleanly() {
        MemorySegment block = ZMalloc.zmalloc(100);
        block.fill((byte) 3);
        long used = ZMalloc.zmallocUsedMemory();
        Faults.fromNth(1).inject();
        assertThat(ZMalloc.ztrymalloc(10)).isEqualTo(MemorySegment.NULL);
        assertThat(ZMalloc.ztrycalloc(2, 10)).isEqualTo(MemorySegment.NULL);
        assertThat(ZMalloc.ztryrealloc(block, 1_000)).isEqualTo(MemorySegment.NULL);
        assertThatThrownBy(() -> ZMalloc.zmalloc(10))
                .isInstanceOf(NativeOutOfMemoryError.class)
                .hasMessage("zmalloc: Out of memory trying to allocate 10 bytes");
        assertThatThrownBy(() -> ZMalloc.zcalloc(20)).isInstanceOf(NativeOutOfMemoryError.class);
        assertThatThrownBy(() -> ZMalloc.zrealloc(block, 2_000)).isInstanceOf(NativeOutOfMemoryError.class);
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(used);
        assertThat(block.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)).containsOnly(3);
        FaultInjectingAllocator.stopInjecting();
        ZMalloc.zfree(block);
    }

    @Test
    void openingAStoreAndItsFirstPutTakeEverythingOrNothing() {
        for (EvictionPolicy policy : EvictionPolicy.values()) {
            for (long maxMemory : new long[] {0, 8 << 20}) {
                int failures = failEach(() -> {
                    long used = ZMalloc.zmallocUsedMemory();
                    try (OffHeapStore store = OffHeapStore.builder()
                            .maxMemory(maxMemory)
                            .evictionPolicy(policy)
                            .build()) {
                        store.put(key(1), new byte[10]);
                        return true;
                    } catch (NativeOutOfMemoryError e) {
                        return false;
                    } finally {
                        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(used);
                    }
                });
                assertThat(failures).isGreaterThan(3);
            }
        }
    }

    /** Puts into a table at every stage of its growth: new chunks, children, splits and replacements among them. */
    @Test
    void aPutThatFailsLeavesTheStoreAsItWas() {
        // Where what was replaced is freed before each, every entry's block comes from the allocator.
        assertThat(failuresOfPuts(true)).isGreaterThan(3_000);
        assertThat(failuresOfPuts(false)).isGreaterThan(1_000);
    }

    private static int failuresOfPuts(boolean reclaimsBefore) {
        int failures = 0;
        try (OffHeapStore store = OffHeapStore.builder().maxMemory(1 << 20).build()) {
            Map<Integer, byte[]> model = new HashMap<>();
            for (int step = 0; step < 1_500; step++) {
                int key = step % 5 == 4 ? step / 2 : step;
                byte[] value = new byte[step % 97];
                failures += failEach(() -> {
                    if (reclaimsBefore) {
                        store.parts().lanes().reclaim();
                    }
                    return put(store, model, key, value);
                });
                if (step % 100 == 0) {
                    assertSame(store, model);
                }
            }
            assertSame(store, model);
        }
        return failures;
    }

    /** A table that could not grow for long has chains of which a split takes several children. */
    @Test
    void aSplitOfALongChainThatFailsLeavesNothingBehind() {
        MemoryAccount shared = new MemoryAccount("shared", 1 << 20);
        try (OffHeapStore store =
                OffHeapStore.builder().maxMemory((2 << 20) - 1).account(shared).build()) {
            Map<Integer, byte[]> model = new HashMap<>();
            put(store, model, 0, new byte[4]);
            // Never is there room for a chunk of buckets.
            long withheld = shared.maxMemory() - shared.usedMemory();
            assertThat(shared.tryReserve(withheld)).isTrue();
            while (store.statistics().load() < 40) {
                shared.release(2_000);
                withheld -= 2_000;
                try {
                    while (true) {
                        put(store, model, model.size(), new byte[4]);
                    }
                } catch (MaxMemoryException e) {
                    assertThat(e.maxMemory()).isEqualTo(1 << 20);
                }
            }
            shared.release(withheld);
            int failures = 0;
            for (int more = 0; more < 100; more++) {
                int key = model.size();
                failures += failEach(() -> put(store, model, key, new byte[4]));
                StoreValidator.validate(store);
            }
            assertThat(failures).isGreaterThan(100);
            assertSame(store, model);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"ALLKEYS_LRU", "ALLKEYS_GDSF", "ALLKEYS_S3FIFO", "VOLATILE_LFU", "VOLATILE_S3FIFO"})
    void aPutAtTheLimitFailsOrHappens(EvictionPolicy policy) {
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(96 << 10)
                .evictionPolicy(policy)
                .build()) {
            for (int key = 0; key < 1_500; key++) {
                byte[] bytes = key(key);
                failEach(() -> {
                    try {
                        store.put(bytes, new byte[100], HOUR);
                        return true;
                    } catch (NativeOutOfMemoryError e) {
                        return false;
                    }
                });
                assertThat(store.get(bytes)).hasSize(100);
                if (key % 200 == 0) {
                    StoreValidator.validate(store);
                }
            }
            StoreValidator.validate(store);
        }
    }

    /** What allocates nothing cannot fail. */
    private static final Set<StoreAction.Kind> ALLOCATING = EnumSet.of(
            StoreAction.Kind.PUT,
            StoreAction.Kind.PUT_WITH_TIME,
            StoreAction.Kind.PUT_IF_ABSENT,
            StoreAction.Kind.PUT_ALL,
            StoreAction.Kind.REPLACE,
            StoreAction.Kind.REPLACE_EXPECTED,
            StoreAction.Kind.GET_AND_PUT,
            StoreAction.Kind.UPDATE,
            StoreAction.Kind.EXPIRE,
            StoreAction.Kind.PERSIST);

    @Test
    void everyOperationHappensOrLeavesTheStoreAsItWas() {
        Set<StoreAction.Kind> failed = EnumSet.noneOf(StoreAction.Kind.class);
        failed.addAll(everyOperation(0, EvictionPolicy.NOEVICTION, 600));
        failed.addAll(everyOperation(128 << 10, EvictionPolicy.NOEVICTION, 300));
        failed.addAll(everyOperation(128 << 10, EvictionPolicy.ALLKEYS_LRU, 600));
        assertThat(failed).isEqualTo(ALLOCATING);
    }

    /** One policy of each kind that keeps something beside the entries. */
    @ParameterizedTest
    @EnumSource(names = {"ALLKEYS_LFU", "ALLKEYS_S3FIFO", "VOLATILE_TTL", "VOLATILE_S3FIFO"})
    void everyOperationHappensOrLeavesTheStoreAsItWasUnder(EvictionPolicy policy) {
        assertThat(everyOperation(128 << 10, policy, 600)).contains(StoreAction.Kind.PUT, StoreAction.Kind.EXPIRE);
    }

    /**
     * What the new policy keeps beside the entries cannot be had, or only some of it: it goes by what it has, finds the
     * rest by looking, and has all of it once there is memory.
     */
    @ParameterizedTest
    @EnumSource
    void aChangeOfPolicyWithoutMemoryForItsIndexKeepsLess(EvictionPolicy policy) {
        int changes = 0;
        for (boolean andAllAfter : new boolean[] {false, true}) {
            boolean untouched = false;
            for (int allocations = 0; !untouched; allocations++) {
                try (OffHeapStore store =
                        OffHeapStore.builder().maxMemory(1 << 20).build()) {
                    for (int key = 0; key < 600; key++) {
                        if (key % 2 == 0) {
                            store.put(key(key), new byte[10]);
                        } else {
                            store.put(key(key), new byte[10], HOUR);
                        }
                    }
                    (andAllAfter ? Faults.fromNth(allocations + 1) : Faults.nth(allocations + 1)).inject();
                    untouched = changed(store, policy);
                    changes++;
                }
            }
        }
        assertThat(changes).isGreaterThan(policy.isVolatile() || policy.isQueued() ? 8 : 1);
    }

    /** Answers whether no allocation failed. */
    private static boolean changed(OffHeapStore store, EvictionPolicy policy) {
        store.eviction().setPolicy(policy);
        boolean untouched = FaultInjectingAllocator.stopInjecting() == 0;
        assertThat(store.eviction().policy()).isEqualTo(policy);
        assertThat(store.size()).isEqualTo(600);
        StoreValidator.validate(store);
        for (int key = 0; key < 200; key++) {
            store.put(key(key), new byte[12], HOUR);
        }
        StoreValidator.validate(store);
        store.eviction().setPolicy(policy);
        for (Stripe stripe : store.stripes()) {
            assertThat(stripe.books().isPartial()).isFalse();
        }
        StoreValidator.validate(store);
        return untouched;
    }

    /** Those of a volatile policy that its index lacks are found all the same, and no others. */
    @ParameterizedTest
    @EnumSource(names = "VOLATILE_.*", mode = EnumSource.Mode.MATCH_ALL)
    void whatAnIndexLacksIsFoundByLooking(EvictionPolicy policy) {
        for (int allocations = 0; allocations < 6; allocations++) {
            try (OffHeapStore store = OffHeapStore.builder().maxMemory(1 << 20).build()) {
                for (int key = 0; key < 2_000; key++) {
                    if (key % 100 == 0) {
                        store.put(key(key), new byte[10], HOUR);
                    } else {
                        store.put(key(key), new byte[10]);
                    }
                }
                Faults.fromNth(allocations + 1).inject();
                store.eviction().setPolicy(policy);
                FaultInjectingAllocator.stopInjecting();
                for (int eviction = 0; eviction < 20; eviction++) {
                    assertThat(store.evictor().evictOne())
                            .as("eviction %d", eviction)
                            .isPositive();
                }
                assertThat(store.evictor().evictOne()).isZero();
                assertThat(store.size()).isEqualTo(1_980);
                StoreValidator.validate(store);
            }
        }
    }

    /** Answers which kinds of operation failed at some time. */
    private static Set<StoreAction.Kind> everyOperation(long maxMemory, EvictionPolicy policy, int keys) {
        long seed = Seeds.next("OutOfMemoryLoopTest.everyOperation");
        Set<StoreAction.Kind> failed = EnumSet.noneOf(StoreAction.Kind.class);
        int step = 0;
        try (StoreModelRun run = new StoreModelRun(maxMemory, policy)) {
            for (StoreAction action : StoreAction.sequence(new SplittableRandom(seed), 4_000, keys)) {
                if (!ALLOCATING.contains(action.kind())) {
                    Faults.fromNth(1).inject();
                    assertThat(run.apply(action)).isTrue();
                    assertThat(FaultInjectingAllocator.stopInjecting())
                            .as("seed %d, step %d: allocations that %s tried", seed, step, action)
                            .isZero();
                } else if (failEach(() -> run.apply(action), maxMemory != 0) > 0) {
                    failed.add(action.kind());
                }
                if (++step % 200 == 0) {
                    StoreValidator.validate(run.store());
                }
            }
            run.finish();
        }
        return failed;
    }

    @ParameterizedTest
    @EnumSource(names = "NOEVICTION", mode = EnumSource.Mode.EXCLUDE)
    void readingRemovingEvictingAndClearingAllocateNothing(EvictionPolicy policy) {
        try (OffHeapStore store =
                OffHeapStore.builder().maxMemory(1 << 20).evictionPolicy(policy).build()) {
            for (int key = 0; key < 4_000; key++) {
                store.put(key(key), new byte[100], HOUR);
            }
            Faults.fromNth(1).inject();
            for (int key = 0; key < 4_000; key++) {
                store.get(key(key));
                store.read(key(key), MemorySegment::byteSize);
                if (key % 3 == 0) {
                    store.remove(key(key));
                }
                if (key % 7 == 0) {
                    assertThat(store.evictor().evictOne()).isPositive();
                }
            }
            store.clear();
            assertThat(FaultInjectingAllocator.stopInjecting())
                    .as("allocations that were tried")
                    .isZero();
            assertThat(store.size()).isZero();
            StoreValidator.validate(store);
        }
    }

    /** Not by polling: the allocator itself keeps the highest number of bytes that were ever live at once. */
    @Test
    void theLimitHoldsAtEveryInstantUnderConcurrentWriters() throws InterruptedException {
        long maxMemory = 512 << 10;
        long before = FaultInjectingAllocator.heldBytes();
        FaultInjectingAllocator.resetHighest();
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(maxMemory)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build()) {
            List<Thread> writers = new ArrayList<>();
            for (int writer = 0; writer < 6; writer++) {
                int first = writer * 100_000;
                writers.add(Thread.ofPlatform().start(() -> {
                    for (int key = 0; key < 20_000; key++) {
                        store.put(key(first + key % 3_000), new byte[key % 700]);
                    }
                }));
            }
            for (Thread writer : writers) {
                writer.join();
            }
            assertThat(store.statistics().puts()).isEqualTo(120_000);
            StoreValidator.validate(store);
        }
        assertThat(FaultInjectingAllocator.highestHeldBytes() - before).isBetween(maxMemory * 9 / 10, maxMemory);
        assertThat(FaultInjectingAllocator.heldBytes()).isEqualTo(before);
    }

    private static boolean put(OffHeapStore store, Map<Integer, byte[]> model, int key, byte[] value) {
        long used = store.usedMemory();
        long size = store.size();
        try {
            store.put(key(key), value);
            model.put(key, value);
            return true;
        } catch (NativeOutOfMemoryError e) {
            assertThat(store.get(key(key))).isEqualTo(model.get(key));
            assertThat(store.usedMemory()).isEqualTo(used);
            assertThat(store.size()).isEqualTo(size);
            return false;
        }
    }

    private static void assertSame(OffHeapStore store, Map<Integer, byte[]> model) {
        StoreValidator.validate(store);
        assertThat(store.size()).isEqualTo(model.size());
        model.forEach((key, value) -> assertThat(store.get(key(key))).isEqualTo(value));
    }

    /** Answers how many times {@code operation} answered that it failed. */
    private static int failEach(Operation operation) {
        return failEach(operation, false);
    }

    /**
     * The same.
     *
     * @param mayBeRefused whether there may be too little room for the operation, even if no allocation fails
     */
    private static int failEach(Operation operation, boolean mayBeRefused) {
        int failures = 0;
        for (boolean andAllAfter : new boolean[] {false, true}) {
            for (int allocations = 0; ; allocations++) {
                assertThat(allocations).as("the operation ends at some time").isLessThan(MAX_ALLOCATIONS);
                (andAllAfter ? Faults.fromNth(allocations + 1) : Faults.nth(allocations + 1)).inject();
                boolean happened = operation.run();
                boolean untouched = FaultInjectingAllocator.stopInjecting() == 0;
                failures += happened ? 0 : 1;
                assertThat(happened || !untouched || mayBeRefused)
                        .as("fails only if an allocation did")
                        .isTrue();
                if (untouched) {
                    break;
                }
            }
        }
        return failures;
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    }

    /** Something that happens, or fails and answers false. */
    private interface Operation {
        boolean run();
    }
}
