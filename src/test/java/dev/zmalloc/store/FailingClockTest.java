package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.table.EntryLayout;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The clock is the user's, and asked in the middle of things: that it throws must cost no more than the call. */
@Tag("core")
class FailingClockTest {
    private static final byte[] KEY = {1, 2, 3};
    private static final byte[] OLD = new byte[100];
    private static final byte[] NEW = new byte[200];

    /** With a budget, in which the old value and the new one weigh differently, and without. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anOperationThatFailsForTheClockLeavesAWholeStore(boolean hasBudget) {
        AtomicBoolean fails = new AtomicBoolean();
        OffHeapStoreBuilder builder = OffHeapStore.builder().clock(() -> {
            if (fails.get()) {
                throw new IllegalArgumentException("of the clock");
            }
            return 0;
        });
        try (OffHeapStore store = (hasBudget ? builder.payloadOnly(1_000, EntryLayout::valueBytes) : builder).build()) {
            List<ThrowingCallable> calls = List.of(
                    () -> store.get(KEY),
                    () -> store.read(KEY, segment -> 1),
                    () -> store.containsKey(KEY),
                    () -> store.putIfAbsent(KEY, NEW),
                    () -> store.getAndPut(KEY, NEW),
                    () -> store.replace(KEY, NEW),
                    () -> store.update(KEY, value -> NEW),
                    () -> store.remove(KEY),
                    () -> store.getAndRemove(KEY));
            for (ThrowingCallable call : calls) {
                store.put(KEY, OLD, Duration.ofHours(1));
                fails.set(true);
                assertThatThrownBy(call).hasMessage("of the clock");
                fails.set(false);
                StoreValidator.validate(store);
                byte[] left = store.get(KEY);
                assertThat(left == null || left.length == OLD.length).isTrue();
            }
            store.put(KEY, OLD, Duration.ofHours(1));
            fails.set(true);
            store.put(KEY, NEW);
            assertThat(store.get(KEY)).isEqualTo(NEW);
            StoreValidator.validate(store);
        }
    }

    /** What had expired by then is removed when the clock is well again, whether anything is put or not. */
    @Test
    void aLookForWhatHasExpiredThatFailsForTheClockIsTakenAgain() {
        long[] now = {0};
        int[] asked = {0};
        int[] failsAt = {0};
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(1 << 20)
                .clock(() -> {
                    if (++asked[0] == failsAt[0]) {
                        throw new IllegalArgumentException("of the clock");
                    }
                    return now[0];
                })
                .build()) {
            store.keeper().close();
            int entries = 20;
            for (int number = 0; number < entries; number++) {
                store.put(new byte[] {(byte) number}, OLD, Duration.ofSeconds(1));
            }
            now[0] = 2_000;
            StripeVictims victims = store.stripes()[0].victims();
            // The first look at the clock tells that there may be something to do; then each entry is looked at.
            failsAt[0] = asked[0] + 5;
            assertThatThrownBy(() -> victims.removeExpired(1_000)).hasMessage("of the clock");
            assertThat(store.size()).isEqualTo(entries);
            while (!victims.removeExpired(1_000)) {
                // In parts.
            }
            assertThat(store.size()).isZero();
            StoreValidator.validate(store);
        }
    }

    /** It is asked whether what is sampled, or evicted, has expired. */
    @ParameterizedTest
    @EnumSource
    void anEvictionThatFailsForTheClockLeavesAWholeStore(EvictionPolicy policy) {
        AtomicBoolean fails = new AtomicBoolean();
        int[] asked = {0};
        try (OffHeapStore store = OffHeapStore.builder()
                .evictionPolicy(policy)
                .maxMemory(64 << 10)
                .clock(() -> {
                    if (fails.get() && asked[0]++ % 7 == 0) {
                        throw new IllegalArgumentException("of the clock");
                    }
                    return 0;
                })
                .build()) {
            store.keeper().close();
            int failures = 0;
            for (int number = 0; number < 3_000; number++) {
                fails.set(number > 50);
                byte[] key = {(byte) number, (byte) (number >>> 8)};
                try {
                    store.put(key, OLD, Duration.ofHours(1));
                } catch (IllegalArgumentException e) {
                    failures++;
                } catch (MaxMemoryException e) {
                    assertThat(policy).isEqualTo(EvictionPolicy.NOEVICTION);
                }
            }
            fails.set(false);
            assertThat(failures).isPositive();
            StoreValidator.validate(store);
        }
    }
}
