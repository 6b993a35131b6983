package dev.zmalloc.jcache;

import dev.zmalloc.store.CacheRemovalListener;
import dev.zmalloc.store.RemovalCause;

/** Hands on what has expired to a cache's listeners. What was evicted is no event of JCache's. */
record ExpiredEntries<K, V>(EntryListeners<K, V> listeners) implements CacheRemovalListener<K, V> {
    @Override
    public boolean wants(RemovalCause cause) {
        return cause == RemovalCause.EXPIRED;
    }

    @Override
    public boolean isListening() {
        return listeners.any();
    }

    @Override
    public void onRemoval(K key, V value, RemovalCause cause) {
        listeners.expired(key, value);
    }
}
