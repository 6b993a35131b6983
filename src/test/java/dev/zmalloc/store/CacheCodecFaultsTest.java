package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.ZMalloc;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Codecs that write straight into native memory: what they do wrong is refused, and changes nothing. */
class CacheCodecFaultsTest {
    /** Does as it is told. */
    private static final class Telling implements Codec<String> {
        final IllegalArgumentException thrown = new IllegalArgumentException("by the codec");
        long saidMore;
        int writtenMore;
        int answeredMore;
        boolean throwsEarly;
        boolean throwsLate;
        boolean throwsReading;
        boolean answersNull;
        final List<MemorySegment> kept = new ArrayList<>();

        @Override
        public long encodedBytes(String value) {
            if (throwsEarly) {
                throw thrown;
            }
            return value.length() + saidMore;
        }

        @Override
        public long encode(String value, MemorySegment target) {
            kept.add(target);
            byte[] bytes = value.getBytes(StandardCharsets.ISO_8859_1);
            MemorySegment.copy(bytes, 0, target, ValueLayout.JAVA_BYTE, 0, bytes.length);
            if (writtenMore > 0) {
                target.set(ValueLayout.JAVA_BYTE, bytes.length + saidMore, (byte) 1);
            }
            if (throwsLate) {
                throw thrown;
            }
            return (long) bytes.length + answeredMore;
        }

        @Override
        public String decode(MemorySegment encoded) {
            kept.add(encoded);
            if (throwsReading) {
                throw thrown;
            }
            return answersNull ? null : new String(encoded.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
        }

        void behave() {
            saidMore = 0;
            writtenMore = 0;
            answeredMore = 0;
            throwsEarly = false;
            throwsLate = false;
            throwsReading = false;
            answersNull = false;
        }
    }

    private final Telling codec = new Telling();

    private OffHeapCache<String, String> open() {
        return OffHeapCache.builder(Codecs.STRING, codec).build();
    }

    private void refuses(OffHeapCache<String, String> cache, Class<? extends Exception> type, String message) {
        long used = cache.usedMemory();
        long all = ZMalloc.zmallocUsedMemory();
        for (Runnable put : List.<Runnable>of(
                () -> cache.put("key", "other"),
                () -> cache.put("new", "other"),
                () -> cache.asMap().put("key", "other"),
                () -> cache.asMap().replace("key", "other"),
                () -> cache.asMap().compute("key", (key, value) -> "other"),
                () -> cache.get("new", key -> "other"))) {
            assertThatThrownBy(put::run).isInstanceOf(type).hasMessageContaining(message);
        }
        codec.behave();
        assertThat(cache.getIfPresent("key")).isEqualTo("value");
        assertThat(cache.getIfPresent("new")).isNull();
        assertThat(cache.estimatedSize()).isOne();
        assertThat(cache.usedMemory()).isEqualTo(used);
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(all);
        StoreValidator.validate(cache.entries().store());
    }

    @Test
    void aCodecThatThrowsOrLiesLeavesTheCacheAsItWas() {
        try (OffHeapCache<String, String> cache = open()) {
            cache.put("key", "value");
            codec.throwsEarly = true;
            refuses(cache, IllegalArgumentException.class, "by the codec");
            codec.throwsLate = true;
            refuses(cache, IllegalArgumentException.class, "by the codec");
            codec.saidMore = -2;
            refuses(cache, IndexOutOfBoundsException.class, "");
            codec.saidMore = 3;
            refuses(cache, IllegalStateException.class, "has said 8 bytes and written 5");
            codec.writtenMore = 1;
            refuses(cache, IndexOutOfBoundsException.class, "");
            codec.answeredMore = 1;
            refuses(cache, IllegalStateException.class, "has said 5 bytes and written 6");
            codec.answeredMore = -1;
            refuses(cache, IllegalStateException.class, "has said 5 bytes and written 4");
            codec.saidMore = -100;
            refuses(cache, IllegalStateException.class, "takes -95 bytes");
            codec.saidMore = Long.MAX_VALUE - 10;
            refuses(cache, IllegalArgumentException.class, "are allowed");
        }
    }

    @Test
    void memoryThatALiarDidNotWriteIsZero() {
        try (OffHeapCache<String, String> cache = open()) {
            for (int round = 0; round < 50; round++) {
                cache.put("key" + round, "secret".repeat(20));
            }
            cache.invalidateAll();
            codec.saidMore = 10;
            codec.answeredMore = 10;
            for (int round = 0; round < 50; round++) {
                cache.put("key" + round, "a".repeat(110));
                assertThat(cache.getIfPresent("key" + round)).isEqualTo("a".repeat(110) + "\0".repeat(10));
            }
        }
    }

    @Test
    void aCodecThatFailsToReadChangesNothing() {
        try (OffHeapCache<String, String> cache = open()) {
            cache.put("key", "value");
            codec.throwsReading = true;
            assertThatThrownBy(() -> cache.getIfPresent("key")).isSameAs(codec.thrown);
            assertThatThrownBy(() -> cache.asMap().put("key", "other")).isSameAs(codec.thrown);
            assertThatThrownBy(() -> cache.asMap().remove("key")).isSameAs(codec.thrown);
            assertThatThrownBy(() -> cache.asMap().values().iterator().next()).isSameAs(codec.thrown);
            codec.behave();
            codec.answersNull = true;
            assertThatThrownBy(() -> cache.getIfPresent("key"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("decoded to null");
            codec.behave();
            assertThat(cache.getIfPresent("key")).isEqualTo("value");
            StoreValidator.validate(cache.entries().store());
        }
    }

    @Test
    void segmentsThatACodecKeepsAreOfNoUse() {
        try (OffHeapCache<String, String> cache = open()) {
            cache.put("key", "value");
            assertThat(cache.getIfPresent("key")).isEqualTo("value");
            assertThat(codec.kept).hasSize(2).allSatisfy(segment -> {
                assertThat(segment.isNative()).isTrue();
                assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0))
                        .isInstanceOf(IllegalStateException.class);
            });
            assertThat(codec.kept.get(1).isReadOnly()).isTrue();
        }
    }

    @Test
    void itMayBeTheCodecOfKeysAndValuesMayBeStamped() {
        try (OffHeapCache<String, String> cache = OffHeapCache.builder(codec, codec)
                .expireAfterAccess(Duration.ofHours(1))
                .expireAfterWrite(Duration.ofHours(1))
                .build()) {
            for (String text : new String[] {"", "a", "b".repeat(1_000)}) {
                cache.put(text, text);
                assertThat(cache.getIfPresent(text)).isEqualTo(text);
                assertThat(cache.asMap().get(text)).isEqualTo(text);
            }
            assertThat(cache.asMap().keySet()).containsExactlyInAnyOrder("", "a", "b".repeat(1_000));
            codec.answeredMore = 1;
            assertThatThrownBy(() -> cache.getIfPresent("x")).isInstanceOf(IllegalStateException.class);
            codec.behave();
            codec.saidMore = OffHeapStore.MAX_KEY_BYTES;
            assertThatThrownBy(() -> cache.getIfPresent("x"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("are allowed");
        }
    }

    @Test
    void aCodecMayUseTheCacheItself() {
        try (OffHeapCache<Integer, Integer> inner = OffHeapCache.builder(Codecs.INTEGER, Codecs.INTEGER)
                .maxMemory(128 << 10)
                .build()) {
            Codec<Integer> caching = new Codec<>() {
                @Override
                public long encodedBytes(Integer value) {
                    return Integer.BYTES;
                }

                @Override
                public long encode(Integer value, MemorySegment target) {
                    inner.put(value + 1_000_000, value);
                    target.set(ValueLayout.JAVA_INT_UNALIGNED, 0, value);
                    return Integer.BYTES;
                }

                @Override
                public Integer decode(MemorySegment encoded) {
                    inner.getIfPresent(1);
                    return encoded.get(ValueLayout.JAVA_INT_UNALIGNED, 0);
                }
            };
            try (OffHeapCache<Integer, Integer> outer =
                    OffHeapCache.builder(caching, caching).maxMemory(128 << 10).build()) {
                for (int number = 0; number < 3_000; number++) {
                    outer.put(number, number);
                    assertThat(outer.getIfPresent(number)).isEqualTo(number);
                }
            }
        }
    }
}
