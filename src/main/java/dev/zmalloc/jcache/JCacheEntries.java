package dev.zmalloc.jcache;

import dev.zmalloc.NativeOutOfMemoryError;
import dev.zmalloc.store.MaxMemoryException;
import dev.zmalloc.store.OffHeapCache;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of single entries, with their expiry, their events and their counts. Every change is made under the lock
 * of its key ({@link KeyStripes}); the writer was told before.
 */
final class JCacheEntries<K, V> {
    private final OffHeapCache<K, V> cache;
    private final ExpiryTimes times;
    private final EntryListeners<K, V> listeners;
    private final JCacheStatistics statistics;
    private final boolean hasWriter;

    JCacheEntries(
            OffHeapCache<K, V> cache,
            ExpiryTimes times,
            EntryListeners<K, V> listeners,
            JCacheStatistics statistics,
            boolean hasWriter) {
        this.cache = cache;
        this.times = times;
        this.listeners = listeners;
        this.statistics = statistics;
        this.hasWriter = hasWriter;
    }

    boolean contains(K key) {
        return cache.asMap().containsKey(key);
    }

    /** The value, as no use of it. */
    @Nullable
    V peek(K key) {
        return cache.getIfPresentQuietly(key);
    }

    /** The value, whose use is counted where eviction looks. {@link #accessed} does the rest. */
    @Nullable
    V use(K key) {
        return cache.getIfPresent(key);
    }

    /** The value, as a use. Needs no lock. */
    @Nullable
    V get(K key) {
        V value = use(key);
        statistics.read(value != null);
        if (value != null) {
            accessed(key);
        }
        return value;
    }

    /** Lets an entry that was read expire as its policy says. */
    void accessed(K key) {
        Duration duration = times.accessed();
        if (duration != null) {
            try {
                cache.policy().expire(key, duration);
            } catch (MaxMemoryException | NativeOutOfMemoryError e) {
                // That needs a copy, for which there is no room: it expires as it did, and was read all the same.
            }
        }
    }

    /** Puts a value, of which nobody wants to know what was there before. */
    void put(K key, V value) {
        if (listeners.any()) {
            put(key, value, peek(key));
        } else if (times.isEternal()) {
            store(key, value, null);
            statistics.put();
        } else if (contains(key)) {
            store(key, value, times.updated());
            statistics.put();
        } else {
            put(key, value, null);
        }
    }

    /**
     * Puts a value.
     *
     * @param before the one that is there; {@code null} if there is none
     */
    void put(K key, V value, @Nullable V before) {
        store(key, value, before, true);
    }

    /**
     * Puts a value that was loaded, which is not counted: like {@link #put(Object, Object, Object)}. Where there is no
     * room for it, it was loaded all the same.
     */
    void load(K key, V value, @Nullable V before) {
        try {
            store(key, value, before, false);
        } catch (NoRoomException | NativeOutOfMemoryError e) {
            // It is loaded again next time.
        }
    }

    private void store(K key, V value, @Nullable V before, boolean isPut) {
        Duration duration = before == null ? times.created() : times.updated();
        if (before == null && Duration.ZERO.equals(duration)) {
            return;
        }
        store(key, value, duration);
        if (isPut) {
            statistics.put();
        }
        if (before == null) {
            listeners.created(key, value);
        } else {
            listeners.updated(key, value, before);
        }
    }

    /** Stores a value; {@code null}: for as long as the one in its place had to live. */
    private void store(K key, V value, @Nullable Duration duration) {
        boolean isStored = false;
        try {
            if (times.isEternal()) {
                cache.put(key, value);
            } else {
                cache.put(key, value, duration == null ? timeLeft(key) : duration);
            }
            isStored = true;
        } catch (MaxMemoryException e) {
            throw new NoRoomException(e);
        } finally {
            // The writer's is newer: better none than the old one.
            if (!isStored && hasWriter) {
                cache.invalidate(key);
            }
        }
    }

    /**
     * How long the entry of a key has to live; {@code null} if it does not expire. If it has gone since the operation
     * looked, evicted or expired, the one to come is new, and lives as such: not forever.
     */
    private @Nullable Duration timeLeft(K key) {
        Duration left = cache.policy().timeToLive(key);
        return left != null || contains(key) ? left : times.created();
    }

    /** Removes the value of a key that has one. Answers true. */
    boolean remove(K key, @Nullable V before) {
        cache.invalidate(key);
        statistics.removed();
        if (before != null) {
            listeners.removed(key, before);
        }
        return true;
    }
}
