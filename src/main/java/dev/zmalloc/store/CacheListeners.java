package dev.zmalloc.store;

import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Tells the listeners of a cache what has left its store. */
final class CacheListeners<K, V> {
    private final Codec<K> keys;
    private final CacheValues<V> values;
    private final @Nullable CacheRemovalListener<? super K, ? super V> removal;
    private final @Nullable CacheRemovalListener<? super K, ? super V> eviction;
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
    }

    /** Whether anybody wants to know. */
    boolean any() {
        return removal != null || eviction != null;
    }

    /** Tells what has left the store. Key and value are as it has them, and need not live longer than the call. */
    void removed(RemovalCause cause, MemorySegment key, MemorySegment value) {
        if (wants(removal, cause) || (isEviction(cause) && wants(eviction, cause))) {
            tell(keys.decode(key), values.decode(value), cause);
        }
    }

    private void tell(K key, V value, RemovalCause cause) {
        if (eviction != null && isEviction(cause) && eviction.wants(cause)) {
            tell(eviction, key, value, cause);
        }
        if (removal != null && removal.wants(cause)) {
            try {
                executor.execute(() -> tell(removal, key, value, cause));
            } catch (RuntimeException e) {
                log("the executor has refused to run a listener", e);
            }
        }
    }

    private static boolean wants(@Nullable CacheRemovalListener<?, ?> listener, RemovalCause cause) {
        return listener != null && listener.wants(cause);
    }

    private static boolean isEviction(RemovalCause cause) {
        return cause == RemovalCause.EVICTED || cause == RemovalCause.EXPIRED;
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
