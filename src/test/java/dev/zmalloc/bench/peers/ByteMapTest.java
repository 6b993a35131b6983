package dev.zmalloc.bench.peers;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The peers that need no options of the JVM; the benchmark itself looks after the others. */
@Tag("process")
class ByteMapTest {
    private static final int ENTRIES = 500;

    @ParameterizedTest
    @EnumSource(names = {"ZMALLOC", "CHM", "CAFFEINE", "EHCACHE", "MAPDB"})
    void givesBackCopiesOfWhatWasPut(Peer peer) {
        try (ByteMap map = peer.open(ENTRIES)) {
            PeerBench.fill(map, ENTRIES);
            assertThat(map.size()).isEqualTo(ENTRIES);
            byte[] key = new byte[KeyStream.KEY_BYTES];
            for (int number = 0; number < ENTRIES; number++) {
                KeyStream.key(number, key);
                assertThat(KeyStream.stampOf(map.get(key))).isEqualTo(number);
            }
            KeyStream.key(ENTRIES, key);
            assertThat(map.get(key)).isNull();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"ZMALLOC", "CHM", "CAFFEINE", "EHCACHE", "MAPDB"})
    void keepsNoArrayOfTheCaller(Peer peer) {
        try (ByteMap map = peer.open(ENTRIES)) {
            byte[] key = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
            byte[] value = new byte[PeerBench.VALUE_BYTES];
            map.put(key, value);
            value[0] = 1;
            assertThat(map.get(key)).isEqualTo(new byte[PeerBench.VALUE_BYTES]);
            map.get(key)[1] = 1;
            assertThat(map.get(key)).isEqualTo(new byte[PeerBench.VALUE_BYTES]);
            map.put(key, value);
            assertThat(map.get(key)).isEqualTo(value);
            assertThat(map.size()).isEqualTo(1);
            key[0] = 'x';
            assertThat(map.get(key)).isNull();
            key[0] = '0';
            assertThat(map.get(key)).isEqualTo(value);
        }
    }
}
