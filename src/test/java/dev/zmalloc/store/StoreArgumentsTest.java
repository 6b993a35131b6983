package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.evict.EvictionPolicy;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Arguments that cannot be used: each is refused, and the store is as it was. */
@SuppressWarnings("MustBeClosedChecker") // arenas are closed early, or by another thread
class StoreArgumentsTest {
    private static final byte[] KEY = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    private static final byte[] VALUE = filled(1_000, 7);
    private static final byte[] ABSENT = filled(20, 9);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final OffHeapStore store = OffHeapStore.builder().build();

    /** What can be done with segments: a key, and a value, an expected value or a target. */
    private interface SegmentOperation {
        Object run(OffHeapStore store, MemorySegment key, MemorySegment other);
    }

    private static final Map<String, SegmentOperation> WITH_KEY = new LinkedHashMap<>();
    private static final Map<String, SegmentOperation> WITH_OTHER = new LinkedHashMap<>();

    static {
        WITH_KEY.put("get", (store, key, other) -> store.get(key));
        WITH_KEY.put("containsKey", (store, key, other) -> store.containsKey(key));
        WITH_KEY.put("read", (store, key, other) -> store.read(key, MemorySegment::byteSize));
        WITH_KEY.put("lease", (store, key, other) -> store.lease(key));
        WITH_KEY.put("remove", (store, key, other) -> store.remove(key));
        WITH_OTHER.put("getInto", (store, key, other) -> store.getInto(key, other));
        WITH_OTHER.put("removeExpected", OffHeapStore::remove);
        WITH_OTHER.put("put", (store, key, other) -> {
            store.put(key, other);
            return true;
        });
        WITH_OTHER.put("putWithTime", (store, key, other) -> {
            store.put(key, other, MINUTE);
            return true;
        });
        WITH_OTHER.put("replace", OffHeapStore::replace);
        WITH_OTHER.put(
                "replaceExpected", (store, key, other) -> store.replace(key, other, MemorySegment.ofArray(VALUE)));
        WITH_OTHER.put(
                "replaceByOther", (store, key, other) -> store.replace(key, MemorySegment.ofArray(VALUE), other));
        WITH_KEY.putAll(WITH_OTHER);
        WITH_KEY.put("putIfAbsent", OffHeapStore::putIfAbsent);
    }

    @BeforeEach
    void fill() {
        store.put(KEY, VALUE);
        for (byte key = 0; key < 30; key++) {
            store.put(new byte[] {key}, filled(key, key));
        }
    }

    @AfterEach
    void close() {
        assertUnchanged("at the end");
        store.close();
    }

    private void assertUnchanged(String after) {
        assertThat(store.size()).as(after).isEqualTo(31);
        assertThat(store.get(KEY)).as(after).isEqualTo(VALUE);
        assertThat(store.timeToLive(KEY)).as(after).isNull();
        for (byte key = 0; key < 30; key++) {
            assertThat(store.get(new byte[] {key})).as(after).isEqualTo(filled(key, key));
        }
        StoreValidator.validate(store);
    }

    @Test
    void segmentsOfAClosedArenaAreRefused() {
        Arena arena = Arena.ofConfined();
        MemorySegment key = Form.NATIVE.segment(KEY, arena);
        MemorySegment value = Form.NATIVE.segment(VALUE, arena);
        arena.close();
        refuses(IllegalStateException.class, key, value);
    }

    @Test
    void segmentsThatBelongToAnotherThreadAreRefused() throws Exception {
        try (ExecutorService other = Executors.newSingleThreadExecutor()) {
            Arena arena = other.submit(Arena::ofConfined).get();
            MemorySegment key =
                    other.submit(() -> Form.NATIVE.segment(KEY, arena)).get();
            MemorySegment value =
                    other.submit(() -> Form.NATIVE.segment(VALUE, arena)).get();
            refuses(WrongThreadException.class, key, value);
            other.submit(arena::close).get();
        }
    }

    private void refuses(Class<? extends Throwable> expected, MemorySegment key, MemorySegment value) {
        long used = store.usedMemory();
        WITH_KEY.forEach((name, operation) -> {
            assertThatThrownBy(() -> operation.run(store, key, Form.HEAP.segment(VALUE, Arena.global())))
                    .as("%s, key", name)
                    .isInstanceOf(expected);
            assertUnchanged(name);
        });
        WITH_OTHER.forEach((name, operation) -> {
            assertThatThrownBy(() -> operation.run(store, MemorySegment.ofArray(KEY), value))
                    .as("%s, value", name)
                    .isInstanceOf(expected);
            assertUnchanged(name);
        });
        assertThatThrownBy(() -> store.putIfAbsent(MemorySegment.ofArray(ABSENT), value))
                .isInstanceOf(expected);
        assertThat(store.usedMemory()).isEqualTo(used);
    }

    /** Another thread closes the arena of key, value or target at any point of an operation. */
    @Test
    void anArenaMayBeClosedInTheMiddleOfAnOperation() throws InterruptedException {
        byte[] key = filled(700_000, 1);
        byte[] value = filled(6_000_000, 2);
        store.put(key, value);
        int refused = 0;
        for (int round = 0; round < 40; round++) {
            Arena arena = Arena.ofShared();
            MemorySegment keySegment = Form.NATIVE.segment(key, arena);
            MemorySegment valueSegment = Form.NATIVE.segment(value, arena);
            AtomicReference<Throwable> failure = new AtomicReference<>();
            int what = round % 4;
            Thread user = Thread.ofPlatform()
                    .uncaughtExceptionHandler((thread, thrown) -> failure.set(thrown))
                    .start(() -> {
                        while (true) {
                            switch (what) {
                                case 0 -> store.put(keySegment, valueSegment);
                                case 1 -> store.getInto(keySegment, valueSegment);
                                case 2 -> store.replace(keySegment, valueSegment, valueSegment);
                                default -> store.containsKey(keySegment);
                            }
                        }
                    });
            Thread.sleep(round / 4);
            // Refused while a copy of a piece is under way, as the JDK does it.
            while (arena.scope().isAlive()) {
                try {
                    arena.close();
                } catch (IllegalStateException e) {
                    Thread.onSpinWait();
                }
            }
            user.join();
            assertThat(failure.get()).isInstanceOf(IllegalStateException.class);
            refused++;
        }
        assertThat(refused).isEqualTo(40);
        assertThat(store.get(key)).isEqualTo(value);
        assertThat(store.remove(key)).isTrue();
    }

    @Test
    void aReadOnlyTargetIsRefused() {
        MemorySegment key = MemorySegment.ofArray(KEY);
        try (Arena arena = Arena.ofConfined()) {
            for (MemorySegment target : List.of(
                    MemorySegment.ofArray(new byte[1_000]).asReadOnly(),
                    arena.allocate(1_000).asReadOnly())) {
                assertThatThrownBy(() -> store.getInto(key, target))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("read-only");
                assertThatThrownBy(() -> store.getInto(MemorySegment.ofArray(ABSENT), target))
                        .isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    @Test
    void aTargetTooShortIsLeftAsItIs() {
        byte[] target = new byte[1_000];
        assertThat(store.getInto(KEY, target, 1)).isEqualTo(1_000);
        assertThat(store.getInto(KEY, target, 1_000)).isEqualTo(1_000);
        assertThat(store.getInto(KEY, new byte[0], 0)).isEqualTo(1_000);
        assertThat(store.getInto(
                        MemorySegment.ofArray(KEY),
                        MemorySegment.ofArray(target).asSlice(0, 999)))
                .isEqualTo(1_000);
        assertThat(target).containsOnly(0);
        assertThatThrownBy(() -> store.getInto(KEY, target, -1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> store.getInto(KEY, target, 1_001)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(store.getInto(new byte[] {0}, target, 1_000)).isZero();
    }

    @Test
    void aTargetMayOverlapItsKey() {
        byte[] both = filled(2_000, 0);
        System.arraycopy(KEY, 0, both, 5, KEY.length);
        MemorySegment key = MemorySegment.ofArray(both).asSlice(5, KEY.length);
        assertThat(store.getInto(key, MemorySegment.ofArray(both))).isEqualTo(1_000);
        assertThat(Arrays.copyOf(both, 1_000)).isEqualTo(VALUE);
    }

    /** What the store shows may come back as an argument: it is native memory like any other. */
    @Test
    void whatAReaderSeesMayBePutAgain() {
        store.read(KEY, value -> {
            store.put(value, value);
            store.put(MemorySegment.ofArray(KEY), value);
            assertThat(store.replace(MemorySegment.ofArray(KEY), value, value)).isTrue();
            return null;
        });
        assertThat(store.get(VALUE)).isEqualTo(VALUE);
        assertThat(store.remove(VALUE)).isTrue();
    }

    @Test
    void nullIsRefusedEverywhere() {
        Map<String, Consumer<OffHeapStore>> calls = new HashMap<>();
        nullArrays(calls);
        nullSegments(calls);
        calls.put("getAll", it -> it.getAll(null));
        calls.put("getAll of null", it -> it.getAll(Collections.singletonList(null)));
        calls.put("putAll", it -> it.putAll(null));
        calls.put("putAll of null", it -> it.putAll(Collections.singletonList(null)));
        calls.put("putAll of a null value", it -> it.putAll(singletonEntry(KEY, null)));
        calls.put("putAll of a null key", it -> it.putAll(singletonEntry(null, VALUE)));
        calls.put("close", it -> it.close(null));
        calls.forEach((name, call) -> {
            assertThatThrownBy(() -> call.accept(store)).as(name).isInstanceOf(NullPointerException.class);
            assertUnchanged(name);
        });
        assertThatThrownBy(() -> OffHeapStore.builder().clock(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> OffHeapStore.builder().account(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> OffHeapStore.builder().evictionPolicy(null)).isInstanceOf(NullPointerException.class);
    }

    private static void nullArrays(Map<String, Consumer<OffHeapStore>> calls) {
        byte[] none = null;
        calls.put("get", it -> it.get(none));
        calls.put("getInto of null", it -> it.getInto(none, new byte[10], 0));
        calls.put("getInto null", it -> it.getInto(KEY, none, 0));
        calls.put("read of null", it -> it.read(none, segment -> null));
        calls.put("read by null", it -> it.read(KEY, null));
        calls.put("lease", it -> it.lease(none));
        calls.put("leaseShared", it -> it.leaseShared(none));
        calls.put("containsKey", it -> it.containsKey(none));
        calls.put("put under null", it -> it.put(none, VALUE));
        calls.put("put null", it -> it.put(KEY, none));
        calls.put("put under null with time", it -> it.put(none, VALUE, MINUTE));
        calls.put("put null with time", it -> it.put(KEY, none, MINUTE));
        calls.put("put for null", it -> it.put(KEY, VALUE, null));
        calls.put("putIfAbsent under null", it -> it.putIfAbsent(none, VALUE));
        calls.put("putIfAbsent null", it -> it.putIfAbsent(KEY, none));
        calls.put("putIfAbsent null under an absent key", it -> it.putIfAbsent(ABSENT, none));
        calls.put("replace under null", it -> it.replace(none, VALUE));
        calls.put("replace by null", it -> it.replace(KEY, none));
        calls.put("replace null", it -> it.replace(KEY, none, VALUE));
        calls.put("replace expected by null", it -> it.replace(KEY, VALUE, none));
        calls.put("getAndPut under null", it -> it.getAndPut(none, VALUE));
        calls.put("getAndPut null", it -> it.getAndPut(KEY, none));
        calls.put("update of null", it -> it.update(none, value -> value));
        calls.put("update by null", it -> it.update(KEY, null));
        calls.put("remove", it -> it.remove(none));
        calls.put("remove null", it -> it.remove(KEY, none));
        calls.put("getAndRemove", it -> it.getAndRemove(none));
        calls.put("expire null", it -> it.expire(none, MINUTE));
        calls.put("expire after null", it -> it.expire(KEY, null));
        calls.put("persist", it -> it.persist(none));
        calls.put("timeToLive", it -> it.timeToLive(none));
        calls.put("entryBytes", it -> it.entryBytes(none));
    }

    private static void nullSegments(Map<String, Consumer<OffHeapStore>> calls) {
        MemorySegment key = MemorySegment.ofArray(KEY);
        MemorySegment value = MemorySegment.ofArray(new byte[1_000]);
        WITH_KEY.forEach(
                (name, operation) -> calls.put(name + " of a null segment", it -> operation.run(it, null, value)));
        WITH_OTHER.forEach(
                (name, operation) -> calls.put(name + " with a null segment", it -> operation.run(it, key, null)));
        calls.put("putIfAbsent with a null segment", it -> it.putIfAbsent(key, null));
        calls.put("read of a segment by null", it -> it.read(key, null));
        calls.put("put of segments for null", it -> it.put(key, value, null));
    }

    private static List<Map.Entry<byte[], byte[]>> singletonEntry(byte[] key, byte[] value) {
        return List.of(new java.util.AbstractMap.SimpleEntry<>(key, value));
    }

    /** A function or a reader that fails leaves the store as it was. */
    @Test
    void whatCallersCodeThrowsComesThrough() {
        IllegalArgumentException thrown = new IllegalArgumentException("of the caller's");
        assertThatThrownBy(() -> store.update(KEY, value -> {
                    throw thrown;
                }))
                .isSameAs(thrown);
        assertThatThrownBy(() -> store.update(ABSENT, value -> {
                    throw thrown;
                }))
                .isSameAs(thrown);
        Function<MemorySegment, Object> reader = value -> {
            throw thrown;
        };
        assertThatThrownBy(() -> store.read(MemorySegment.ofArray(KEY), reader)).isSameAs(thrown);
    }

    @Test
    void aLimitedStoreHoldsNothingForWhatItRefused() {
        try (OffHeapStore limited = OffHeapStore.builder()
                .maxMemory(1 << 20)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build()) {
            Arena arena = Arena.ofConfined();
            MemorySegment value = arena.allocate(10_000, 1);
            arena.close();
            long used = limited.usedMemory();
            for (int round = 0; round < 1_000; round++) {
                assertThatThrownBy(() -> limited.put(MemorySegment.ofArray(KEY), value))
                        .isInstanceOf(IllegalStateException.class);
            }
            assertThat(limited.usedMemory()).isEqualTo(used);
            // Nobody waits for one of those that failed.
            limited.put(KEY, new byte[500_000]);
            assertThat(limited.<Byte>read(KEY, segment -> segment.get(ValueLayout.JAVA_BYTE, 499_999)))
                    .isZero();
            StoreValidator.validate(limited);
        }
    }

    private static byte[] filled(int bytes, int with) {
        byte[] value = new byte[bytes];
        Arrays.fill(value, (byte) with);
        return value;
    }
}
