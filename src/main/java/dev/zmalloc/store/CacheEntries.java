package dev.zmalloc.store;

import dev.zmalloc.NativeOutOfMemoryError;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.HashTable;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a cache: a store's, with keys and values that are encoded.
 *
 * <p>What depends on the value that is there is a {@link #change}: its entry is pinned and decoded, and the change made
 * only if that very entry is still there, or else tried again. No user code runs under a lock of the store's. What may
 * run once only, or take long, has the key's lock of {@link KeyLocks} around it. A plain put does not wait for that: a
 * value that was loaded gives way to one that was put meanwhile, and a computation begins again. A removal does wait,
 * or else a value that was loaded before it could be stored after it.
 */
final class CacheEntries<K, V> {
    /** For a {@link Remapping}: there is nothing to change. */
    static final Object KEEP = new Object();

    private final OffHeapStore store;
    private final StoreOperations operations;
    private final Codec<K> keys;
    private final CacheValues<V> values;
    private final CacheExpiry<K, V> expiry;
    private final CacheListeners<K, V> listeners;
    private final KeyLocks locks = new KeyLocks();
    private final CacheStatistics.Loads loads = new CacheStatistics.Loads();

    /** What tells how long loads take; {@code null} if nobody wants to know. */
    private final @Nullable LongSupplier stopwatch;

    private final boolean isPlain;

    /** Is told of keys whose values are to be refreshed, with their encodings, which may be the caller's arrays. */
    private volatile BiConsumer<K, byte[]> refresher = (key, bytes) -> {};

    CacheEntries(
            OffHeapStore store,
            Codec<K> keys,
            CacheValues<V> values,
            CacheExpiry<K, V> expiry,
            CacheListeners<K, V> listeners,
            @Nullable LongSupplier stopwatch) {
        this.store = store;
        this.keys = keys;
        this.values = values;
        operations = store.operations();
        this.expiry = expiry;
        this.listeners = listeners;
        this.stopwatch = stopwatch;
        isPlain = values.isArray() && !expiry.countsReads();
    }

    /** What a key's value becomes. */
    interface Remapping<V> {
        /** Answers the value, {@code null} for none, or {@link #KEEP}. */
        @Nullable
        Object apply(@Nullable V before);
    }

    /** What became of a key. */
    static final class Change<V> {
        @Nullable
        V before;

        @Nullable
        V after;

        boolean isMade;
    }

    OffHeapStore store() {
        return store;
    }

    CacheExpiry<K, V> expiry() {
        return expiry;
    }

    CacheStatistics statistics() {
        return loads.with(store.statistics());
    }

    void refreshBy(BiConsumer<K, byte[]> consumer) {
        refresher = consumer;
    }

    /** The encoding of a key, which may be the caller's array. */
    byte[] encode(K key) {
        Objects.requireNonNull(key, "a cache has no null keys");
        byte[] bytes = keys instanceof BytesCodec<K> arrays
                ? arrays.arrayOf(key)
                : CacheValues.encodeToArray(keys, key, OffHeapStore.MAX_KEY_BYTES);
        if (bytes.length > OffHeapStore.MAX_KEY_BYTES) {
            throw new IllegalArgumentException(
                    "a key of " + bytes.length + " bytes: at most " + OffHeapStore.MAX_KEY_BYTES + " are allowed");
        }
        return bytes;
    }

    /** The value of a key; counts as a use of its entry, and as a hit or a miss. */
    @Nullable
    V get(K key, byte[] bytes) {
        if (isPlain) {
            byte[] encoded = operations.get(bytes, bytes.length);
            return encoded == null ? null : values.fromArray(encoded);
        }
        return operations.readEntry(bytes, bytes.length, (stripe, entry) -> {
            V value = values.decode(entry);
            use(key, value, stripe, entry, bytes);
            return value;
        });
    }

    private void use(K key, V value, Stripe stripe, long entry, byte[] bytes) {
        long stamp = values.stamp(entry);
        if (expiry.countsReads()) {
            long before = EntryLayout.expiry(entry);
            long after = expiry.read(key, value, before, stamp);
            if (before != EntryLayout.NEVER && after != EntryLayout.NEVER) {
                StoreOperations.touch(stripe, entry, after);
            } else if (before != after) {
                expireAt(bytes, after);
            }
        }
        if (expiry.isToRefresh(stamp)) {
            refresher.accept(key, bytes);
        }
    }

    /** Where that needs a copy and there is no room for it, reading goes on all the same. */
    private void expireAt(byte[] bytes, long after) {
        try {
            operations.expireAt(bytes, bytes.length, after);
        } catch (MaxMemoryException | NativeOutOfMemoryError e) {
            // The expiry is as it was.
        }
    }

    /** The value of a key; counts as nothing. */
    @Nullable
    V peek(byte[] bytes) {
        Change<V> seen = new Change<>();
        operations.change(bytes, bytes.length, (stripe, hash, entry) -> {
            seen.before = values.decode(entry);
            return true;
        });
        return seen.before;
    }

    boolean containsKey(K key) {
        byte[] bytes = encode(key);
        return operations.containsKey(bytes, bytes.length);
    }

    boolean areSame(V left, V right) {
        return values.areSame(left, right);
    }

    void put(K key, V value) {
        byte[] bytes = encode(key);
        requireValue(value);
        if (expiry.isVariable()) {
            change(key, bytes, before -> value);
            return;
        }
        checkOpen();
        put(bytes, value, expiry.created(key, value), HashTable.ANY);
    }

    /** Puts a value that lives for so long; {@code null}: for as long as the one in its place had to live. */
    void put(K key, V value, @Nullable Duration timeToLive) {
        byte[] bytes = encode(key);
        requireValue(value);
        store.keeper().start();
        if (timeToLive == null) {
            change(key, bytes, before -> value, before -> before);
            return;
        }
        checkOpen();
        put(bytes, value, expiry.after(timeToLive), HashTable.ANY);
    }

    static void requireValue(@Nullable Object value) {
        Objects.requireNonNull(value, "a cache has no null values");
    }

    private boolean put(byte[] key, V value, long expires, long expected) {
        Object encoded = values.encode(value);
        return operations.put(key, key.length, encoded, CacheValues.bytes(encoded), expires, expected);
    }

    /** Removes a key, once no load of it is under way. */
    void remove(K key) {
        byte[] bytes = encode(key);
        locks.await(bytes);
        operations.remove(bytes, bytes.length);
    }

    /** Like {@link #change}, for what removes, once no load of the key is under way. */
    Change<V> remove(K key, byte[] bytes, Remapping<V> remapping) {
        locks.await(bytes);
        return change(key, bytes, remapping);
    }

    void clear() {
        // Of keys too that are not there yet: a value that was loaded before must not come after.
        locks.awaitAll();
        if (listeners.wants(RemovalCause.REMOVED)) {
            keys().forEachRemaining(this::remove);
        } else {
            store.clear();
        }
    }

    /** Like {@link #change}, while nobody else computes a value for the key. */
    @Nullable
    V compute(K key, Remapping<V> remapping) {
        byte[] bytes = encode(key).clone();
        ByteBuffer locked = locks.lock(bytes);
        try {
            return change(key, bytes, remapping).after;
        } finally {
            locks.unlock(locked);
        }
    }

    /** Changes the value of a key by what it was. The remapping may run more than once. */
    Change<V> change(K key, byte[] bytes, Remapping<V> remapping) {
        return change(key, bytes, remapping, null);
    }

    /**
     * Changes the value of a key by what it was.
     *
     * @param times tells when the entry expires, by when the one before it did, or would never; {@code null}: as the
     *     cache's expiry says
     */
    private Change<V> change(K key, byte[] bytes, Remapping<V> remapping, @Nullable LongUnaryOperator times) {
        checkOpen();
        Change<V> change = new Change<>();
        boolean isDone = false;
        while (!isDone) {
            isDone = operations.change(bytes, bytes.length, (stripe, hash, entry) -> {
                decide(change, values.decode(entry), remapping);
                if (!change.isMade) {
                    return true;
                }
                if (change.after != null) {
                    long before = EntryLayout.expiry(entry);
                    long expires =
                            times == null ? expiry.updated(key, change.after, before) : times.applyAsLong(before);
                    return put(bytes, change.after, expires, entry);
                }
                return operations.remove(stripe, hash, bytes, bytes.length, entry);
            });
            if (!isDone) {
                decide(change, null, remapping);
                isDone = change.after == null
                        || put(
                                bytes,
                                change.after,
                                times == null
                                        ? expiry.created(key, change.after)
                                        : times.applyAsLong(EntryLayout.NEVER),
                                HashTable.ABSENT);
            }
        }
        return change;
    }

    @SuppressWarnings("unchecked") // what is not KEEP is a value
    private static <V> void decide(Change<V> change, @Nullable V before, Remapping<V> remapping) {
        Object after = remapping.apply(before);
        change.before = before;
        change.isMade = after != KEEP;
        change.after = after == KEEP ? before : (V) after;
    }

    /**
     * The value of a key, or else the one that {@code loader} tells, which runs once, however many threads ask.
     *
     * @param mustStore whether it is an error that there is no room for the value; else it is answered all the same
     * @throws IllegalStateException if the loader of a key asks for that key
     */
    @Nullable
    V load(K key, byte[] given, Function<? super K, ? extends @Nullable V> loader, boolean mustStore) {
        byte[] bytes = given.clone();
        ByteBuffer locked = locks.lock(bytes);
        try {
            V present = peek(bytes);
            if (present != null) {
                return present;
            }
            V loaded = timed(loader, key);
            return loaded == null ? null : putLoaded(key, bytes, loaded, mustStore);
        } finally {
            locks.unlock(locked);
        }
    }

    /** Puts a value that was loaded, unless one was put meanwhile. Answers which is it. */
    private V putLoaded(K key, byte[] bytes, V loaded, boolean mustStore) {
        try {
            Change<V> change = change(key, bytes, before -> before == null ? loaded : KEEP);
            return change.before == null ? loaded : change.before;
        } catch (MaxMemoryException | NativeOutOfMemoryError e) {
            if (mustStore) {
                throw e;
            }
            return loaded;
        }
    }

    /**
     * Adds the values of keys that are not there, by a loader that is asked for all of these at once.
     *
     * @param missing by their encodings, which nobody changes
     * @param found takes what the keys have, by their encodings
     */
    void loadAll(
            Map<byte[], K> missing,
            Map<byte[], V> found,
            Function<? super Collection<K>, ? extends Map<? extends K, ? extends V>> loader) {
        List<ByteBuffer> locked = locks.lockAll(missing.keySet());
        try {
            missing.forEach((bytes, key) -> {
                V present = peek(bytes);
                if (present != null) {
                    found.put(bytes, present);
                }
            });
            Collection<K> wanted = missing.entrySet().stream()
                    .filter(entry -> !found.containsKey(entry.getKey()))
                    .map(Map.Entry::getValue)
                    .toList();
            if (!wanted.isEmpty()) {
                Map<? extends K, ? extends V> loaded = timed(loader, wanted);
                Objects.requireNonNull(loaded, "what loads has answered no map");
                loaded.forEach((key, value) -> {
                    requireValue(value);
                    byte[] bytes = encode(key).clone();
                    found.put(bytes, putLoaded(key, bytes, value, false));
                });
            }
        } finally {
            locks.unlockAll(locked);
        }
    }

    /**
     * Puts what the loader makes of the old value in its place, unless that was changed meanwhile; loads it if there is
     * none.
     */
    @Nullable
    V reload(K key, byte[] bytes, CacheLoader<K, V> loader, Function<? super K, ? extends @Nullable V> loading) {
        Change<V> change = new Change<>();
        boolean isThere = operations.change(bytes, bytes.length, (stripe, hash, entry) -> {
            V before = values.decode(entry);
            V after = timed(unchecked(same -> loader.reload(same, before)), key);
            change.isMade = after == null
                    ? operations.remove(stripe, hash, bytes, bytes.length, entry)
                    : put(bytes, after, expiry.updated(key, after, EntryLayout.expiry(entry)), entry);
            change.before = before;
            change.after = after;
            return true;
        });
        if (!isThere) {
            return load(key, bytes, loading, false);
        }
        return change.after;
    }

    /** A function of a loader's: what it throws that is checked comes as the cause of something unchecked. */
    static <A, B> Function<A, @Nullable B> unchecked(ThrowingFunction<A, B> function) {
        return argument -> {
            try {
                return function.apply(argument);
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                if (e instanceof InterruptedException) {
                    Thread.currentThread().interrupt();
                }
                throw new CompletionException(e);
            }
        };
    }

    /** What may throw. */
    interface ThrowingFunction<A, B> {
        @Nullable
        B apply(A argument) throws Exception;
    }

    private <A, B> @Nullable B timed(Function<? super A, ? extends @Nullable B> function, A argument) {
        LongSupplier watch = stopwatch;
        if (watch == null) {
            return function.apply(argument);
        }
        long start = watch.getAsLong();
        B result = null;
        try {
            result = function.apply(argument);
            return result;
        } finally {
            loads.add(result != null, watch.getAsLong() - start);
        }
    }

    /** Copies of all entries, by a {@link OffHeapStore#scan}. */
    Iterator<Map.Entry<K, V>> entries() {
        return new StoreIterator<>(store.scanning(), (key, value) -> Map.entry(keys.decode(key), values.decode(value)));
    }

    /** Copies of all keys. */
    Iterator<K> keys() {
        return new StoreIterator<>(store.scanning(), (key, value) -> keys.decode(key));
    }

    private void checkOpen() {
        if (store.isClosed()) {
            throw new IllegalStateException("the cache is closed");
        }
    }
}
