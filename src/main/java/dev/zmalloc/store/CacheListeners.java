package dev.zmalloc.store;

import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Tells the listeners of a cache what has left its store. */
final class CacheListeners<K, V> implements RemovalListener {
    private final Codec<K> keys;
    private final CacheValues<V> values;
    private final @Nullable CacheRemovalListener<? super K, ? super V> removal;
    private final @Nullable CacheRemovalListener<? super K, ? super V> eviction;
    private final Set<RemovalCause> removals;
    private final Set<RemovalCause> evictions;
    private final Executor executor;

    CacheListeners(
            Codec<K> keys,
            CacheValues<V> values,
            @Nullable CacheRemovalListener<? super K, ? super V> removal,
            @Nullable CacheRemovalListener<? super K, ? super V> eviction,
            Executor executor) {
        this.keys = keys;
        this.values = values;
        this.removal = removal;
        this.eviction = eviction;
        this.executor = executor;
        removals = wanted(removal, EnumSet.allOf(RemovalCause.class));
        evictions = wanted(eviction, EnumSet.of(RemovalCause.EVICTED, RemovalCause.EXPIRED));
    }

    private static Set<RemovalCause> wanted(
            @Nullable CacheRemovalListener<?, ?> listener, EnumSet<RemovalCause> causes) {
        causes.removeIf(cause -> listener == null || !listener.wants(cause));
        return causes;
    }

    @Override
    public boolean wants(RemovalCause cause) {
        return removals.contains(cause) || evictions.contains(cause);
    }

    /** Tells what has left the store. Key and value are as it has them, and need not live longer than the call. */
    @Override
    public void removed(RemovalCause cause, MemorySegment key, MemorySegment value) {
        boolean tellsEviction = evictions.contains(cause) && isListening(eviction);
        boolean tellsRemoval = removals.contains(cause) && isListening(removal);
        if (tellsEviction || tellsRemoval) {
            tell(keys.decode(key), values.decode(value), cause, tellsEviction, tellsRemoval);
        }
    }

    private static boolean isListening(@Nullable CacheRemovalListener<?, ?> listener) {
        return listener != null && listener.isListening();
    }

    private void tell(K key, V value, RemovalCause cause, boolean tellsEviction, boolean tellsRemoval) {
        if (eviction != null && tellsEviction) {
            tell(eviction, key, value, cause);
        }
        if (removal != null && tellsRemoval) {
            try {
                executor.execute(() -> tell(removal, key, value, cause));
            } catch (RuntimeException e) {
                log("the executor has refused to run a listener", e);
            }
        }
    }

    private static <K, V> void tell(
            CacheRemovalListener<? super K, ? super V> listener, K key, V value, RemovalCause cause) {
        try {
            listener.onRemoval(key, value, cause);
        } catch (RuntimeException | Error e) {
            log("a listener has thrown", e);
        }
    }

    static void log(String what, Throwable thrown) {
        System.getLogger("dev.zmalloc").log(Level.WARNING, what, thrown);
    }
}
