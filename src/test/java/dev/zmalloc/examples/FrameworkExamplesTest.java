package dev.zmalloc.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.store.OffHeapCache;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import javax.cache.CacheManager;
import org.hibernate.SessionFactory;
import org.hibernate.cache.jcache.ConfigSettings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.cache.Cache;
import org.springframework.cache.jcache.JCacheCacheManager;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/** What caches through JCache, over the provider. */
@Tag("process") // once is enough: no allocator makes a difference
class FrameworkExamplesTest {
    private static final Logger HIBERNATE = Logger.getLogger("org.hibernate");

    private final Warnings warnings = new Warnings();

    @BeforeEach
    void listen() {
        HIBERNATE.setUseParentHandlers(false);
        HIBERNATE.addHandler(warnings);
    }

    @AfterEach
    void nothingWasComplainedOf() {
        HIBERNATE.removeHandler(warnings);
        HIBERNATE.setUseParentHandlers(true);
        assertThat(warnings.messages).isEmpty();
    }

    @Test
    void springAsksOnce() {
        assertThat(SystemOut.of(() -> SpringExample.main(new String[0]))).isEqualTo("""
                        asked for Bonn
                        Forecast[city=Bonn, degrees=21]
                        asked for Atlantis
                        null
                        Forecast[city=Bonn, degrees=21]
                        null
                        asked for Bonn
                        Forecast[city=Bonn, degrees=21]
                        used in the end: 0
                        """);
    }

    @Test
    void springLoadsPutsIfAbsentAndEvicts() {
        try (AnnotationConfigApplicationContext context =
                new AnnotationConfigApplicationContext(SpringExample.Beans.class)) {
            Cache cache = context.getBean(JCacheCacheManager.class).getCache("forecasts");
            assertThat(cache.get("key", () -> "loaded")).isEqualTo("loaded");
            assertThat(cache.get("key", () -> "again")).isEqualTo("loaded");
            assertThat(cache.putIfAbsent("key", "put").get()).isEqualTo("loaded");
            assertThat(cache.evictIfPresent("key")).isTrue();
            assertThat(cache.get("key")).isNull();
            assertThat(limit((javax.cache.Cache<?, ?>) cache.getNativeCache())).isEqualTo(64 << 20);
        }
    }

    private static long limit(javax.cache.Cache<?, ?> cache) {
        return cache.unwrap(OffHeapCache.class).policy().eviction().maxMemory();
    }

    @Test
    void hibernatesCachesHaveTheirLimits() {
        try (SessionFactory sessions = HibernateExample.open()) {
            CacheManager manager = (CacheManager) sessions.getProperties().get(ConfigSettings.CACHE_MANAGER);
            assertThat(limit(manager.getCache(HibernateExample.Book.class.getName())))
                    .isEqualTo(256 << 20);
            assertThat(limit(manager.getCache("default-query-results-region"))).isEqualTo(64 << 20);
        }
    }

    @Test
    void hibernateReadsFromTheCache() {
        assertThat(SystemOut.of(() -> HibernateExample.main(new String[0]))).isEqualTo("""
                        first: Emma, 1 found; cached: 0 entity, 0 answer; 2 statements
                        again: Emma, 1 found; cached: 1 entity, 1 answer; 0 statements
                        changed: Persuasion, 1 found; cached: 1 entity, 0 answer; 1 statements
                        used in the end: 0
                        """);
    }

    /** Keeps what is logged as a warning or worse. */
    private static final class Warnings extends Handler {
        final List<String> messages = new CopyOnWriteArrayList<>();

        @Override
        public void publish(LogRecord record) {
            if (record.getLevel().intValue() >= Level.WARNING.intValue()) {
                messages.add(record.getMessage());
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
