package dev.zmalloc.bench.eviction;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.zmalloc.bench.peers.KeyStream;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.caffinitas.ohc.CacheSerializer;
import org.caffinitas.ohc.Eviction;
import org.caffinitas.ohc.OHCache;
import org.caffinitas.ohc.OHCacheBuilder;
import org.jspecify.annotations.Nullable;

/** A cache under a limit of its own kind, as {@link ResidentHits} asks it: of keys by number, copying values. */
enum ResidentCache {
    ZMALLOC_LRU,
    ZMALLOC_LFU,
    ZMALLOC_S3FIFO,
    ZMALLOC_GDSF,
    /**
     * Bounded by a number of entries, as its guide begins with (https://github.com/ben-manes/caffeine/wiki/Eviction).
     * Keys are as small as objects get, two longs.
     */
    CAFFEINE,
    /**
     * As its README has it (https://github.com/snazy/ohc): a table large enough from the start, jemalloc preloaded; the
     * limit is one of bytes.
     */
    OHC_LRU,
    /** The same with its other policy. */
    OHC_W_TINY_LFU;

    /** An open cache. */
    interface Open {
        /** A copy of the value of a key; {@code null} if it is not there. */
        byte @Nullable [] get(long number);

        /** Stores a copy of a value. */
        void put(long number, byte[] value);

        long size();
    }

    /** Bytes that an entry takes about, for a first guess of a limit and OHC's table. */
    private static final long ENTRY_BYTES = 350;

    private static final double LOAD_FACTOR = 0.75;

    /** Opens it under a limit: a number of entries for Caffeine, bytes for all others. */
    Open open(long limit) {
        return switch (this) {
            case ZMALLOC_LRU -> store(limit, EvictionPolicy.ALLKEYS_LRU);
            case ZMALLOC_LFU -> store(limit, EvictionPolicy.ALLKEYS_LFU);
            case ZMALLOC_S3FIFO -> store(limit, EvictionPolicy.ALLKEYS_S3FIFO);
            case ZMALLOC_GDSF -> store(limit, EvictionPolicy.ALLKEYS_GDSF);
            case CAFFEINE -> caffeine(limit);
            case OHC_LRU -> ohc(limit, Eviction.LRU);
            case OHC_W_TINY_LFU -> ohc(limit, Eviction.W_TINY_LFU);
        };
    }

    /** A limit that may lead to about so many resident bytes. */
    long limitFor(long residentBytes) {
        return this == CAFFEINE ? residentBytes / ENTRY_BYTES : residentBytes;
    }

    /** Whether its documentation asks for jemalloc in front of libc's malloc. */
    boolean preloadsJemalloc() {
        return this == OHC_LRU || this == OHC_W_TINY_LFU;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replaceFirst("_", " ").replace('_', '-');
    }

    /** By arrays of 16 bytes. */
    private record ByArray(Function<byte[], byte @Nullable []> getter, Putter putter, LongSupplier counter)
            implements Open {
        interface Putter {
            void put(byte[] key, byte[] value);
        }

        private static byte[] key(long number) {
            byte[] key = new byte[KeyStream.KEY_BYTES];
            KeyStream.key(number, key);
            return key;
        }

        @Override
        public byte @Nullable [] get(long number) {
            return getter.apply(key(number));
        }

        @Override
        public void put(long number, byte[] value) {
            putter.put(key(number), value);
        }

        @Override
        public long size() {
            return counter.getAsLong();
        }
    }

    private static Open store(long maxMemory, EvictionPolicy policy) {
        OffHeapStore store = OffHeapStore.builder()
                .maxMemory(maxMemory)
                .evictionPolicy(policy)
                .build();
        return new ByArray(store::get, store::put, store::size);
    }

    private static Open ohc(long capacity, Eviction eviction) {
        int segments = Integer.highestOneBit(2 * Runtime.getRuntime().availableProcessors() - 1) << 1;
        int buckets = (int) (capacity / (ENTRY_BYTES * LOAD_FACTOR * segments));
        OHCache<byte[], byte[]> cache = OHCacheBuilder.<byte[], byte[]>newBuilder()
                .keySerializer(new Bytes())
                .valueSerializer(new Bytes())
                .eviction(eviction)
                .capacity(capacity)
                .hashTableSize(Integer.highestOneBit(Math.max(8192, buckets) - 1) << 1)
                .build();
        // A put may be refused by the policy's own choice.
        return new ByArray(cache::get, cache::put, cache::size);
    }

    private record Key(long first, long second) {
        static Key of(long number) {
            ByteBuffer bytes = ByteBuffer.wrap(ByArray.key(number));
            return new Key(bytes.getLong(), bytes.getLong());
        }
    }

    private static Open caffeine(long maximumSize) {
        Cache<Key, byte[]> cache =
                Caffeine.newBuilder().maximumSize(maximumSize).build();
        return new Open() {
            @Override
            public byte @Nullable [] get(long number) {
                byte[] value = cache.getIfPresent(Key.of(number));
                return value == null ? null : value.clone();
            }

            @Override
            public void put(long number, byte[] value) {
                cache.put(Key.of(number), value.clone());
            }

            @Override
            public long size() {
                cache.cleanUp();
                return cache.estimatedSize();
            }
        };
    }

    /** Bytes as they are. */
    private static final class Bytes implements CacheSerializer<byte[]> {
        @Override
        public void serialize(byte[] bytes, ByteBuffer buffer) {
            buffer.put(bytes);
        }

        @Override
        public byte[] deserialize(ByteBuffer buffer) {
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
            return bytes;
        }

        @Override
        public int serializedSize(byte[] bytes) {
            return bytes.length;
        }
    }
}
