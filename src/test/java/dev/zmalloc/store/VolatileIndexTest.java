package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.fixtures.Seeds;
import dev.zmalloc.table.EntryLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What places and words there are, the validator checks under the model test; here, that samples are fair. */
class VolatileIndexTest {
    private final OffHeapStore store = OffHeapStore.builder()
            .evictionPolicy(EvictionPolicy.VOLATILE_LRU)
            .maxMemory(1 << 20)
            .build();
    private final Stripe stripe = store.stripes()[0];

    @AfterEach
    void close() {
        StoreValidator.validate(store);
        store.close();
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
    }

    private void put(int from, int to, boolean expires) {
        for (int key = from; key < to; key++) {
            if (expires) {
                store.put(key(key), new byte[5], Duration.ofHours(1));
            } else {
                store.put(key(key), new byte[5]);
            }
        }
    }

    private Map<Integer, Integer> sample(long random, int count, Map<Integer, Integer> counts) {
        int shown = stripe.victims().sampleExpiring(random, count, (entry, bucket, access, expires) -> {
            assertThat(expires).isTrue();
            assertThat(EntryLayout.expiry(entry)).isNotEqualTo(EntryLayout.NEVER);
            counts.merge(ByteBuffer.wrap(EntryLayout.copyOfKey(entry)).getInt(), 1, Integer::sum);
        });
        assertThat(shown).isLessThanOrEqualTo(count);
        return counts;
    }

    @Test
    void eachThatExpiresIsSampledEquallyOftenAndNoOther() {
        put(0, 1_000, false);
        put(1_000, 1_300, true);
        for (int key = 1_000; key < 1_300; key += 3) {
            store.persist(key(key));
        }
        put(0, 100, true);
        SplittableRandom random = new SplittableRandom(Seeds.next("VolatileIndexTest"));
        Map<Integer, Integer> counts = new HashMap<>();
        for (int draw = 0; draw < 60_000; draw++) {
            sample(random.nextLong(), 5, counts);
        }
        assertThat(counts).hasSize(300);
        // A thousand each; six standard deviations.
        assertThat(counts.values()).allMatch(times -> times > 810 && times < 1_190);
    }

    @Test
    void fewerThanAskedForAreShownOnceEach() {
        assertThat(sample(1, 5, new HashMap<>())).isEmpty();
        put(0, 3, true);
        put(3, 50, false);
        for (int count = 4; count < 64; count++) {
            assertThat(sample(count * 0x9E3779B97F4A7C15L, count, new HashMap<>()))
                    .containsExactlyInAnyOrderEntriesOf(Map.of(0, 1, 1, 1, 2, 1));
        }
    }

    @Test
    void itsMemoryComesAndGoesWithTheEntries() {
        put(0, 3_000, true);
        long bytes = indexBytes();
        assertThat(bytes).isBetween(24_000L, 30_000L);
        for (int key = 0; key < 3_000; key++) {
            store.persist(key(key));
        }
        assertThat(indexBytes()).isLessThan(5_000);
        StoreValidator.validate(store);
        put(0, 3_000, true);
        for (int key = 0; key < 3_000; key++) {
            store.remove(key(key));
        }
        assertThat(indexBytes()).isLessThan(5_000);
    }

    private long indexBytes() {
        StripeIndex index = stripe.books().index();
        return index == null ? 0 : index.bytes();
    }
}
