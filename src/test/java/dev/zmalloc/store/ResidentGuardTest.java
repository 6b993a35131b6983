package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.evict.EvictionPolicy;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Mostly with a figure and a clock of the test's own, in steps of a tenth of a second. */
@Timeout(60)
class ResidentGuardTest {
    private static final long MIB = 1 << 20;
    private static final int ENTRIES = 10_000;

    private long resident = 100 * MIB;
    private long purged;
    private long purgeable;
    private long nanos;

    @Test
    void givesPagesBackFirstAndEvictsNothingIfThatHelps() {
        try (OffHeapStore store = filled(EvictionPolicy.ALLKEYS_LRU)) {
            ResidentGuard guard = guard(store).maxResident(90 * MIB).buildIdle();
            purgeable = 11 * MIB;
            step(guard);
            assertThat(resident).isEqualTo(89 * MIB);
            assertThat(guard.purges()).isEqualTo(1);
            assertThat(guard.isEvicting()).isFalse();
            for (int count = 0; count < 100; count++) {
                step(guard);
            }
            assertThat(guard.purges()).isEqualTo(1);
            assertThat(store.size()).isEqualTo(ENTRIES);
        }
    }

    @Test
    void evictsNoMoreThanItsShareAndStopsBelowTheMargin() {
        try (OffHeapStore store = filled(EvictionPolicy.ALLKEYS_LRU)) {
            ResidentGuard guard = guard(store)
                    .maxResident(90 * MIB)
                    .floor(0)
                    .margin(0.1)
                    .evictedPerSecond(0.1)
                    .buildIdle();
            for (int count = 0; count < 10; count++) {
                step(guard);
            }
            assertThat(guard.isEvicting()).isTrue();
            long evicted = ENTRIES - store.size();
            assertThat(evicted).isBetween(900L, 1_000L).isEqualTo(guard.evictions());
            // Below the limit, and not yet below the margin: it goes on.
            resident = 85 * MIB;
            step(guard);
            assertThat(ENTRIES - store.size()).isGreaterThan(evicted);
            evicted = ENTRIES - store.size();
            resident = 81 * MIB;
            step(guard);
            assertThat(guard.isEvicting()).isFalse();
            // Between the two again, from below: it does not begin.
            resident = 89 * MIB;
            for (int count = 0; count < 20; count++) {
                step(guard);
            }
            assertThat(ENTRIES - store.size()).isEqualTo(evicted);
            // However long nobody looked, not more than a second is made up for.
            resident = 100 * MIB;
            nanos += 3_600_000_000_000L;
            long before = store.size();
            step(guard);
            assertThat(before - store.size()).isLessThanOrEqualTo(before / 10);
            assertThat(guard.purges()).isLessThan(8);
            StoreValidator.validate(store);
        }
    }

    @Test
    void evictsNothingBelowTheFloorNorUnderNoEviction() {
        try (OffHeapStore store = filled(EvictionPolicy.ALLKEYS_LRU)) {
            long floor = store.usedMemory() - 100_000;
            ResidentGuard guard = guard(store)
                    .maxResident(MIB)
                    .floor(floor)
                    .evictedPerSecond(1)
                    .buildIdle();
            for (int count = 0; count < 50; count++) {
                step(guard);
            }
            assertThat(store.usedMemory()).isBetween(floor - 10_000, floor);
            assertThat(guard.isEvicting()).isTrue();
        }
        try (OffHeapStore store = filled(EvictionPolicy.NOEVICTION)) {
            ResidentGuard guard = guard(store).maxResident(MIB).floor(0).buildIdle();
            for (int count = 0; count < 50; count++) {
                step(guard);
            }
            assertThat(store.size()).isEqualTo(ENTRIES);
            assertThat(guard.evictions()).isZero();
        }
    }

    /** A fiftieth of 20 entries is no entry a second, but one in two and a half. */
    @Test
    void evictsFromAStoreOfFewEntriesInTheEnd() {
        try (OffHeapStore store = filled(EvictionPolicy.ALLKEYS_LRU, 20)) {
            ResidentGuard guard = guard(store).maxResident(MIB).floor(0).buildIdle();
            for (int count = 0; count < 24; count++) {
                step(guard);
            }
            assertThat(store.size()).isEqualTo(20);
            for (int count = 0; count < 4; count++) {
                step(guard);
            }
            assertThat(store.size()).isEqualTo(19);
            for (int count = 0; count < 10_000 && store.size() > 0; count++) {
                step(guard);
            }
            assertThat(store.size()).isZero();
            assertThat(guard.evictions()).isEqualTo(20);
        }
    }

    /** Pages are given back once a second at most: nothing is evicted until that was tried again. */
    @Test
    void waitsForTheNextPurgeBeforeItBeginsToEvict() {
        try (OffHeapStore store = filled(EvictionPolicy.ALLKEYS_LRU)) {
            ResidentGuard guard = guard(store)
                    .maxResident(90 * MIB)
                    .floor(0)
                    .evictedPerSecond(1)
                    .buildIdle();
            purgeable = 11 * MIB;
            step(guard);
            assertThat(purged).isEqualTo(1);
            resident = 100 * MIB;
            for (int count = 0; count < 9; count++) {
                step(guard);
                assertThat(guard.isEvicting()).isFalse();
            }
            assertThat(store.size()).isEqualTo(ENTRIES);
            assertThat(purged).isEqualTo(1);
            purgeable = 0;
            step(guard);
            assertThat(purged).isEqualTo(2);
            assertThat(guard.isEvicting()).isTrue();
            assertThat(store.size()).isLessThan(ENTRIES);
        }
    }

    /** The real thing: the thread, and a figure that follows what the store holds. */
    @Test
    void itsThreadBringsTheFigureDownAndEndsWithTheStore() {
        OffHeapStore store = filled(EvictionPolicy.ALLKEYS_LRU);
        // Before the thread begins.
        long limit = store.usedMemory() * 9 / 10;
        long target = limit * 95 / 100;
        ResidentGuard guard = ResidentGuard.builder(store)
                .maxResident(limit)
                .floor(0)
                // Slow enough that a step which comes late makes up for little at once.
                .evictedPerSecond(0.1)
                .interval(Duration.ofMillis(1))
                .residentBytes(() -> {
                    if (resident == 0) {
                        throw new IllegalStateException("of the figure, and expected");
                    }
                    return OptionalLong.of(store.usedMemory());
                })
                .start();
        try (guard) {
            long end = System.nanoTime() + 60_000_000_000L;
            while ((store.usedMemory() > target + 1 || guard.isEvicting()) && System.nanoTime() < end) {
                LockSupport.parkNanos(1_000_000);
            }
            assertThat(store.usedMemory()).isLessThanOrEqualTo(target + 1);
            assertThat(store.usedMemory()).isGreaterThan(target - 50_000);
            StoreValidator.validate(store);
            resident = 0;
            LockSupport.parkNanos(5_000_000);
            store.close();
        }
        guard.close();
    }

    @Test
    void goesByTheAllocatorsOwnFigureIfItTellsOne() {
        try (OffHeapStore store = filled(EvictionPolicy.ALLKEYS_LRU)) {
            ResidentGuard.Builder builder =
                    ResidentGuard.builder(store).maxResident(1).floor(store.usedMemory());
            if (ZMalloc.allocator().figures().residentBytes().isEmpty()) {
                assertThatThrownBy(builder::buildIdle)
                        .hasMessageContaining(ZMalloc.allocator().name());
                return;
            }
            ResidentGuard guard = builder.buildIdle();
            guard.step();
            assertThat(guard.residentBytes()).isGreaterThan(store.usedMemory() / 2);
            assertThat(guard.purges()).isEqualTo(1);
            assertThat(guard.isEvicting()).isTrue();
            assertThat(store.size()).isEqualTo(ENTRIES);
        }
    }

    @Test
    void refusesWhatMakesNoSense() {
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            ResidentGuard.Builder builder = guard(store);
            assertThatThrownBy(builder::start).hasMessageContaining("maxResident must be positive");
            assertThatThrownBy(() -> builder.maxResident(-1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> builder.floor(-1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> builder.margin(1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> builder.margin(Double.NaN)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> builder.evictedPerSecond(0)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> builder.interval(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
            builder.maxResident("1gb").residentBytes(OptionalLong::empty);
            assertThatThrownBy(builder::start)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("does not tell its resident memory");
        }
    }

    private ResidentGuard.Builder guard(OffHeapStore store) {
        purged = 0;
        return ResidentGuard.builder(store)
                .residentBytes(() -> OptionalLong.of(resident))
                .purgeAndClock(
                        () -> {
                            purged++;
                            resident -= purgeable;
                            return true;
                        },
                        () -> nanos);
    }

    private void step(ResidentGuard guard) {
        nanos += 100_000_000;
        guard.step();
        assertThat(guard.purges()).isEqualTo(purged);
    }

    private static OffHeapStore filled(EvictionPolicy policy) {
        return filled(policy, ENTRIES);
    }

    private static OffHeapStore filled(EvictionPolicy policy, int entries) {
        OffHeapStore store = OffHeapStore.builder()
                .maxMemory(64 << 20)
                .evictionPolicy(policy)
                .build();
        for (int number = 0; number < entries; number++) {
            store.put(ByteBuffer.allocate(4).putInt(number).array(), new byte[100]);
        }
        return store;
    }
}
