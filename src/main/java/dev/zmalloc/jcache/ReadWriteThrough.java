package dev.zmalloc.jcache;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Map;
import javax.cache.Cache;
import javax.cache.configuration.CompleteConfiguration;
import javax.cache.integration.CacheLoader;
import javax.cache.integration.CacheLoaderException;
import javax.cache.integration.CacheWriter;
import javax.cache.integration.CacheWriterException;
import org.jspecify.annotations.Nullable;

/** The loader and the writer of a cache, if it has any. What they throw comes as JCache's exceptions. */
final class ReadWriteThrough<K, V> {
    private final @Nullable CacheLoader<K, V> loader;
    private final @Nullable CacheWriter<? super K, ? super V> writer;
    private final boolean isReadThrough;

    ReadWriteThrough(CompleteConfiguration<K, V> configuration) {
        loader = configuration.getCacheLoaderFactory() == null
                ? null
                : configuration.getCacheLoaderFactory().create();
        writer = configuration.isWriteThrough() && configuration.getCacheWriterFactory() != null
                ? configuration.getCacheWriterFactory().create()
                : null;
        isReadThrough = configuration.isReadThrough();
    }

    boolean hasLoader() {
        return loader != null;
    }

    /** Whether what is missing is loaded. */
    boolean reads() {
        return isReadThrough && loader != null;
    }

    boolean writes() {
        return writer != null;
    }

    @Nullable
    V load(K key) {
        try {
            return loader == null ? null : loader.load(key);
        } catch (RuntimeException e) {
            throw loading(e);
        }
    }

    Map<K, V> loadAll(Iterable<? extends K> keys) {
        try {
            Map<K, V> loaded = loader == null ? Map.of() : loader.loadAll(keys);
            return loaded == null ? Map.of() : loaded;
        } catch (RuntimeException e) {
            throw loading(e);
        }
    }

    private static CacheLoaderException loading(RuntimeException e) {
        return e instanceof CacheLoaderException same ? same : new CacheLoaderException("the loader has thrown", e);
    }

    void write(K key, V value) {
        if (writer != null) {
            try {
                writer.write(new CacheEntry<>(key, value));
            } catch (RuntimeException e) {
                throw writing(e);
            }
        }
    }

    void delete(K key) {
        if (writer != null) {
            try {
                writer.delete(key);
            } catch (RuntimeException e) {
                throw writing(e);
            }
        }
    }

    /**
     * Writes entries.
     *
     * @param map loses those that were not written
     * @return what the writer threw; {@code null} if it wrote all
     */
    @Nullable
    CacheWriterException writeAll(Map<K, V> map) {
        if (writer == null || map.isEmpty()) {
            return null;
        }
        Collection<Cache.Entry<? extends K, ? extends V>> left = new ArrayList<>();
        map.forEach((key, value) -> left.add(new CacheEntry<>(key, value)));
        try {
            writeAll(writer, left);
            return null;
        } catch (RuntimeException e) {
            left.forEach(entry -> map.remove(entry.getKey()));
            return writing(e);
        }
    }

    @SuppressWarnings("unchecked") // entries are read only
    private static <A, B> void writeAll(CacheWriter<A, B> writer, Collection<? extends Cache.Entry<?, ?>> entries) {
        writer.writeAll((Collection<Cache.Entry<? extends A, ? extends B>>) entries);
    }

    /** Deletes keys: like {@link #writeAll}. */
    @Nullable
    CacheWriterException deleteAll(Collection<K> keys) {
        if (writer == null || keys.isEmpty()) {
            return null;
        }
        Collection<K> left = new ArrayList<>(keys);
        try {
            writer.deleteAll(left);
            return null;
        } catch (RuntimeException e) {
            keys.removeAll(left);
            return writing(e);
        }
    }

    private static CacheWriterException writing(RuntimeException e) {
        return e instanceof CacheWriterException same ? same : new CacheWriterException("the writer has thrown", e);
    }

    void close() {
        Closing.close(loader);
        Closing.close(writer);
    }
}
