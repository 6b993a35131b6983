package dev.zmalloc.store;

import dev.zmalloc.table.EntryLayout;
import java.time.Duration;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The limits and times of an {@link OffHeapCache}, and those of single entries.
 *
 * @param <K> the type of keys
 */
@SuppressWarnings("exports") // the annotations of jspecify, which need not be there for who compiles against this
public final class CachePolicy<K> {
    private final CacheEntries<K, ?> entries;
    private final boolean recordsStats;

    CachePolicy(CacheEntries<K, ?> entries, boolean recordsStats) {
        this.entries = entries;
        this.recordsStats = recordsStats;
    }

    /** The limits on memory and entries and the eviction policy, to ask for and to change, and what was evicted. */
    public StoreEviction eviction() {
        return entries.store().eviction();
    }

    /** Whether loads are counted. */
    public boolean isRecordingStats() {
        return recordsStats;
    }

    /** How long after its writing an entry expires; {@code null} if that does not count. */
    public @Nullable Duration expireAfterWrite() {
        return entries.expiry().afterWrite();
    }

    /** How long after its last use an entry expires; {@code null} if that does not count. */
    public @Nullable Duration expireAfterAccess() {
        return entries.expiry().afterAccess();
    }

    /** How long after its writing an entry is refreshed; {@code null} if it is not. */
    public @Nullable Duration refreshAfterWrite() {
        return entries.expiry().refreshAfterWrite();
    }

    /** How long an entry has to live; {@code null} if it is not there, or does not expire. Not a use of it. */
    public @Nullable Duration timeToLive(K key) {
        byte[] bytes = entries.encode(key);
        Long expiry = entries.store().operations().expiry(bytes, bytes.length);
        return expiry == null || expiry == EntryLayout.NEVER
                ? null
                : Duration.ofNanos(entries.expiry().nanosLeft(expiry));
    }

    /**
     * Lets an entry live for {@code timeToLive} from now on, until it is read or replaced and the cache's times count
     * again, as by {@link OffHeapCache#put(Object, Object, Duration)}. Answers whether it is there. An entry that did
     * not expire and is to, or the other way round, gives way to a copy, for which there must be room.
     *
     * @param timeToLive 0 or less: it expires at once; 292 years or more: never
     * @throws MaxMemoryException if it needs a copy, the limit leaves no room for that, and the policy can make none;
     *     it expires as it did
     * @throws dev.zmalloc.NativeOutOfMemoryError if it needs a copy and the allocator has no memory; likewise
     */
    public boolean expire(K key, Duration timeToLive) {
        byte[] bytes = entries.encode(key);
        entries.store().keeper().start();
        return entries.store()
                .operations()
                .expireAt(bytes, bytes.length, entries.expiry().after(timeToLive));
    }

    /** The usable bytes that an entry takes: see {@link OffHeapStore#entryBytes}. */
    public OptionalLong entryBytes(K key) {
        return entries.store().entryBytes(entries.encode(key));
    }
}
