package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.Seeds;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AddressFilterTest {
    @Test
    void knowsWhatIsInItAndMostOfWhatIsNot() {
        long seed = Seeds.next("AddressFilterTest");
        Random random = new Random(seed);
        Set<Long> addresses = new HashSet<>();
        while (addresses.size() < 1_000) {
            addresses.add(0x7F0000000000L + random.nextLong(1L << 36) * 16);
        }
        AddressFilter filter = AddressFilter.empty();
        addresses.forEach(filter::add);
        assertThat(addresses).as("seed %d", seed).allMatch(filter::mayContain);
        long wrong = random.longs(100_000, 0, 1L << 40)
                .filter(address -> !addresses.contains(address * 16))
                .filter(address -> filter.mayContain(address * 16))
                .count();
        assertThat(wrong).as("seed %d", seed).isLessThan(600);
        addresses.forEach(filter::remove);
        assertThat(addresses).as("seed %d", seed).noneMatch(filter::mayContain);
    }

    /** A hash that was crowded once is never said to be free of addresses again. */
    @Test
    void addressesOfOneHashAreCounted() {
        AddressFilter filter = AddressFilter.empty();
        filter.add(16);
        filter.add(16);
        filter.remove(16);
        assertThat(filter.mayContain(16)).isTrue();
        filter.remove(16);
        assertThat(filter.mayContain(16)).isFalse();
        for (int time = 0; time < 300; time++) {
            filter.add(16);
        }
        for (int time = 0; time < 300; time++) {
            filter.remove(16);
        }
        assertThat(filter.mayContain(16)).isTrue();
    }
}
