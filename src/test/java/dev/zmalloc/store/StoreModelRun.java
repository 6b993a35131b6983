package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.NativeOutOfMemoryError;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.EvictionResult;
import dev.zmalloc.evict.PoolValidator;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.testing.FaultInjectingAllocator;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A store beside a model of it, a map on the heap with a clock set by hand: each action is done to both, and what comes
 * back is compared. What the store may have evicted may be absent from it; what it serves is what the model has.
 */
final class StoreModelRun implements AutoCloseable {
    /** Keys that GET_ALL and PUT_ALL go through, from that of the action on. */
    private static final int ALL = 4;

    /** What is under a key, {@code expiry} in milliseconds of the clock. */
    private static final class Expected {
        final byte[] value;
        final long expiry;

        Expected(byte[] value, long expiry) {
            this.value = value;
            this.expiry = expiry;
        }
    }

    private static final List<EvictionPolicy> POLICIES = List.of(EvictionPolicy.values());

    private final AtomicLong clock = new AtomicLong(1_000_000);
    private final OffHeapStore store;
    private final boolean faulty = ZMalloc.allocator() instanceof FaultInjectingAllocator;
    private final Map<Integer, Expected> model = new HashMap<>();
    private long hits;
    private long misses;

    /** Whether there was a limit at any time. */
    private boolean limited;

    /** Whether entries may have been evicted, and whether such without an expiry may have been. */
    private boolean evicts;

    private boolean evictsLasting;

    StoreModelRun(long maxMemory, EvictionPolicy policy) {
        limited = maxMemory != 0;
        mayEvict(policy);
        store = OffHeapStore.builder()
                .maxMemory(maxMemory)
                .evictionPolicy(policy)
                .clock(clock::get)
                .build();
        // Nobody else changes the store; KEEP does what the keeper would.
        store.keeper().close();
    }

    OffHeapStore store() {
        return store;
    }

    private void mayEvict(EvictionPolicy policy) {
        evicts |= policy.evicts();
        evictsLasting |= policy.evicts() && !policy.isVolatile();
    }

    /** Does one action, and compares. Answers whether it happened; if not, there was no memory for it. */
    boolean apply(StoreAction action) {
        boolean happened = true;
        boolean usesMany = action.kind() == StoreAction.Kind.GET_ALL || action.kind() == StoreAction.Kind.PUT_ALL;
        for (int key = action.key(); key < action.key() + (usesMany ? ALL : 1); key++) {
            forgetEvicted(key);
        }
        try (Arena arena = Arena.ofConfined()) {
            switch (action.kind()) {
                case GET, GET_INTO, GET_ALL, READ, LEASE, CONTAINS_KEY, TIME_TO_LIVE, ENTRY_BYTES ->
                    look(action, arena);
                case ADVANCE -> clock.addAndGet(action.millis());
                case KEEP -> keep();
                case SCAN -> scan(1 + action.value() % 100);
                case RANDOM_KEY -> randomKey();
                case CLEAR -> {
                    store.clear();
                    model.clear();
                }
                case POLICY -> setPolicy(action);
                case LIMIT -> setLimit(action);
                case PUT_ALL -> happened = putAll(action);
                default -> change(action, arena);
            }
        } catch (MaxMemoryException | NativeOutOfMemoryError e) {
            assertRefusable(e);
            happened = false;
        }
        compare(action.key());
        assertThat(store.size()).isLessThanOrEqualTo(model.size());
        if (!evicts) {
            assertThat(store.size()).isGreaterThanOrEqualTo(liveCount());
        }
        return happened;
    }

    private void setPolicy(StoreAction action) {
        EvictionPolicy policy = POLICIES.get(action.value() % POLICIES.size());
        mayEvict(policy);
        long evictions = store.evictor().evictions();
        long size = store.size();
        store.eviction().setPolicy(policy);
        assertThat(store.eviction().policy()).isEqualTo(policy);
        if (!limited) {
            assertThat(store.size()).isEqualTo(size);
            assertThat(store.evictor().evictions()).isEqualTo(evictions);
        }
        assertThat(PoolValidator.size(store.evictor())).isZero();
    }

    /** Sets one of several limits, and sees to it at once or leaves that to others. */
    private void setLimit(StoreAction action) {
        limited = true;
        long used = store.usedMemory();
        switch (action.value() % 5) {
            case 0 -> store.eviction().setMaxMemory(0);
            case 1 -> store.eviction().setMaxMemory("128kb");
            case 2 -> store.eviction().setMaxMemory("1mb");
            default -> store.eviction().setMaxMemory((48L << 10) + action.value() * 100L);
        }
        long limit = store.maxMemory();
        assertThat(store.eviction().excessBytes()).isEqualTo(limit == 0 ? 0 : Math.max(0, used - limit));
        if (action.value() % 2 == 0) {
            EvictionResult result = EvictionResult.RUNNING;
            for (int step = 0; result == EvictionResult.RUNNING; step++) {
                assertThat(step).as("steps of lowering").isLessThan(10_000);
                result = store.eviction().performEvictions();
            }
            long excess = store.eviction().excessBytes();
            assertThat(result == EvictionResult.OK)
                    .isEqualTo(excess <= store.statistics().awaitingReclamation());
        }
    }

    private void assertRefusable(Throwable thrown) {
        if (thrown instanceof MaxMemoryException refusal) {
            assertThat(limited).as("refused without a limit").isTrue();
            assertThat(refusal.usedMemory() + refusal.requestedBytes()).isGreaterThan(refusal.maxMemory());
        } else {
            assertThat(faulty).as("refused by the allocator").isTrue();
        }
    }

    /** Looks at everything at the end. */
    void finish() {
        List.copyOf(model.keySet()).forEach(this::forgetEvicted);
        List.copyOf(model.keySet()).forEach(this::compare);
        assertThat(store.statistics().hits()).as("hits").isEqualTo(hits);
        assertThat(store.statistics().misses()).as("misses").isEqualTo(misses);
        keep();
        StoreValidator.validate(store);
        if (!evicts) {
            assertThat(store.size()).isEqualTo(model.size());
        }
    }

    @Override
    public void close() {
        store.close();
        assertThat(store.usedMemory()).isZero();
    }

    private @Nullable Expected live(int key) {
        Expected expected = model.get(key);
        return expected != null && expected.expiry > clock.get() ? expected : null;
    }

    private byte @Nullable [] liveValue(int key) {
        Expected expected = live(key);
        return expected == null ? null : expected.value;
    }

    private long liveCount() {
        return model.values().stream()
                .filter(expected -> expected.expiry > clock.get())
                .count();
    }

    private void forgetEvicted(int key) {
        boolean isThere = store.containsKey(StoreAction.keyBytes(key));
        boolean isExpected = live(key) != null;
        assertThat(isThere && !isExpected).as("a key that was never put").isFalse();
        if (!isThere && isExpected) {
            boolean lasts = model.get(key).expiry == EntryLayout.NEVER;
            assertThat(lasts ? evictsLasting : evicts)
                    .as("lost key %d, which lasts: %s", key, lasts)
                    .isTrue();
            model.remove(key);
        }
    }

    /** Compares what is under a key, or may have been evicted. */
    private void compare(int key) {
        byte[] found = store.get(StoreAction.keyBytes(key));
        count(found != null);
        byte[] expected = liveValue(key);
        if (found != null || !evicts) {
            assertThat(found).as("value of key %d", key).isEqualTo(expected);
        }
    }

    private void count(boolean hit) {
        hits += hit ? 1 : 0;
        misses += hit ? 0 : 1;
    }

    private void keep() {
        for (Stripe stripe : store.stripes()) {
            int steps = 0;
            while (!stripe.victims().removeExpired(16)) {
                assertThat(steps++).isLessThan(100_000);
            }
            stripe.drainSome(8);
        }
        model.values().removeIf(expected -> expected.expiry <= clock.get());
        if (!evicts) {
            assertThat(store.size()).as("size without dead entries").isEqualTo(model.size());
        }
    }

    private void scan(int count) {
        Map<Integer, byte[]> shown = new HashMap<>();
        long cursor = 0;
        do {
            cursor = store.scan(cursor, count, (key, value) -> {
                byte[] twice = shown.put(
                        StoreAction.number(key.toArray(ValueLayout.JAVA_BYTE)), value.toArray(ValueLayout.JAVA_BYTE));
                assertThat(twice).as("shown twice").isNull();
            });
        } while (cursor != 0);
        shown.forEach((key, value) -> assertThat(value).isEqualTo(liveValue(key)));
        if (!evicts) {
            assertThat(shown).hasSize((int) liveCount());
        }
    }

    private void randomKey() {
        byte[] key = store.randomKey();
        if (key != null || !evicts) {
            assertThat(key == null).isEqualTo(liveCount() == 0);
        }
        if (key != null) {
            assertThat(live(StoreAction.number(key))).isNotNull();
        }
    }

    private void look(StoreAction action, Arena arena) {
        byte[] key = action.keyBytes();
        boolean isArray = action.form() == Form.ARRAY;
        MemorySegment keySegment = action.form().segment(key, arena);
        Expected live = live(action.key());
        byte[] expected = live == null ? null : live.value;
        switch (action.kind()) {
            case GET -> {
                assertThat(isArray ? store.get(key) : store.get(keySegment)).isEqualTo(expected);
                count(expected != null);
            }
            case GET_INTO -> getInto(action, keySegment, expected, arena);
            case GET_ALL -> getAll(action.key());
            case READ -> {
                byte[] read = isArray
                        ? store.read(key, value -> value.toArray(ValueLayout.JAVA_BYTE))
                        : store.read(keySegment, value -> value.toArray(ValueLayout.JAVA_BYTE));
                assertThat(read).isEqualTo(expected);
                count(expected != null);
            }
            case LEASE -> lease(action, keySegment, expected);
            case CONTAINS_KEY ->
                assertThat(isArray ? store.containsKey(key) : store.containsKey(keySegment))
                        .isEqualTo(expected != null);
            case TIME_TO_LIVE ->
                assertThat(store.timeToLive(key))
                        .isEqualTo(
                                live == null || live.expiry == EntryLayout.NEVER
                                        ? null
                                        : Duration.ofMillis(live.expiry - clock.get()));
            case ENTRY_BYTES ->
                assertThat(store.entryBytes(key))
                        .isEqualTo(
                                live == null
                                        ? OptionalLong.empty()
                                        : OptionalLong.of(RawZMalloc.usableBytesBound(EntryLayout.entryBytes(
                                                key.length, live.value.length, live.expiry != EntryLayout.NEVER))));
            default -> throw new AssertionError(action);
        }
    }

    private void getInto(StoreAction action, MemorySegment keySegment, byte @Nullable [] expected, Arena arena) {
        int valueBytes = expected == null ? 10 : expected.length;
        // Sometimes a byte too short.
        int room = Math.max(0, valueBytes + action.value() % 4 - 1);
        byte[] target = new byte[room + 5];
        MemorySegment targetSegment = action.form().segment(new byte[room], arena);
        int answer = action.form() == Form.ARRAY
                ? store.getInto(action.keyBytes(), target, 5)
                : store.getInto(keySegment, targetSegment);
        assertThat(answer).isEqualTo(expected == null ? -1 : valueBytes);
        byte[] written = action.form() == Form.ARRAY
                ? Arrays.copyOfRange(target, 5, 5 + room)
                : targetSegment.toArray(ValueLayout.JAVA_BYTE);
        byte[] copied = expected != null && valueBytes <= room ? expected : new byte[0];
        assertThat(written).isEqualTo(Arrays.copyOf(copied, room));
        count(expected != null);
    }

    private void getAll(int first) {
        List<byte[]> keys = new ArrayList<>();
        List<byte @Nullable []> expected = new ArrayList<>();
        for (int key = first; key < first + ALL; key++) {
            keys.add(StoreAction.keyBytes(key));
            expected.add(liveValue(key));
            count(liveValue(key) != null);
        }
        assertThat(store.getAll(keys)).containsExactlyElementsOf(expected);
    }

    /** Takes a lease, and removes its key under it now and then. */
    private void lease(StoreAction action, MemorySegment keySegment, byte @Nullable [] expected) {
        byte[] key = action.keyBytes();
        boolean shared = action.form() == Form.ARRAY && action.value() % 8 == 0;
        try (ValueLease lease = shared
                ? store.leaseShared(key)
                : action.form() == Form.ARRAY ? store.lease(key) : store.lease(keySegment)) {
            assertThat(lease == null).isEqualTo(expected == null);
            if (lease != null) {
                if (action.value() % 4 == 0) {
                    assertThat(store.remove(key)).isTrue();
                    model.remove(action.key());
                }
                assertThat(lease.segment().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(expected);
            }
        }
        count(expected != null);
    }

    private void change(StoreAction action, Arena arena) {
        byte[] key = action.keyBytes();
        byte[] value = action.valueBytes();
        MemorySegment keySegment = action.form().segment(key, arena);
        MemorySegment valueSegment = action.form().segment(value, arena);
        boolean isArray = action.form() == Form.ARRAY;
        boolean isThere = live(action.key()) != null;
        Duration time = Duration.ofMillis(action.millis());
        switch (action.kind()) {
            case PUT -> {
                if (isArray) {
                    store.put(key, value);
                } else {
                    store.put(keySegment, valueSegment);
                }
                expect(action, value, EntryLayout.NEVER);
            }
            case PUT_WITH_TIME -> {
                if (isArray) {
                    store.put(key, value, time);
                } else {
                    store.put(keySegment, valueSegment, time);
                }
                expect(action, value, clock.get() + action.millis());
            }
            case PUT_IF_ABSENT -> {
                boolean put = isArray ? store.putIfAbsent(key, value) : store.putIfAbsent(keySegment, valueSegment);
                assertAnswer(put, !isThere, isThere);
                expectIf(put, action, value, EntryLayout.NEVER);
            }
            case REPLACE -> {
                boolean put = isArray ? store.replace(key, value) : store.replace(keySegment, valueSegment);
                assertAnswer(put, isThere, isThere);
                expectIf(put, action, value, EntryLayout.NEVER);
            }
            case GET_AND_PUT -> {
                byte[] before = store.getAndPut(key, value);
                // To make room, the store may have evicted the very entry.
                assertThat(before)
                        .isIn(
                                evicts
                                        ? new Object[] {liveValue(action.key()), null}
                                        : new Object[] {liveValue(action.key())});
                expect(action, value, EntryLayout.NEVER);
            }
            default -> changeMore(action, arena);
        }
    }

    private void changeMore(StoreAction action, Arena arena) {
        byte[] key = action.keyBytes();
        byte[] present = liveValue(action.key());
        switch (action.kind()) {
            case REPLACE_EXPECTED, REMOVE_EXPECTED -> changeExpected(action, arena);
            case REMOVE -> {
                boolean removed = action.form() == Form.ARRAY
                        ? store.remove(key)
                        : store.remove(action.form().segment(key, arena));
                assertThat(removed).isEqualTo(present != null);
                model.remove(action.key());
            }
            case GET_AND_REMOVE -> {
                assertThat(store.getAndRemove(key)).isEqualTo(present);
                model.remove(action.key());
            }
            case UPDATE -> update(action);
            case EXPIRE -> {
                boolean changed = store.expire(key, Duration.ofMillis(action.millis()));
                assertAnswer(changed, present != null, present != null);
                if (changed && present != null) {
                    expect(action, present, clock.get() + action.millis());
                }
            }
            case PERSIST -> {
                boolean changed = store.persist(key);
                assertAnswer(changed, present != null, present != null);
                if (changed && present != null) {
                    expect(action, present, EntryLayout.NEVER);
                }
            }
            default -> throw new AssertionError(action);
        }
    }

    private void changeExpected(StoreAction action, Arena arena) {
        Form form = action.form();
        byte[] key = action.keyBytes();
        byte[] value = action.valueBytes();
        byte[] present = liveValue(action.key());
        // Half of the time the value that is there.
        byte[] wanted =
                present != null && action.value() % 2 == 0 ? present : StoreAction.valueBytes(-1, action.value());
        boolean matches = Arrays.equals(present, wanted);
        MemorySegment keySegment = form.segment(key, arena);
        MemorySegment wantedSegment = form.segment(wanted, arena);
        if (action.kind() == StoreAction.Kind.REPLACE_EXPECTED) {
            boolean put = form == Form.ARRAY
                    ? store.replace(key, wanted, value)
                    : store.replace(keySegment, wantedSegment, form.segment(value, arena));
            assertAnswer(put, matches, present != null);
            expectIf(put, action, value, EntryLayout.NEVER);
        } else {
            boolean removed = form == Form.ARRAY ? store.remove(key, wanted) : store.remove(keySegment, wantedSegment);
            assertThat(removed).isEqualTo(matches);
            if (removed) {
                model.remove(action.key());
            }
        }
    }

    private boolean putAll(StoreAction action) {
        int[] taken = {0};
        List<Map.Entry<byte[], byte[]>> entries = new AbstractList<>() {
            @Override
            public Map.Entry<byte[], byte[]> get(int number) {
                taken[0]++;
                int key = action.key() + number;
                return Map.entry(StoreAction.keyBytes(key), StoreAction.valueBytes(key, action.value()));
            }

            @Override
            public int size() {
                return ALL;
            }
        };
        int put = ALL;
        try {
            store.putAll(entries);
        } catch (MaxMemoryException | NativeOutOfMemoryError e) {
            assertRefusable(e);
            // Those before the one that was refused are in.
            put = taken[0] - 1;
        }
        for (int number = 0; number < put; number++) {
            model.put(
                    action.key() + number,
                    new Expected(StoreAction.valueBytes(action.key() + number, action.value()), EntryLayout.NEVER));
        }
        for (int key = action.key(); key < action.key() + ALL; key++) {
            compare(key);
        }
        return put == ALL;
    }

    private void update(StoreAction action) {
        byte[] present = liveValue(action.key());
        byte[] updated = action.value() % 3 == 0 ? null : action.valueBytes();
        byte[] answer = store.update(action.keyBytes(), value -> {
            if (value != null || !evicts) {
                assertThat(value).isEqualTo(present);
            }
            return updated;
        });
        assertThat(answer).isEqualTo(updated);
        if (updated != null) {
            expect(action, updated, EntryLayout.NEVER);
        } else if (present != null) {
            model.remove(action.key());
        }
    }

    /** Checks what an operation on an entry answers. To make room for it, the store may have evicted the very entry. */
    private void assertAnswer(boolean answer, boolean expected, boolean isThere) {
        if (!evicts || !isThere) {
            assertThat(answer).isEqualTo(expected);
        }
    }

    private void expect(StoreAction action, byte[] value, long expiry) {
        model.put(action.key(), new Expected(value, expiry));
    }

    private void expectIf(boolean put, StoreAction action, byte[] value, long expiry) {
        if (put) {
            expect(action, value, expiry);
        }
    }
}
