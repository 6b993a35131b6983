package dev.zmalloc.store;

import java.util.AbstractCollection;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Collection;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A cache as a map. A key or value of another type than the cache's is refused with a {@link ClassCastException}, by
 * its codec.
 */
final class CacheMap<K, V> extends AbstractMap<K, V> implements ConcurrentMap<K, V> {
    private final CacheEntries<K, V> entries;
    private final Set<Map.Entry<K, V>> entrySet = new EntrySet();
    private final Set<K> keySet = new KeySet();
    private final Collection<V> values = new Values();

    CacheMap(CacheEntries<K, V> entries) {
        this.entries = entries;
    }

    @SuppressWarnings("unchecked") // the codec finds out
    private K key(@Nullable Object key) {
        return (K) Objects.requireNonNull(key, "a cache has no null keys");
    }

    @SuppressWarnings("unchecked") // as before
    private V value(@Nullable Object value) {
        CacheEntries.requireValue(value);
        return (V) Objects.requireNonNull(value);
    }

    @Override
    public int size() {
        return (int) Math.min(Integer.MAX_VALUE, entries.store().size());
    }

    @Override
    public boolean containsKey(@Nullable Object key) {
        return entries.containsKey(key(key));
    }

    @Override
    public boolean containsValue(@Nullable Object value) {
        return values.contains(value(value));
    }

    @Override
    public @Nullable V get(@Nullable Object key) {
        K typed = key(key);
        return entries.get(typed, entries.encode(typed));
    }

    @Override
    public V getOrDefault(@Nullable Object key, V otherwise) {
        V value = get(key);
        return value == null ? otherwise : value;
    }

    @Override
    public @Nullable V put(K key, V value) {
        CacheEntries.requireValue(value);
        return entries.change(key, entries.encode(key), before -> value).before;
    }

    @Override
    public @Nullable V putIfAbsent(K key, V value) {
        CacheEntries.requireValue(value);
        return entries.change(key, entries.encode(key), before -> before == null ? value : CacheEntries.KEEP).before;
    }

    @Override
    public @Nullable V replace(K key, V value) {
        CacheEntries.requireValue(value);
        return entries.change(key, entries.encode(key), before -> before == null ? CacheEntries.KEEP : value).before;
    }

    @Override
    public boolean replace(K key, V expected, V value) {
        CacheEntries.requireValue(expected);
        CacheEntries.requireValue(value);
        return entries.change(key, entries.encode(key), before -> has(before, expected) ? value : CacheEntries.KEEP)
                .isMade;
    }

    @Override
    public @Nullable V remove(@Nullable Object key) {
        K typed = key(key);
        return entries.remove(typed, entries.encode(typed), before -> null).before;
    }

    @Override
    public boolean remove(@Nullable Object key, @Nullable Object value) {
        K typed = key(key);
        if (value == null) {
            return false;
        }
        V expected = value(value);
        return entries.remove(typed, entries.encode(typed), before -> has(before, expected) ? null : CacheEntries.KEEP)
                .isMade;
    }

    private boolean has(@Nullable V present, V expected) {
        return present != null && entries.areSame(present, expected);
    }

    @Override
    public void clear() {
        entries.clear();
    }

    @Override
    public @Nullable V computeIfAbsent(K key, Function<? super K, ? extends @Nullable V> function) {
        Objects.requireNonNull(function, "function");
        byte[] bytes = entries.encode(key);
        V present = entries.get(key, bytes);
        return present != null ? present : entries.load(key, bytes, function, true);
    }

    @Override
    public @Nullable V computeIfPresent(K key, BiFunction<? super K, ? super V, ? extends @Nullable V> function) {
        Objects.requireNonNull(function, "function");
        return entries.compute(key, before -> before == null ? CacheEntries.KEEP : function.apply(key, before));
    }

    @Override
    public @Nullable V compute(K key, BiFunction<? super K, ? super @Nullable V, ? extends @Nullable V> function) {
        Objects.requireNonNull(function, "function");
        return entries.compute(key, before -> function.apply(key, before));
    }

    @Override
    public @Nullable V merge(K key, V value, BiFunction<? super V, ? super V, ? extends @Nullable V> function) {
        Objects.requireNonNull(function, "function");
        CacheEntries.requireValue(value);
        return entries.compute(key, before -> before == null ? value : function.apply(before, value));
    }

    @Override
    public Set<K> keySet() {
        return keySet;
    }

    @Override
    public Collection<V> values() {
        return values;
    }

    @Override
    public Set<Map.Entry<K, V>> entrySet() {
        return entrySet;
    }

    private boolean removeIf(Predicate<? super Map.Entry<K, V>> filter) {
        Objects.requireNonNull(filter, "filter");
        boolean isChanged = false;
        for (Iterator<Map.Entry<K, V>> all = entries.entries(); all.hasNext(); ) {
            Map.Entry<K, V> entry = all.next();
            isChanged |= filter.test(entry) && remove(entry.getKey(), entry.getValue());
        }
        return isChanged;
    }

    /** Goes through copies, and remembers the key of the last for {@link #remove}. */
    private final class Elements<T, R> implements Iterator<R> {
        private final Iterator<T> source;
        private final Function<T, K> keys;
        private final Function<T, R> results;
        private @Nullable K last;

        Elements(Iterator<T> source, Function<T, K> keys, Function<T, R> results) {
            this.source = source;
            this.keys = keys;
            this.results = results;
        }

        @Override
        public boolean hasNext() {
            return source.hasNext();
        }

        @Override
        public R next() {
            T next = source.next();
            last = keys.apply(next);
            return results.apply(next);
        }

        @Override
        public void remove() {
            K removed = last;
            if (removed == null) {
                throw new IllegalStateException("no element to remove");
            }
            last = null;
            entries.remove(removed);
        }
    }

    private final class EntrySet extends AbstractSet<Map.Entry<K, V>> {
        @Override
        public int size() {
            return CacheMap.this.size();
        }

        @Override
        public Iterator<Map.Entry<K, V>> iterator() {
            return new Elements<>(entries.entries(), Map.Entry::getKey, WrittenEntry::new);
        }

        @Override
        public boolean contains(@Nullable Object object) {
            if (!(object instanceof Map.Entry<?, ?> entry) || entry.getKey() == null || entry.getValue() == null) {
                return false;
            }
            V present = get(entry.getKey());
            return has(present, value(entry.getValue()));
        }

        @Override
        public boolean remove(@Nullable Object object) {
            return object instanceof Map.Entry<?, ?> entry
                    && entry.getKey() != null
                    && CacheMap.this.remove(entry.getKey(), entry.getValue());
        }

        @Override
        public boolean removeIf(Predicate<? super Map.Entry<K, V>> filter) {
            return CacheMap.this.removeIf(filter);
        }

        @Override
        public void clear() {
            CacheMap.this.clear();
        }
    }

    private final class KeySet extends AbstractSet<K> {
        @Override
        public int size() {
            return CacheMap.this.size();
        }

        @Override
        public Iterator<K> iterator() {
            return new Elements<>(entries.keys(), Function.identity(), Function.identity());
        }

        @Override
        public boolean contains(@Nullable Object key) {
            return containsKey(key);
        }

        @Override
        public boolean remove(@Nullable Object key) {
            return CacheMap.this.remove(key) != null;
        }

        @Override
        public void clear() {
            CacheMap.this.clear();
        }
    }

    private final class Values extends AbstractCollection<V> {
        @Override
        public int size() {
            return CacheMap.this.size();
        }

        @Override
        public Iterator<V> iterator() {
            return new Elements<>(entries.entries(), Map.Entry::getKey, Map.Entry::getValue);
        }

        @Override
        public boolean contains(@Nullable Object object) {
            V wanted = value(object);
            for (V present : this) {
                if (has(present, wanted)) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public boolean removeIf(Predicate<? super V> filter) {
            Objects.requireNonNull(filter, "filter");
            return CacheMap.this.removeIf(entry -> filter.test(entry.getValue()));
        }

        @Override
        public void clear() {
            CacheMap.this.clear();
        }
    }

    /** An entry whose value, when set, is put. */
    private final class WrittenEntry extends SimpleEntry<K, V> {
        private static final long serialVersionUID = 1L;

        WrittenEntry(Map.Entry<K, V> entry) {
            super(entry);
        }

        @Override
        public V setValue(V value) {
            CacheMap.this.put(getKey(), value);
            return super.setValue(value);
        }
    }
}
