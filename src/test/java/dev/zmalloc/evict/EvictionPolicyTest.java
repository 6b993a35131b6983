package dev.zmalloc.evict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class EvictionPolicyTest {
    @Test
    void isParsedAndPrintedAsRedisWritesIt() {
        assertThat(EvictionPolicy.parse("allkeys-lru")).isEqualTo(EvictionPolicy.ALLKEYS_LRU);
        assertThat(EvictionPolicy.parse(" NoEviction ")).isEqualTo(EvictionPolicy.NOEVICTION);
        for (EvictionPolicy policy : EvictionPolicy.values()) {
            assertThat(EvictionPolicy.parse(policy.toString())).isEqualTo(policy);
        }
        assertThat(EvictionPolicy.ALLKEYS_LRU).hasToString("allkeys-lru");
    }

    @Test
    void anUnknownNameIsAnsweredWithThoseThereAre() {
        assertThatThrownBy(() -> EvictionPolicy.parse("lru"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'lru'")
                .hasMessageContaining("noeviction, allkeys-lru");
    }
}
