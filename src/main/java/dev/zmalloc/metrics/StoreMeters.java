package dev.zmalloc.metrics;

import dev.zmalloc.store.CacheStatistics;
import dev.zmalloc.store.OffHeapCache;
import dev.zmalloc.store.OffHeapStore;
import dev.zmalloc.store.StoreStatistics;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.micrometer.core.instrument.binder.cache.CacheMeterBinder;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * A store as Micrometer's meters of a cache, under the names that these have by convention ({@code cache.size},
 * {@code cache.gets}, {@code cache.puts}, {@code cache.evictions}), and besides:
 *
 * <table>
 * <caption>Meters of a store alone</caption>
 * <tr><th>name</th><th>tag</th><th>what</th></tr>
 * <tr><td>{@code cache.memory.used}</td><td></td><td>bytes in use, everything counted</td></tr>
 * <tr><td>{@code cache.memory.max}</td><td></td><td>the limit in bytes, 0 for none</td></tr>
 * <tr><td>{@code cache.memory.awaiting}</td><td></td><td>bytes of blocks that wait for a reader to end</td></tr>
 * <tr><td>{@code cache.puts.rejected}</td><td>{@code reason}: too-large, no-room, no-memory</td><td>refusals</td></tr>
 * <tr><td>{@code cache.removals}</td><td>{@code cause}: size, expired, explicit</td><td>entries that went</td></tr>
 * </table>
 *
 * <p>Of an {@link OffHeapCache} also {@code cache.load}, with the tag {@code result}: success, failure, and
 * {@code cache.load.duration}, if it {@linkplain dev.zmalloc.store.OffHeapCacheBuilder#recordStats records} loads.
 *
 * <p>Each reading takes constant time. The registry does not keep the store from being collected; of a closed one the
 * last figures are shown.
 *
 * <p>It needs {@code io.micrometer:micrometer-core}. Without that this class cannot be loaded: the line that names it
 * gets a {@link NoClassDefFoundError} that names Micrometer.
 */
@SuppressWarnings("exports") // Micrometer, which need not be there for who compiles against the rest
public final class StoreMeters extends CacheMeterBinder<OffHeapStore> {
    /**
     * Makes the binder; {@link #bindTo} registers.
     *
     * @param name the store's, for the tag {@code cache}
     */
    public StoreMeters(OffHeapStore store, String name, Iterable<Tag> tags) {
        super(store, name, tags);
    }

    /** Registers the meters of {@code store}, and answers it. */
    public static OffHeapStore monitor(MeterRegistry registry, OffHeapStore store, String name, Iterable<Tag> tags) {
        new StoreMeters(store, name, tags).bindTo(registry);
        return store;
    }

    /** Registers the meters of {@code cache}, and answers it. */
    public static <K, V> OffHeapCache<K, V> monitor(
            MeterRegistry registry, OffHeapCache<K, V> cache, String name, Iterable<Tag> tags) {
        StoreMeters meters = new StoreMeters(cache.store(), name, tags);
        meters.bindTo(registry);
        if (cache.policy().isRecordingStats()) {
            meters.loaded(registry, cache, "success", CacheStatistics::loads);
            meters.loaded(registry, cache, "failure", CacheStatistics::loadFailures);
            FunctionTimer.builder(
                            "cache.load.duration",
                            cache,
                            present -> present.statistics().loads()
                                    + present.statistics().loadFailures(),
                            present -> present.statistics().loadNanos(),
                            TimeUnit.NANOSECONDS)
                    .tags(meters.getTagsWithCacheName())
                    .description("What loads took")
                    .register(registry);
        }
        return cache;
    }

    private void loaded(
            MeterRegistry registry, OffHeapCache<?, ?> cache, String result, ToLongFunction<CacheStatistics> figure) {
        FunctionCounter.builder("cache.load", cache, present -> figure.applyAsLong(present.statistics()))
                .tags(Tags.concat(getTagsWithCacheName(), "result", result))
                .description("Values that were asked of a loader")
                .register(registry);
    }

    private long figure(ToLongFunction<StoreStatistics> figure) {
        OffHeapStore store = getCache();
        return store == null ? 0 : figure.applyAsLong(store.statistics());
    }

    @Override
    protected @Nullable Long size() {
        return figure(StoreStatistics::entries);
    }

    @Override
    protected long hitCount() {
        return figure(StoreStatistics::hits);
    }

    @Override
    protected @Nullable Long missCount() {
        return figure(StoreStatistics::misses);
    }

    @Override
    protected @Nullable Long evictionCount() {
        return figure(StoreStatistics::evictions);
    }

    @Override
    protected long putCount() {
        return figure(StoreStatistics::puts);
    }

    @Override
    protected void bindImplementationSpecificMetrics(MeterRegistry registry) {
        bytes(registry, "cache.memory.used", "Bytes in use", StoreStatistics::usedMemory);
        bytes(registry, "cache.memory.max", "The limit; 0 for none", StoreStatistics::maxMemory);
        bytes(registry, "cache.memory.awaiting", "Bytes that wait for readers", StoreStatistics::awaitingReclamation);
        rejected(registry, "too-large", StoreStatistics::rejectedTooLarge);
        rejected(registry, "no-room", StoreStatistics::rejectedNoRoom);
        rejected(registry, "no-memory", StoreStatistics::rejectedNoMemory);
        removed(registry, "size", StoreStatistics::evictions);
        removed(registry, "expired", StoreStatistics::expirations);
        removed(registry, "explicit", StoreStatistics::removals);
    }

    private void bytes(
            MeterRegistry registry, String name, String description, ToLongFunction<StoreStatistics> figure) {
        OffHeapStore store = getCache();
        if (store != null) {
            Gauge.builder(name, store, present -> figure.applyAsLong(present.statistics()))
                    .tags(getTagsWithCacheName())
                    .description(description)
                    .baseUnit(BaseUnits.BYTES)
                    .register(registry);
        }
    }

    private void rejected(MeterRegistry registry, String reason, ToLongFunction<StoreStatistics> figure) {
        counter(registry, "cache.puts.rejected", "Entries that were refused", Tag.of("reason", reason), figure);
    }

    private void removed(MeterRegistry registry, String cause, ToLongFunction<StoreStatistics> figure) {
        counter(registry, "cache.removals", "Entries that went", Tag.of("cause", cause), figure);
    }

    private void counter(
            MeterRegistry registry, String name, String description, Tag tag, ToLongFunction<StoreStatistics> figure) {
        OffHeapStore store = getCache();
        if (store != null) {
            FunctionCounter.builder(name, store, present -> figure.applyAsLong(present.statistics()))
                    .tags(Tags.concat(getTagsWithCacheName(), tag.getKey(), tag.getValue()))
                    .description(description)
                    .register(registry);
        }
    }
}
