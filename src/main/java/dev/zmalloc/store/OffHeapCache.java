package dev.zmalloc.store;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A cache of objects in native memory, under the hard limit of an {@link OffHeapStore}: {@link Codec}s write keys and
 * values as bytes, and make them of bytes again.
 *
 * <p>Who knows Caffeine knows the methods; what differs is this. Values are copies: to change one that was read changes
 * nothing in the cache, until it is put again. Keys are known by their bytes. {@link #put} throws where there is no
 * room and the policy can make none. The cache owns memory, and is to be closed.
 *
 * <p>Any thread may call any method, virtual ones included. Neither keys nor values are {@code null}. Functions and
 * loaders run without a lock that operations on other keys wait for, and may use the cache, but neither compute the
 * value of the key that they were asked for nor remove it, which {@link #invalidateAll()} would too: that is refused
 * with an {@link IllegalStateException}, as is what comes to that by way of other threads. Every method throws an
 * {@link IllegalStateException} once the cache is closed.
 *
 * @param <K> the type of keys
 * @param <V> the type of values
 */
@SuppressWarnings("exports") // the annotations of jspecify, which need not be there for who compiles against this
public sealed class OffHeapCache<K, V> implements AutoCloseable permits LoadingOffHeapCache {
    private final CacheEntries<K, V> entries;
    private final CachePolicy<K> policy;
    private final CacheMap<K, V> map;

    OffHeapCache(CacheEntries<K, V> entries, boolean recordsStats) {
        this.entries = entries;
        policy = new CachePolicy<>(entries, recordsStats);
        map = new CacheMap<>(entries);
    }

    /** A builder of caches whose keys and values are written by these codecs. */
    public static <K, V> OffHeapCacheBuilder<K, V> builder(Codec<K> keys, Codec<V> values) {
        return new OffHeapCacheBuilder<>(keys, values);
    }

    CacheEntries<K, V> entries() {
        return entries;
    }

    /** A copy of the value of {@code key}; {@code null} if it is not there. */
    public @Nullable V getIfPresent(K key) {
        return entries.get(key, entries.encode(key));
    }

    /** Like {@link #getIfPresent}, but no use of the entry: counts neither as a hit nor for eviction or expiry. */
    public @Nullable V getIfPresentQuietly(K key) {
        return entries.peek(entries.encode(key));
    }

    /**
     * The value of {@code key}, or else the one that {@code loader} tells, which is put. While it runs, others that ask
     * for the key wait for it; a removal of the key waits too, and a put does not, whose value then counts.
     *
     * @param loader may answer {@code null}: then nothing is put. What it throws comes out of here
     * @return the value, also where there was no room to put it; {@code null} if there is none
     * @throws IllegalStateException if the loader of {@code key} asks for {@code key}, or removes it
     */
    public @Nullable V get(K key, Function<? super K, ? extends @Nullable V> loader) {
        Objects.requireNonNull(loader, "loader");
        byte[] bytes = entries.encode(key);
        V present = entries.get(key, bytes);
        return present != null ? present : entries.load(key, bytes, loader, false);
    }

    /** The values of those of {@code keys} that are there, in their order; a map that cannot be changed. */
    public Map<K, V> getAllPresent(Iterable<? extends K> keys) {
        Map<K, V> present = new LinkedHashMap<>();
        for (K key : keys) {
            V value = entries.get(key, entries.encode(key));
            if (value != null) {
                present.put(key, value);
            }
        }
        return Collections.unmodifiableMap(present);
    }

    /**
     * The values of {@code keys}, in their order; those that are missing are loaded by one call, and put. While that
     * runs, they are as for {@link #get(Object, Function)}.
     *
     * @param keys is gone through once
     * @param loader is given the missing keys, and answers a value for each that has one; others that it answers are
     *     put too
     * @return a map of what there is, that cannot be changed
     */
    public Map<K, V> getAll(
            Iterable<? extends K> keys,
            Function<? super Set<? extends K>, ? extends Map<? extends K, ? extends V>> loader) {
        Objects.requireNonNull(loader, "loader");
        List<K> asked = new ArrayList<>();
        List<byte[]> encodings = new ArrayList<>();
        Map<byte[], K> missing = new TreeMap<>(Arrays::compareUnsigned);
        Map<byte[], V> found = new TreeMap<>(Arrays::compareUnsigned);
        for (K key : keys) {
            byte[] bytes = entries.encode(key).clone();
            asked.add(key);
            encodings.add(bytes);
            V present = entries.get(key, bytes);
            if (present != null) {
                found.put(bytes, present);
            } else {
                missing.put(bytes, key);
            }
        }
        if (!missing.isEmpty()) {
            entries.loadAll(missing, found, wanted -> loader.apply(new LinkedHashSet<>(wanted)));
        }
        Map<K, V> result = new LinkedHashMap<>();
        for (int number = 0; number < asked.size(); number++) {
            V value = found.get(encodings.get(number));
            if (value != null) {
                result.put(asked.get(number), value);
            }
        }
        return Collections.unmodifiableMap(result);
    }

    /**
     * Stores a copy of {@code value}, in place of an earlier one.
     *
     * @throws IllegalArgumentException if key or value are too long
     * @throws MaxMemoryException if the limit leaves no room and the policy can make none; the key keeps the value it
     *     had
     * @throws dev.zmalloc.NativeOutOfMemoryError if the allocator has no memory; the key keeps the value it had
     */
    public void put(K key, V value) {
        entries.put(key, value);
    }

    /**
     * Like {@link #put(Object, Object)}, and the entry lives for {@code timeToLive}, whatever the cache's times say:
     * until its value is replaced, by a put without a time, or until it is read, where the cache counts reads
     * ({@link OffHeapCacheBuilder#expireAfterAccess}, {@link OffHeapCacheBuilder#expireAfter}). From then on the
     * cache's times count again, be that sooner or later.
     *
     * @param timeToLive 0 or less: it expires at once; {@code null}: it lives for as long as the one in its place had
     *     left, or forever if there was none
     */
    public void put(K key, V value, @Nullable Duration timeToLive) {
        entries.put(key, value, timeToLive);
    }

    /** Puts each entry of {@code map}, one after another; what one refusal throws leaves those before it in. */
    public void putAll(Map<? extends K, ? extends V> map) {
        map.forEach(this::put);
    }

    /**
     * Removes {@code key}, once no load of it is under way.
     *
     * @throws IllegalStateException if the load waits for this call: if it is made from the loader, above all
     */
    public void invalidate(K key) {
        entries.remove(key);
    }

    /** Removes each of {@code keys}. */
    public void invalidateAll(Iterable<? extends K> keys) {
        keys.forEach(this::invalidate);
    }

    /**
     * Removes everything, once the loads under way have ended. Takes constant time unless a listener wants to know. Not
     * atomic against other threads' puts.
     *
     * @throws IllegalStateException if a load waits for this call, as for {@link #invalidate}
     */
    public void invalidateAll() {
        entries.clear();
    }

    /** The number of entries, those included that have expired and were not yet removed. */
    public long estimatedSize() {
        return entries.store().size();
    }

    /** Bytes in use by entries, table and all else: see {@link OffHeapStore#usedMemory}. */
    public long usedMemory() {
        return entries.store().usedMemory();
    }

    /**
     * The store that the entries are in, to look at: what is put there past the cache has no times of the cache's, and
     * may be nothing that its codecs know.
     */
    public OffHeapStore store() {
        return entries.store();
    }

    /** What the cache has done so far. */
    public CacheStatistics statistics() {
        return entries.statistics();
    }

    /**
     * The entries as a map, through which they can be changed too. Each operation on a key is atomic. Functions are
     * called as the map's interface says; those of {@code compute} and {@code merge} run again if the key is put
     * meanwhile. Iterators give copies, as {@link OffHeapStore#iterator} does; to set an entry's value puts it. Values
     * are the same if they are equal or have the same bytes. Its size is {@link #estimatedSize}.
     */
    public ConcurrentMap<K, V> asMap() {
        return map;
    }

    /** The cache's limits and times, and those of single entries. */
    public CachePolicy<K> policy() {
        return policy;
    }

    /** Frees all memory and refuses later calls; see {@link OffHeapStore#close()}. */
    @Override
    public void close() {
        entries.store().close();
    }

    /** Whether {@link #close} was called. */
    public boolean isClosed() {
        return entries.store().isClosed();
    }
}
