package dev.zmalloc.bench.jcache;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.github.benmanes.caffeine.jcache.configuration.CaffeineConfiguration;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.jcache.OffHeapConfiguration;
import dev.zmalloc.store.Codecs;
import dev.zmalloc.store.OffHeapCache;
import dev.zmalloc.store.OffHeapStore;
import java.util.OptionalLong;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.Caching;
import javax.cache.configuration.Configuration;
import org.ehcache.config.builders.CacheConfigurationBuilder;
import org.ehcache.config.builders.ResourcePoolsBuilder;
import org.ehcache.config.units.MemoryUnit;
import org.ehcache.jsr107.Eh107Configuration;
import org.jspecify.annotations.Nullable;

/** What is measured: each keeps strings of Latin letters, with a limit that is never reached. */
public enum Contender {
    /** The store, to whose keys and values no strings belong. */
    RAW("the store, bytes", false) {
        @Override
        Strings open(int entries) {
            return new RawStrings();
        }
    },

    /** The typed cache. */
    TYPED("the typed cache", false) {
        @Override
        Strings open(int entries) {
            return new TypedStrings();
        }
    },

    /** Our provider. */
    ZMALLOC("JCache of ZMalloc", true) {
        @Override
        Strings open(int entries) {
            OffHeapConfiguration<String, String> configuration = new OffHeapConfiguration<>();
            configuration.setMaxMemory(LIMIT_BYTES).setTypes(String.class, String.class);
            return new JCacheStrings("dev.zmalloc.jcache.OffHeapCachingProvider", configuration);
        }
    },

    /** Ehcache's, with an off-heap tier alone. */
    EHCACHE("JCache of Ehcache, off the heap", true) {
        @Override
        Strings open(int entries) {
            Configuration<String, String> configuration = Eh107Configuration.fromEhcacheCacheConfiguration(
                    CacheConfigurationBuilder.newCacheConfigurationBuilder(
                            String.class,
                            String.class,
                            ResourcePoolsBuilder.newResourcePoolsBuilder().offheap(2 * LIMIT_BYTES, MemoryUnit.B)));
            return new JCacheStrings("org.ehcache.jsr107.EhcacheCachingProvider", configuration);
        }
    },

    /** Caffeine's, which keeps all on the heap; strings, which cannot change, it does not copy. */
    CAFFEINE("JCache of Caffeine, on the heap", true) {
        @Override
        Strings open(int entries) {
            CaffeineConfiguration<String, String> configuration = new CaffeineConfiguration<>();
            configuration.setTypes(String.class, String.class);
            configuration.setMaximumSize(OptionalLong.of(2L * entries));
            return new JCacheStrings("com.github.benmanes.caffeine.jcache.spi.CaffeineCachingProvider", configuration);
        }
    };

    private static final long LIMIT_BYTES = 512L << 20;

    private final String words;
    private final boolean isJCache;

    Contender(String words, boolean isJCache) {
        this.words = words;
        this.isJCache = isJCache;
    }

    String words() {
        return words;
    }

    boolean isJCache() {
        return isJCache;
    }

    /** Opens it, with room for more than so many entries. */
    abstract Strings open(int entries);

    /** A map of strings, whose keys come as Latin letters. */
    interface Strings extends AutoCloseable {
        /** The value, a string or the bytes of one; {@code null} if there is none. */
        @Nullable
        Object get(byte[] key);

        /** Puts a value, which is given in both forms. */
        void put(byte[] key, String text, byte[] bytes);

        @Override
        void close();
    }

    private static final class RawStrings implements Strings {
        private final OffHeapStore store = OffHeapStore.builder()
                .maxMemory(LIMIT_BYTES)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build();

        @Override
        public @Nullable Object get(byte[] key) {
            return store.get(key);
        }

        @Override
        public void put(byte[] key, String text, byte[] bytes) {
            store.put(key, bytes);
        }

        @Override
        public void close() {
            store.close();
        }
    }

    private static final class TypedStrings implements Strings {
        private final OffHeapCache<String, String> cache = OffHeapCache.builder(Codecs.STRING, Codecs.STRING)
                .maxMemory(LIMIT_BYTES)
                .build();

        @Override
        public @Nullable Object get(byte[] key) {
            return cache.getIfPresent(new String(key, ISO_8859_1));
        }

        @Override
        public void put(byte[] key, String text, byte[] bytes) {
            cache.put(new String(key, ISO_8859_1), text);
        }

        @Override
        public void close() {
            cache.close();
        }
    }

    private static final class JCacheStrings implements Strings {
        private final CacheManager manager;
        private final Cache<String, String> cache;

        JCacheStrings(String provider, Configuration<String, String> configuration) {
            manager = Caching.getCachingProvider(provider).getCacheManager();
            cache = manager.createCache("strings", configuration);
        }

        @Override
        public @Nullable Object get(byte[] key) {
            return cache.get(new String(key, ISO_8859_1));
        }

        @Override
        public void put(byte[] key, String text, byte[] bytes) {
            cache.put(new String(key, ISO_8859_1), text);
        }

        @Override
        public void close() {
            manager.close();
        }
    }
}
