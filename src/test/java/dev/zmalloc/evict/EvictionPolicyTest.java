package dev.zmalloc.evict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Locale;
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
    void thereAreRedisPoliciesAndTwoMore() {
        assertThat(Arrays.stream(EvictionPolicy.values()).map(EvictionPolicy::toString))
                .containsExactlyInAnyOrder(
                        "noeviction",
                        "allkeys-lru",
                        "allkeys-lfu",
                        "allkeys-random",
                        "allkeys-lrm",
                        "allkeys-s3fifo",
                        "allkeys-gdsf",
                        "volatile-lru",
                        "volatile-lfu",
                        "volatile-random",
                        "volatile-lrm",
                        "volatile-ttl",
                        "volatile-s3fifo",
                        "volatile-gdsf");
        for (EvictionPolicy policy : EvictionPolicy.values()) {
            assertThat(policy.isVolatile()).isEqualTo(policy.toString().startsWith("volatile-"));
            assertThat(policy.isQueued()).isEqualTo(policy.toString().endsWith("-s3fifo"));
            assertThat(policy.evicts()).isEqualTo(policy != EvictionPolicy.NOEVICTION);
        }
    }

    /** In Turkish, the lower case of I has no dot. */
    @Test
    void isParsedAndPrintedAlikeInEveryLanguage() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("tr"));
            assertThat(EvictionPolicy.parse("VOLATILE-S3FIFO")).isEqualTo(EvictionPolicy.VOLATILE_S3FIFO);
            assertThat(EvictionPolicy.VOLATILE_LFU).hasToString("volatile-lfu");
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void anUnknownNameIsAnsweredWithThoseThereAre() {
        assertThatThrownBy(() -> EvictionPolicy.parse("lru"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'lru'")
                .hasMessageContaining("noeviction, allkeys-lru");
        for (String wrong : new String[] {"", "allkeys_lru", "allkeys-ttl", "volatile", "allkeys-lru,"}) {
            assertThatThrownBy(() -> EvictionPolicy.parse(wrong)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
