package dev.zmalloc.store;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An {@link OffHeapCache} that knows how to load what it has not.
 *
 * @param <K> the type of keys
 * @param <V> the type of values
 */
@SuppressWarnings("exports") // the annotations of jspecify, which need not be there for who compiles against this
public final class LoadingOffHeapCache<K, V> extends OffHeapCache<K, V> {
    private final CacheLoader<K, V> loader;
    private final Function<K, @Nullable V> loading;
    private final Executor executor;
    private final ConcurrentHashMap<ByteBuffer, CompletableFuture<@Nullable V>> refreshes = new ConcurrentHashMap<>();

    LoadingOffHeapCache(CacheEntries<K, V> entries, boolean recordsStats, CacheLoader<K, V> loader, Executor executor) {
        super(entries, recordsStats);
        this.loader = loader;
        this.executor = executor;
        loading = CacheEntries.unchecked(loader::load);
        entries.refreshBy(this::refreshQuietly);
    }

    /**
     * The value of {@code key}, loaded if it is not there, as by {@link #get(Object, Function)}.
     *
     * @throws java.util.concurrent.CompletionException if the loader throws what is checked, which is its cause
     */
    public @Nullable V get(K key) {
        return get(key, loading);
    }

    /** The values of {@code keys}, loaded as far as they are not there, as by {@link #getAll(Iterable, Function)}. */
    public Map<K, V> getAll(Iterable<? extends K> keys) {
        return getAll(keys, CacheEntries.unchecked(loader::loadAll));
    }

    /**
     * Loads the value of {@code key} anew, by the cache's executor, and puts it in place of the one that is there,
     * unless that is changed meanwhile. Until then it is served, and also if the loader throws. Refreshes of a key that
     * would run at the same time are one.
     *
     * @return what was loaded, or thrown
     */
    public CompletableFuture<@Nullable V> refresh(K key) {
        byte[] bytes = entries().encode(key).clone();
        ByteBuffer known = ByteBuffer.wrap(bytes);
        CompletableFuture<@Nullable V> own = new CompletableFuture<>();
        CompletableFuture<@Nullable V> other = refreshes.putIfAbsent(known, own);
        if (other != null) {
            return other;
        }
        try {
            executor.execute(() -> refresh(key, bytes, known, own));
        } catch (RuntimeException | Error e) {
            refreshes.remove(known);
            own.completeExceptionally(e);
        }
        return own;
    }

    private void refresh(K key, byte[] bytes, ByteBuffer known, CompletableFuture<@Nullable V> own) {
        try {
            V loaded = entries().reload(key, bytes, loader, loading);
            refreshes.remove(known);
            own.complete(loaded);
        } catch (RuntimeException | Error e) {
            refreshes.remove(known);
            own.completeExceptionally(e);
        }
    }

    /** Begins a refresh, unless one is under way, which each read of a key that is due would come to else. */
    private void refreshQuietly(K key, byte[] bytes) {
        if (refreshes.containsKey(ByteBuffer.wrap(bytes))) {
            return;
        }
        var _ = refresh(key).whenComplete((loaded, thrown) -> {
            if (thrown != null) {
                CacheListeners.log("a value could not be refreshed", thrown);
            }
        });
    }
}
