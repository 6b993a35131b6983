package dev.zmalloc.jcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.MaxMemoryException;
import dev.zmalloc.store.OffHeapCache;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.configuration.MutableCacheEntryListenerConfiguration;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.event.CacheEntryCreatedListener;
import javax.cache.event.CacheEntryEvent;
import javax.cache.event.CacheEntryExpiredListener;
import javax.cache.event.CacheEntryListenerException;
import javax.cache.event.CacheEntryRemovedListener;
import javax.cache.event.EventType;
import javax.cache.expiry.CreatedExpiryPolicy;
import javax.cache.expiry.Duration;
import javax.cache.integration.CacheWriter;
import javax.management.ObjectName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What memory a cache may take, and what becomes of what does not fit. */
@Tag("process") // once is enough: no allocator makes a difference
class LimitsTest {
    private static final long MEBIBYTE = 1 << 20;
    private static final String VALUE = "v".repeat(1_000);

    private static OffHeapCache<?, ?> memory(Cache<?, ?> cache) {
        return cache.unwrap(OffHeapCache.class);
    }

    private static long limit(Cache<?, ?> cache) {
        return memory(cache).policy().eviction().maxMemory();
    }

    @Test
    void theCodeGoesBeforePropertiesOfTheManagerAndThoseBeforeTheSystems() {
        System.setProperty("zmalloc.jcache.system.maxMemory", "3mb");
        System.setProperty("zmalloc.jcache.named.maxMemory", "3mb");
        try (CacheManager manager = JCaches.manager(
                "zmalloc.jcache.named.maxMemory", "2mb",
                "zmalloc.jcache.named.evictionPolicy", "allkeys-lfu",
                "zmalloc.jcache.said.maxMemory", "2mb")) {
            assertThat(limit(manager.createCache("named", new MutableConfiguration<>())))
                    .isEqualTo(2 * MEBIBYTE);
            assertThat(memory(manager.getCache("named")).policy().eviction().policy())
                    .isEqualTo(EvictionPolicy.ALLKEYS_LFU);
            assertThat(limit(manager.createCache("said", JCaches.strings().setMaxMemory("4mb"))))
                    .isEqualTo(4 * MEBIBYTE);
            assertThat(limit(manager.createCache("system", JCaches.strings()))).isEqualTo(3 * MEBIBYTE);
            Cache<?, ?> other = manager.createCache("other", JCaches.strings());
            assertThat(limit(other)).isZero();
            assertThat(memory(other).policy().eviction().policy()).isEqualTo(EvictionPolicy.ALLKEYS_LRU);
        } finally {
            System.clearProperty("zmalloc.jcache.system.maxMemory");
            System.clearProperty("zmalloc.jcache.named.maxMemory");
        }
    }

    @Test
    void aPropertyForAllCachesHoldsForEach() {
        try (CacheManager manager = JCaches.manager("zmalloc.jcache.maxMemory", "2mb")) {
            assertThat(limit(manager.createCache("any", new MutableConfiguration<>())))
                    .isEqualTo(2 * MEBIBYTE);
        }
    }

    @Test
    void whatIsNoLimitIsRefusedAndLeavesNothing() {
        try (CacheManager manager = JCaches.manager("zmalloc.jcache.maxMemory", "much")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> manager.createCache("any", JCaches.strings()))
                    .withMessageContaining("much");
            assertThat(manager.getCacheNames()).isEmpty();
        }
    }

    /** A listener that counts. */
    static final class Counting
            implements CacheEntryCreatedListener<String, String>, CacheEntryRemovedListener<String, String> {
        final AtomicLong created = new AtomicLong();
        final AtomicLong removed = new AtomicLong();

        @Override
        public void onCreated(Iterable<CacheEntryEvent<? extends String, ? extends String>> events) {
            events.forEach(event -> created.incrementAndGet());
        }

        @Override
        public void onRemoved(Iterable<CacheEntryEvent<? extends String, ? extends String>> events) {
            events.forEach(event -> removed.incrementAndGet());
        }
    }

    @Test
    void whatIsEvictedIsCountedAndIsNoRemoval() throws Exception {
        int puts = 10_000;
        Counting listener = new Counting();
        OffHeapConfiguration<String, String> configuration = JCaches.strings();
        configuration.setMaxMemory(2 * MEBIBYTE).setStatisticsEnabled(true);
        configuration.addCacheEntryListenerConfiguration(
                new MutableCacheEntryListenerConfiguration<>(() -> listener, null, true, true));
        try (CacheManager manager = JCaches.manager()) {
            Cache<String, String> cache = manager.createCache("evicting", configuration);
            for (int number = 0; number < puts; number++) {
                cache.put("key" + number, VALUE);
                assertThat(memory(cache).usedMemory()).isLessThanOrEqualTo(2 * MEBIBYTE);
            }
            List<String> left = new ArrayList<>();
            cache.forEach(entry -> left.add(entry.getKey()));
            assertThat(left).hasSizeBetween(1_000, 2_200);
            assertThat(listener.created).hasValue(puts);
            assertThat(listener.removed).hasValue(0);
            ObjectName name = new ObjectName("javax.cache:type=CacheStatistics,CacheManager=test,Cache=evicting");
            assertThat(ManagementFactory.getPlatformMBeanServer().getAttribute(name, "CacheEvictions"))
                    .isEqualTo((long) puts - left.size());
            cache.removeAll(Set.copyOf(left));
            assertThat(listener.removed).hasValue(left.size());
        }
    }

    /** Also where nobody asks for the entry any more. */
    @Test
    void whatHasExpiredIsAnEventOfItsOwn() throws InterruptedException {
        BlockingQueue<CacheEntryEvent<? extends String, ? extends String>> told = new LinkedBlockingQueue<>();
        CacheEntryExpiredListener<String, String> listener = events -> events.forEach(told::add);
        OffHeapConfiguration<String, String> configuration = JCaches.strings();
        configuration.setExpiryPolicyFactory(CreatedExpiryPolicy.factoryOf(new Duration(TimeUnit.MILLISECONDS, 20)));
        configuration.addCacheEntryListenerConfiguration(
                new MutableCacheEntryListenerConfiguration<>(() -> listener, null, true, true));
        try (CacheManager manager = JCaches.manager()) {
            Cache<String, String> cache = manager.createCache("brief", configuration);
            cache.put("key", "value");
            CacheEntryEvent<? extends String, ? extends String> event = told.poll(10, TimeUnit.SECONDS);
            assertThat(event).isNotNull();
            assertThat(event.getEventType()).isEqualTo(EventType.EXPIRED);
            assertThat(event.getKey()).isEqualTo("key");
            assertThat(event.getOldValue()).isEqualTo("value");
            assertThat(cache.containsKey("key")).isFalse();
        }
        assertThat(told).isEmpty();
    }

    private static OffHeapConfiguration<String, String> full() {
        return JCaches.strings().setMaxMemory(2 * MEBIBYTE).setEvictionPolicy(EvictionPolicy.NOEVICTION);
    }

    /** Answers how many are in. */
    private static int fill(Cache<String, String> cache) {
        for (int number = 0; ; number++) {
            try {
                cache.put("key" + number, VALUE);
            } catch (CacheException e) {
                assertThat(e).hasCauseInstanceOf(MaxMemoryException.class);
                return number;
            }
        }
    }

    @Test
    void whatFindsNoRoomIsRefusedAndChangesNothing() {
        try (CacheManager manager = JCaches.manager()) {
            Cache<String, String> cache = manager.createCache("full", full());
            int count = fill(cache);
            String longer = "w".repeat(2_000_000);
            assertThatThrownBy(() -> cache.put("key1", longer)).isInstanceOf(CacheException.class);
            assertThatThrownBy(() -> cache.getAndPut("key1", longer)).isInstanceOf(CacheException.class);
            assertThatThrownBy(() -> cache.replace("key1", longer)).isInstanceOf(CacheException.class);
            assertThatThrownBy(() -> cache.putIfAbsent("new", longer)).isInstanceOf(CacheException.class);
            assertThatThrownBy(() -> cache.invoke("key1", (entry, arguments) -> {
                        entry.setValue(longer);
                        return null;
                    }))
                    .isInstanceOf(CacheException.class);
            assertThat(cache.get("key1")).isEqualTo(VALUE);
            assertThat(cache.containsKey("new")).isFalse();
            assertThat(cache).hasSize(count);
        }
    }

    /** A writer that takes all. */
    private static final class Taking implements CacheWriter<String, String> {
        @Override
        public void write(Cache.Entry<? extends String, ? extends String> entry) {}

        @Override
        public void writeAll(Collection<Cache.Entry<? extends String, ? extends String>> entries) {}

        @Override
        public void delete(Object key) {}

        @Override
        public void deleteAll(Collection<?> keys) {}
    }

    @Test
    void whatWasWrittenThroughButFindsNoRoomDoesNotLeaveTheOldValue() {
        OffHeapConfiguration<String, String> configuration = full();
        configuration.setWriteThrough(true).setCacheWriterFactory(Taking::new);
        try (CacheManager manager = JCaches.manager()) {
            Cache<String, String> cache = manager.createCache("full", configuration);
            fill(cache);
            assertThatThrownBy(() -> cache.put("key1", "w".repeat(2_000_000))).isInstanceOf(CacheException.class);
            assertThat(cache.containsKey("key1")).isFalse();
            assertThat(cache.containsKey("key2")).isTrue();
        }
    }

    @Test
    void ofManyThatWereWrittenThroughOneWithoutRoomLeavesNoOldValueOfAnother() {
        OffHeapConfiguration<String, String> configuration = full();
        configuration.setWriteThrough(true).setCacheWriterFactory(Taking::new);
        try (CacheManager manager = JCaches.manager()) {
            Cache<String, String> cache = manager.createCache("full", configuration);
            fill(cache);
            Map<String, String> written = new LinkedHashMap<>();
            written.put("key1", "w".repeat(2_000_000));
            written.put("key2", "new");
            assertThatThrownBy(() -> cache.putAll(written)).isInstanceOf(CacheException.class);
            assertThat(cache.containsKey("key1")).isFalse();
            assertThat(cache.get("key2")).isEqualTo("new");
        }
    }

    @Test
    void allAreRemovedThoughAListenerThrows() {
        CacheEntryRemovedListener<String, String> listener = events -> {
            throw new CacheEntryListenerException("of the test's");
        };
        OffHeapConfiguration<String, String> configuration = JCaches.strings();
        configuration.addCacheEntryListenerConfiguration(
                new MutableCacheEntryListenerConfiguration<>(() -> listener, null, false, true));
        try (CacheManager manager = JCaches.manager()) {
            Cache<String, String> cache = manager.createCache("listened", configuration);
            cache.put("a", "1");
            cache.put("b", "2");
            assertThatThrownBy(() -> cache.removeAll(Set.of("a", "b"))).isInstanceOf(CacheEntryListenerException.class);
            assertThat(cache).isEmpty();
        }
    }

    @Test
    void nothingIsShownOfACacheThatIsClosed() throws Exception {
        ObjectName name = new ObjectName("javax.cache:type=CacheStatistics,CacheManager=test,Cache=shown");
        try (CacheManager manager = JCaches.manager()) {
            JCache<?, ?> cache = (JCache<?, ?>) manager.createCache("shown", JCaches.strings());
            cache.enableStatistics(true);
            assertThat(ManagementFactory.getPlatformMBeanServer().isRegistered(name))
                    .isTrue();
            cache.close();
            assertThatThrownBy(() -> cache.enableStatistics(true)).isInstanceOf(IllegalStateException.class);
            assertThat(ManagementFactory.getPlatformMBeanServer().isRegistered(name))
                    .isFalse();
        }
    }

    @Test
    void byReferenceIsRefused() {
        try (CacheManager manager = JCaches.manager()) {
            assertThatThrownBy(
                            () -> manager.createCache("reference", new MutableConfiguration<>().setStoreByValue(false)))
                    .isInstanceOf(UnsupportedOperationException.class);
        }
    }
}
