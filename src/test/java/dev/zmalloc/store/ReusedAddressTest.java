package dev.zmalloc.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.EvictionTarget;
import dev.zmalloc.table.ChainWalk;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A candidate of a volatile policy at whose address another entry is by the time that its turn comes. */
class ReusedAddressTest {
    private final byte[] key = "key".getBytes(UTF_8);

    @Test
    void anEntryWithoutATimeToLiveIsNoVictimAtTheAddressOfOneThatHadIt() {
        OffHeapStoreBuilder builder = OffHeapStore.builder().evictionPolicy(EvictionPolicy.VOLATILE_TTL);
        builder.stripes = 1;
        try (OffHeapStore store = builder.build()) {
            Stripe stripe = store.stripes()[0];
            store.put(key, new byte[41]);
            assertThat(evict(stripe)).isZero();
            assertThat(store.get(key)).hasSize(41);
            StoreValidator.validate(store);

            store.put(key, new byte[29], Duration.ofHours(1));
            assertThat(evict(stripe)).isPositive();
            assertThat(store.size()).isZero();
            StoreValidator.validate(store);
        }
    }

    /** Tries to evict the only entry, as one that had a time to live when it was sampled. */
    private static long evict(Stripe stripe) {
        long[] bytes = {0};
        for (int bucket = 0; bucket < stripe.table().bucketCount(); bucket++) {
            ChainWalk.sample(
                    stripe.table(),
                    bucket,
                    null,
                    (entry, index, access) -> bytes[0] = stripe.evict(entry, index, EvictionTarget.ANY_ACCESS, true));
        }
        return bytes[0];
    }
}
