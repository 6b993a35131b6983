package dev.zmalloc.jcache;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import javax.cache.CacheException;
import javax.cache.integration.CompletionListener;
import org.jspecify.annotations.Nullable;

/** Puts what the loader knows. A value is loaded once, however many threads ask. */
final class CacheLoads<K, V> {
    private static final System.Logger LOGGER = System.getLogger("dev.zmalloc");

    private final KeyStripes locks;
    private final ReadWriteThrough<K, V> through;
    private final JCacheEntries<K, V> entries;

    CacheLoads(KeyStripes locks, ReadWriteThrough<K, V> through, JCacheEntries<K, V> entries) {
        this.locks = locks;
        this.through = through;
        this.entries = entries;
    }

    /** The value of a key that was missing. */
    @Nullable
    V load(K key) {
        ReentrantLock lock = locks.lock(key);
        try {
            V present = entries.peek(key);
            if (present != null) {
                return present;
            }
            V loaded = through.load(key);
            if (loaded != null) {
                entries.load(key, loaded, null);
            }
            return loaded;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Loads keys at once.
     *
     * @param isReplacing whether those too that are there
     * @param found takes the values of all
     */
    void loadAll(Set<K> keys, boolean isReplacing, Map<K, V> found) {
        int[] held = locks.lockAll(keys);
        try {
            Set<K> wanted = new LinkedHashSet<>();
            Map<K, V> present = new HashMap<>();
            for (K key : keys) {
                V value = entries.peek(key);
                if (value != null) {
                    present.put(key, value);
                }
                if (value == null || isReplacing) {
                    wanted.add(key);
                }
            }
            found.putAll(present);
            Map<K, V> loaded = wanted.isEmpty() ? Map.of() : through.loadAll(wanted);
            for (K key : wanted) {
                V value = loaded.get(key);
                if (value != null) {
                    found.put(key, value);
                    entries.load(key, value, present.get(key));
                }
            }
        } finally {
            locks.unlock(held);
        }
    }

    /**
     * Loads keys by a thread of its own: a loader may block for long, which no pool's thread should, and in a virtual
     * one it may keep the carrier from others.
     */
    void loadInBackground(Set<K> keys, boolean isReplacing, @Nullable CompletionListener listener) {
        Thread thread = new Thread(() -> loadAndTell(keys, isReplacing, listener), "zmalloc-jcache-loader");
        thread.setDaemon(true);
        thread.start();
    }

    private void loadAndTell(Set<K> keys, boolean isReplacing, @Nullable CompletionListener listener) {
        try {
            loadAll(keys, isReplacing, new HashMap<>());
        } catch (RuntimeException | Error e) {
            if (listener == null) {
                LOGGER.log(System.Logger.Level.WARNING, "a load has failed", e);
            } else {
                listener.onException(e instanceof Exception exception ? exception : new CacheException(e));
            }
            return;
        }
        if (listener != null) {
            listener.onCompletion();
        }
    }
}
