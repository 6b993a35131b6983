package dev.zmalloc.jcache;

import dev.zmalloc.store.OffHeapCache;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.configuration.CacheEntryListenerConfiguration;
import javax.cache.configuration.Configuration;
import javax.cache.integration.CompletionListener;
import javax.cache.processor.EntryProcessor;
import javax.cache.processor.EntryProcessorException;
import javax.cache.processor.EntryProcessorResult;
import org.jspecify.annotations.Nullable;

/**
 * A cache of JCache's over one in native memory.
 *
 * <p>Every operation on a key that may change it holds the key's lock of {@link KeyStripes}; loaders, writers,
 * processors and synchronous listeners run under it. A read takes none, but to load. The order within an operation is:
 * the writer, the store, the listeners.
 */
final class JCache<K, V> implements Cache<K, V> {
    private final OffHeapCacheManager manager;
    private final String name;
    private final OffHeapConfiguration<K, V> configuration;
    private final OffHeapCache<K, V> cache;
    private final KeyStripes locks = new KeyStripes();
    private final ReadWriteThrough<K, V> through;
    private final ExpiryTimes times;
    private final EntryListeners<K, V> listeners;
    private final JCacheStatistics statistics;
    private final JCacheEntries<K, V> entries;
    private final CacheLoads<K, V> loads;
    private final AtomicBoolean isClosed = new AtomicBoolean();
    private final Object managing = new Object();

    /** Takes the configuration, which is this cache's from now on. */
    JCache(OffHeapCacheManager manager, String name, OffHeapConfiguration<K, V> configuration, CacheSettings settings) {
        this.manager = manager;
        this.name = name;
        this.configuration = configuration;
        through = new ReadWriteThrough<>(configuration);
        times = new ExpiryTimes(configuration.getExpiryPolicyFactory().create());
        listeners = new EntryListeners<>(this);
        configuration.getCacheEntryListenerConfigurations().forEach(listeners::add);
        boolean isOpen = false;
        try {
            cache = settings.open(configuration, times.isEternal() ? null : new ExpiredEntries<>(listeners));
            isOpen = true;
        } finally {
            if (!isOpen) {
                closeWhatIsTheUsers(listeners, through, times);
            }
        }
        statistics = new JCacheStatistics(() -> cache.statistics().store().evictions());
        entries = new JCacheEntries<>(cache, times, listeners, statistics, through.writes());
        loads = new CacheLoads<>(locks, through, entries);
    }

    OffHeapConfiguration<K, V> configuration() {
        return configuration;
    }

    @Override
    @SuppressWarnings("NullAway") // null if there is none
    public V get(K key) {
        check(key);
        long start = statistics.start();
        V value = entries.get(key);
        if (value == null && through.reads()) {
            value = loads.load(key);
        }
        statistics.endGet(start);
        return value;
    }

    @Override
    public Map<K, V> getAll(Set<? extends K> keys) {
        checkAll(keys);
        long start = statistics.start();
        Map<K, V> found = new HashMap<>();
        Set<K> missing = new LinkedHashSet<>();
        for (K key : keys) {
            V value = entries.get(key);
            if (value == null) {
                missing.add(key);
            } else {
                found.put(key, value);
            }
        }
        if (!missing.isEmpty() && through.reads()) {
            loads.loadAll(missing, false, found);
        }
        statistics.endGet(start);
        return found;
    }

    @Override
    public boolean containsKey(K key) {
        check(key);
        return entries.contains(key);
    }

    @Override
    public void loadAll(Set<? extends K> keys, boolean replaceExistingValues, @Nullable CompletionListener listener) {
        checkAll(keys);
        if (through.hasLoader()) {
            loads.loadInBackground(new LinkedHashSet<>(keys), replaceExistingValues, listener);
        } else if (listener != null) {
            listener.onCompletion();
        }
    }

    @Override
    public void put(K key, V value) {
        check(key);
        Objects.requireNonNull(value, "value");
        long start = statistics.start();
        ReentrantLock lock = locks.lock(key);
        try {
            through.write(key, value);
            entries.put(key, value);
        } finally {
            lock.unlock();
        }
        statistics.endPut(start);
    }

    @Override
    @SuppressWarnings("NullAway") // null if there was none
    public V getAndPut(K key, V value) {
        return change(key, value, (before, after) -> true, true);
    }

    /**
     * Reads a value, and puts another if {@code isWanted} says so. Answers the one that was read.
     *
     * @param isWanted by the values before, which may be {@code null}, and after
     */
    private @Nullable V change(K key, V value, BiFunction<@Nullable V, V, Boolean> isWanted, boolean isRead) {
        check(key);
        Objects.requireNonNull(value, "value");
        long start = statistics.start();
        V read = locked(key, () -> {
            V before = entries.use(key);
            statistics.read(before != null);
            if (isWanted.apply(before, value)) {
                through.write(key, value);
                entries.put(key, value, before);
                statistics.endPut(start);
            } else if (before != null && isRead) {
                entries.accessed(key);
            }
            return before;
        });
        statistics.endGet(start);
        return read;
    }

    @Override
    public void putAll(Map<? extends K, ? extends V> map) {
        checkOpen();
        checkAll(map.keySet());
        map.values().forEach(value -> Objects.requireNonNull(value, "value"));
        long start = statistics.start();
        Map<K, V> written = new LinkedHashMap<>(map);
        int[] held = locks.lockAll(written.keySet());
        try {
            CacheException thrown = through.writeAll(written);
            each(written.keySet(), key -> entries.put(key, Objects.requireNonNull(written.get(key))), thrown);
        } finally {
            locks.unlock(held);
        }
        statistics.endPut(start);
    }

    @Override
    public boolean putIfAbsent(K key, V value) {
        return change(key, value, (before, after) -> before == null, false) == null;
    }

    @Override
    public boolean remove(K key) {
        check(key);
        long start = statistics.start();
        boolean isRemoved = locked(key, () -> {
            through.delete(key);
            V before = listeners.any() ? entries.peek(key) : null;
            return (before != null || (!listeners.any() && entries.contains(key))) && entries.remove(key, before);
        });
        statistics.endRemove(start);
        return isRemoved;
    }

    @Override
    public boolean remove(K key, V oldValue) {
        check(key);
        Objects.requireNonNull(oldValue, "oldValue");
        long start = statistics.start();
        boolean isRemoved = locked(key, () -> {
            V before = entries.use(key);
            statistics.read(before != null);
            if (before == null) {
                return false;
            }
            if (!Objects.deepEquals(before, oldValue)) {
                entries.accessed(key);
                return false;
            }
            through.delete(key);
            return entries.remove(key, before);
        });
        statistics.endGet(start);
        statistics.endRemove(isRemoved ? start : 0);
        return isRemoved;
    }

    @Override
    @SuppressWarnings("NullAway") // null if there was none
    public V getAndRemove(K key) {
        check(key);
        long start = statistics.start();
        V removed = locked(key, () -> {
            V before = entries.use(key);
            statistics.read(before != null);
            through.delete(key);
            if (before != null) {
                entries.remove(key, before);
            }
            return before;
        });
        statistics.endGet(start);
        statistics.endRemove(start);
        return removed;
    }

    @Override
    public boolean replace(K key, V oldValue, V newValue) {
        checkOpen();
        Objects.requireNonNull(oldValue, "oldValue");
        V before = change(key, newValue, (present, after) -> Objects.deepEquals(present, oldValue), true);
        return Objects.deepEquals(before, oldValue);
    }

    @Override
    public boolean replace(K key, V value) {
        return change(key, value, (before, after) -> before != null, true) != null;
    }

    @Override
    @SuppressWarnings("NullAway") // null if there was none
    public V getAndReplace(K key, V value) {
        return change(key, value, (before, after) -> before != null, true);
    }

    @Override
    public void removeAll(Set<? extends K> keys) {
        checkAll(keys);
        long start = statistics.start();
        Set<K> deleted = new LinkedHashSet<>(keys);
        int[] held = locks.lockAll(deleted);
        try {
            CacheException thrown = through.deleteAll(deleted);
            each(
                    deleted,
                    key -> {
                        V before = entries.peek(key);
                        if (before != null) {
                            entries.remove(key, before);
                        }
                    },
                    thrown);
        } finally {
            locks.unlock(held);
        }
        statistics.endRemove(start);
    }

    @Override
    public void removeAll() {
        checkOpen();
        if (statistics.isEnabled() || listeners.any() || through.writes()) {
            Set<K> keys = new HashSet<>();
            cache.asMap().keySet().forEach(keys::add);
            removeAll(keys);
        } else {
            cache.invalidateAll();
        }
    }

    @Override
    public void clear() {
        checkOpen();
        cache.invalidateAll();
    }

    @Override
    public <C extends Configuration<K, V>> C getConfiguration(Class<C> type) {
        return OffHeapCacheManager.unwrap(type, configuration);
    }

    @Override
    @SuppressWarnings("NullAway") // null if the processor answers that
    public <T> T invoke(K key, EntryProcessor<K, V, T> processor, Object... arguments) {
        check(key);
        Objects.requireNonNull(processor, "processor");
        long start = statistics.start();
        T result = locked(key, () -> {
            V before = entries.use(key);
            statistics.read(before != null);
            ProcessedEntry<K, V> entry = new ProcessedEntry<>(key, before, through);
            T answer;
            try {
                answer = processor.process(entry, arguments);
            } catch (EntryProcessorException e) {
                throw e;
            } catch (RuntimeException e) {
                throw new EntryProcessorException(e);
            }
            entry.apply(entries);
            return answer;
        });
        statistics.endGet(start);
        return result;
    }

    @Override
    public <T> Map<K, EntryProcessorResult<T>> invokeAll(
            Set<? extends K> keys, EntryProcessor<K, V, T> processor, Object... arguments) {
        checkAll(keys);
        Objects.requireNonNull(processor, "processor");
        Map<K, EntryProcessorResult<T>> results = new HashMap<>();
        for (K key : keys) {
            try {
                T result = invoke(key, processor, arguments);
                if (result != null) {
                    results.put(key, () -> result);
                }
            } catch (EntryProcessorException e) {
                results.put(key, () -> {
                    throw e;
                });
            } catch (CacheException e) {
                results.put(key, () -> {
                    throw new EntryProcessorException(e);
                });
            }
        }
        return results;
    }

    @Override
    public String getName() {
        return name;
    }

    @Override
    public CacheManager getCacheManager() {
        return manager;
    }

    @Override
    public void close() {
        if (isClosed.compareAndSet(false, true)) {
            manager.remove(this);
            try {
                enableManagement(false);
                enableStatistics(false);
            } finally {
                cache.close();
                closeWhatIsTheUsers(listeners, through, times);
            }
        }
    }

    private static void closeWhatIsTheUsers(
            EntryListeners<?, ?> listeners, ReadWriteThrough<?, ?> through, ExpiryTimes times) {
        listeners.close();
        through.close();
        times.close();
    }

    @Override
    public boolean isClosed() {
        return isClosed.get();
    }

    /** Itself, or the {@link OffHeapCache} under it; changes to that are told to no writer and no listener. */
    @Override
    public <T> T unwrap(Class<T> type) {
        return OffHeapCacheManager.unwrap(type, this, cache);
    }

    @Override
    public void registerCacheEntryListener(CacheEntryListenerConfiguration<K, V> listener) {
        checkOpen();
        synchronized (configuration) {
            configuration.addCacheEntryListenerConfiguration(listener);
            boolean isAdded = false;
            try {
                listeners.add(listener);
                isAdded = true;
            } finally {
                if (!isAdded) {
                    configuration.removeCacheEntryListenerConfiguration(listener);
                }
            }
        }
    }

    @Override
    public void deregisterCacheEntryListener(CacheEntryListenerConfiguration<K, V> listener) {
        checkOpen();
        synchronized (configuration) {
            configuration.removeCacheEntryListenerConfiguration(listener);
            listeners.remove(listener);
        }
    }

    /** Asks for JMX only where there is something to show, or was. Of a cache that is closed nothing is shown. */
    void enableManagement(boolean isEnabled) {
        synchronized (managing) {
            if (isEnabled) {
                checkOpen();
                CacheManagement.show(
                        this, CacheManagement.CONFIGURATION, new CacheManagement.ConfigurationBean(configuration));
            } else if (configuration.isManagementEnabled()) {
                CacheManagement.hide(this, CacheManagement.CONFIGURATION);
            }
            configuration.setManagementEnabled(isEnabled);
        }
    }

    void enableStatistics(boolean isEnabled) {
        synchronized (managing) {
            if (isEnabled) {
                checkOpen();
                CacheManagement.show(this, CacheManagement.STATISTICS, statistics);
            } else if (configuration.isStatisticsEnabled()) {
                CacheManagement.hide(this, CacheManagement.STATISTICS);
            }
            configuration.setStatisticsEnabled(isEnabled);
            statistics.enable(isEnabled);
        }
    }

    @Override
    public Iterator<Entry<K, V>> iterator() {
        checkOpen();
        return new Entries(cache.asMap().entrySet().iterator());
    }

    /** Goes through copies of the entries; each that it gives is a use of it. */
    private final class Entries implements Iterator<Entry<K, V>> {
        private final Iterator<Map.Entry<K, V>> each;
        private @Nullable K last;

        Entries(Iterator<Map.Entry<K, V>> each) {
            this.each = each;
        }

        @Override
        public boolean hasNext() {
            checkOpen();
            return each.hasNext();
        }

        @Override
        public Entry<K, V> next() {
            checkOpen();
            if (!each.hasNext()) {
                throw new NoSuchElementException();
            }
            long start = statistics.start();
            Map.Entry<K, V> next = each.next();
            last = next.getKey();
            statistics.read(true);
            entries.accessed(next.getKey());
            statistics.endGet(start);
            return new CacheEntry<>(next.getKey(), next.getValue());
        }

        @Override
        public void remove() {
            K key = last;
            if (key == null) {
                throw new IllegalStateException("no entry to remove");
            }
            last = null;
            JCache.this.remove(key);
        }
    }

    /**
     * Changes entries, all of them: what the writer was told of must not be missing because one finds no room, or its
     * listener throws.
     *
     * @param earlier what was thrown before; that, or else what is thrown first, comes out in the end
     */
    private static <K> void each(Set<K> keys, Consumer<K> change, @Nullable RuntimeException earlier) {
        Throwable thrown = earlier;
        for (K key : keys) {
            try {
                change.accept(key);
            } catch (RuntimeException | Error e) {
                thrown = thrown == null ? e : thrown;
            }
        }
        if (thrown instanceof Error error) {
            throw error;
        }
        if (thrown instanceof RuntimeException exception) {
            throw exception;
        }
    }

    private <R extends @Nullable Object> R locked(K key, Supplier<R> operation) {
        ReentrantLock lock = locks.lock(key);
        try {
            return operation.get();
        } finally {
            lock.unlock();
        }
    }

    private void check(K key) {
        checkOpen();
        Objects.requireNonNull(key, "key");
    }

    private void checkAll(Set<? extends K> keys) {
        checkOpen();
        List<K> each = new ArrayList<>(keys);
        each.forEach(key -> Objects.requireNonNull(key, "key"));
    }

    private void checkOpen() {
        if (isClosed.get()) {
            throw new IllegalStateException("the cache " + name + " is closed");
        }
    }
}
