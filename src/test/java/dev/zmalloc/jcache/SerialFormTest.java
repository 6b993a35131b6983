package dev.zmalloc.jcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.Serializable;
import java.net.InetAddress;
import java.time.LocalDate;
import java.util.List;
import java.util.UUID;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.configuration.MutableConfiguration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What keys and values may be, and how they come back. */
@Tag("process") // once is enough: no allocator makes a difference
class SerialFormTest {
    record Pair(String left, Object right) implements Serializable {}

    sealed interface Shape extends Serializable permits Circle {}

    record Circle(double radius) implements Shape {}

    @Test
    void anUntypedCacheTakesWhatTheJdkHas() {
        try (CacheManager manager = JCaches.manager()) {
            Cache<Object, Object> cache = manager.createCache("any", new MutableConfiguration<>());
            List<Object> all = List.of(
                    "",
                    "text",
                    "\ud800",
                    1,
                    1L,
                    1.0,
                    'c',
                    true,
                    UUID.fromString("00000000-0000-0001-0000-000000000002"),
                    LocalDate.EPOCH,
                    List.of("a", 1),
                    Thread.State.NEW);
            all.forEach(each -> cache.put(each, each));
            assertThat(cache).hasSize(all.size());
            assertThat(all).allSatisfy(each -> assertThat(cache.get(each)).isEqualTo(each));
            cache.put("bytes", new byte[] {1, 2});
            assertThat(cache.get("bytes")).isEqualTo(new byte[] {1, 2});
            cache.put("array", new Serializable[] {"text", 1});
            assertThat(cache.get("array")).isEqualTo(new Serializable[] {"text", 1});
            assertThat(cache.replace("bytes", new byte[] {1, 2}, new byte[] {3}))
                    .isTrue();
        }
    }

    @Test
    void otherClassesAreRefusedUntilTheyAreAllowed() throws Exception {
        InetAddress address = InetAddress.getLoopbackAddress();
        try (CacheManager manager = JCaches.manager("zmalloc.jcache.allowed.serialFilter", Pair.class.getName())) {
            Cache<Object, Object> closed = manager.createCache("closed", new MutableConfiguration<>());
            assertThatThrownBy(() -> closed.put("key", new Pair("a", 1)))
                    .isInstanceOf(CacheException.class)
                    .hasMessageContaining(Pair.class.getName())
                    .hasMessageContaining("zmalloc.jcache.closed.serialFilter");
            assertThatThrownBy(() -> closed.put("key", List.of(address)))
                    .isInstanceOf(CacheException.class)
                    .hasMessageContaining("java.net.");
            assertThat(closed.containsKey("key")).isFalse();
            Cache<Object, Object> allowed = manager.createCache("allowed", new MutableConfiguration<>());
            allowed.put("key", new Pair("a", 1));
            assertThat(allowed.get("key")).isEqualTo(new Pair("a", 1));
            assertThatThrownBy(() -> allowed.put("key", new Pair("a", address))).isInstanceOf(RuntimeException.class);
            assertThat(allowed.get("key")).isEqualTo(new Pair("a", 1));
        }
    }

    @Test
    void declaredTypesAreAllowedWithWhatExtendsThem() {
        try (CacheManager manager = JCaches.manager()) {
            Cache<Pair, Shape> cache = manager.createCache(
                    "typed", new MutableConfiguration<Pair, Shape>().setTypes(Pair.class, Shape.class));
            cache.put(new Pair("a", 1), new Circle(2));
            assertThat(cache.get(new Pair("a", 1))).isEqualTo(new Circle(2));
        }
    }

    @Test
    void equalKeysAreTheSameWhetherTheyShareTheirPartsOrNot() {
        try (CacheManager manager = JCaches.manager()) {
            Cache<Pair, String> cache = manager.createCache(
                    "pairs", new MutableConfiguration<Pair, String>().setTypes(Pair.class, String.class));
            String shared = "same";
            cache.put(new Pair(shared, shared), "value");
            assertThat(cache.get(new Pair("same", new String("same")))).isEqualTo("value");
            cache.put(new Pair("x", new Pair("y", UUID.fromString("0-0-1-0-2"))), "deep");
            assertThat(cache.get(new Pair("x", new Pair(new String("y"), UUID.fromString("0-0-1-0-2")))))
                    .isEqualTo("deep");
        }
    }
}
