package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.evict.EvictionPolicy;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class CapacityPlanTest {
    @Test
    void tellsWhatAStoreThenMeasures() {
        for (int entries : new int[] {3_000, 52_000, 110_000}) {
            for (int[] sizes : new int[][] {{8, 0}, {16, 100}, {40, 300}}) {
                for (boolean expiring : new boolean[] {false, true}) {
                    check(new CapacityPlan(entries, sizes[0], sizes[1], expiring, EvictionPolicy.ALLKEYS_LRU));
                }
            }
        }
        for (EvictionPolicy policy : EvictionPolicy.values()) {
            check(new CapacityPlan(3_000, 8, 12, false, policy));
            check(new CapacityPlan(3_000, 8, 12, true, policy));
        }
        check(new CapacityPlan(70_000, 8, 12, true, EvictionPolicy.VOLATILE_TTL));
        check(new CapacityPlan(70_000, 8, 12, false, EvictionPolicy.ALLKEYS_S3FIFO));
        check(new CapacityPlan(150_000, 8, 12, true, EvictionPolicy.VOLATILE_S3FIFO));
        check(new CapacityPlan(0, 8, 8, false, EvictionPolicy.NOEVICTION));
        check(new CapacityPlan(0, 8, 8, false, EvictionPolicy.VOLATILE_S3FIFO));
        check(new CapacityPlan(500, 8, 20_000, false, EvictionPolicy.NOEVICTION));
        check(new CapacityPlan(500_000, 8, 8, false, EvictionPolicy.NOEVICTION));
    }

    private static void check(CapacityPlan plan) {
        measure(plan, 0, plan.unlimitedUsedMemory());
        if (plan.entries() > 0) {
            // With a limit, above what is planned, so that nothing is evicted.
            measure(plan, plan.usedMemory() + plan.usedMemory() / 4, plan.usedMemory());
        }
    }

    private static void measure(CapacityPlan plan, long maxMemory, long planned) {
        // A plan for half a mebibyte more than a power of two must not be tried with the stripes of the next one.
        if (StoreSizing.stripeCount(maxMemory) != StoreSizing.stripeCount(planned) && maxMemory != 0) {
            return;
        }
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(maxMemory)
                .evictionPolicy(plan.policy())
                .build()) {
            byte[] value = new byte[plan.valueBytes()];
            for (int key = 0; key < plan.entries(); key++) {
                byte[] bytes = ByteBuffer.allocate(plan.keyBytes()).putInt(key).array();
                if (plan.expiring()) {
                    store.put(bytes, value, Duration.ofHours(1));
                } else {
                    store.put(bytes, value);
                }
            }
            assertThat(store.size()).isEqualTo(plan.entries());
            long used = store.usedMemory() - store.statistics().awaitingReclamation();
            if (ZMalloc.allocator().usableBytesExact()) {
                assertThat((double) planned).as("%s", plan).isBetween(used * 0.97, used * 1.03);
            } else {
                assertThat((double) planned).as("%s", plan).isGreaterThanOrEqualTo(used * 0.97);
            }
        }
    }

    @Test
    void tellsWhatAnEntryTakes() {
        CapacityPlan plan = new CapacityPlan(1_000_000, 16, 100, false, EvictionPolicy.ALLKEYS_LRU);
        System.out.printf("a million entries of 16 and 100 bytes: %.1f bytes each%n", plan.bytesPerEntry());
        assertThat(plan.entryBytes()).isGreaterThanOrEqualTo(118);
        assertThat(plan.bytesPerEntry()).isBetween(plan.entryBytes() + 10.0, plan.entryBytes() + 20.0);
        assertThat(new CapacityPlan(0, 1, 1, false, EvictionPolicy.NOEVICTION).bytesPerEntry())
                .isZero();
        // As many as nobody has.
        assertThat(new CapacityPlan(10_000_000_000L, 16, 100, true, EvictionPolicy.NOEVICTION).usedMemory())
                .isGreaterThan(1L << 40);
    }

    /** Beside the table, and what {@link EvictionPolicy} says of them. */
    @Test
    void tellsWhatAPolicyTakes() {
        double none = perEntry(EvictionPolicy.NOEVICTION, true);
        for (EvictionPolicy policy : EvictionPolicy.values()) {
            double more = perEntry(policy, true) - none;
            System.out.printf("%s: %.2f bytes of metadata an entry that expires%n", policy, more);
            if (policy.isQueued()) {
                assertThat(more).isBetween(8.0 + 4, 16.0 + 6);
            } else if (policy.isVolatile()) {
                assertThat(more).isBetween(8.0, 8.5);
            } else {
                assertThat(more).isBetween(0.0, 0.1);
            }
            if (policy.isVolatile()) {
                assertThat(perEntry(policy, false) - perEntry(EvictionPolicy.NOEVICTION, false))
                        .isBetween(0.0, 0.5);
            }
        }
    }

    private static double perEntry(EvictionPolicy policy, boolean expiring) {
        return new CapacityPlan(1_000_000, 16, 100, expiring, policy).bytesPerEntry();
    }

    @Test
    void whatNoStoreTakesIsRefused() {
        EvictionPolicy policy = EvictionPolicy.NOEVICTION;
        assertThatThrownBy(() -> new CapacityPlan(-1, 1, 1, false, policy))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new CapacityPlan(1, -1, 1, false, policy))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new CapacityPlan(1, 1, -1, false, policy))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new CapacityPlan(1, OffHeapStore.MAX_KEY_BYTES + 1, 1, false, policy))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(Integer.toString(OffHeapStore.MAX_KEY_BYTES + 1));
        assertThatThrownBy(() -> new CapacityPlan(1, 1, Integer.MAX_VALUE, false, policy))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
