package dev.zmalloc.store;

import dev.zmalloc.table.EntryLayout;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * When entries of a cache expire and are to be refreshed, in milliseconds of the store's clock, which begins with the
 * cache.
 */
final class CacheExpiry<K, V> {
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final LongSupplier ticker;
    private final long origin;
    private final long afterWrite;
    private final long afterAccess;
    private final long refreshAfterWrite;
    private final @Nullable Expiry<? super K, ? super V> variable;

    /** Durations are {@code null} if they were not set. */
    CacheExpiry(
            LongSupplier ticker,
            @Nullable Duration afterWrite,
            @Nullable Duration afterAccess,
            @Nullable Duration refreshAfterWrite,
            @Nullable Expiry<? super K, ? super V> variable) {
        this.ticker = ticker;
        this.afterWrite = millis(afterWrite);
        this.afterAccess = millis(afterAccess);
        this.refreshAfterWrite = millis(refreshAfterWrite);
        this.variable = variable;
        origin = ticker.getAsLong();
    }

    private static long millis(@Nullable Duration duration) {
        return duration == null ? EntryLayout.NEVER : ceilingMillis(TimeUnit.NANOSECONDS.convert(duration));
    }

    private static long ceilingMillis(long nanos) {
        return nanos == Long.MAX_VALUE ? EntryLayout.NEVER : Math.ceilDiv(nanos, NANOS_PER_MILLI);
    }

    /** The store's clock: whatever the ticker begins with, it does not pass the range of a long here. */
    long now() {
        return Math.floorDiv(ticker.getAsLong() - origin, NANOS_PER_MILLI);
    }

    /** Whether anything expires. */
    boolean expires() {
        return afterWrite != EntryLayout.NEVER || afterAccess != EntryLayout.NEVER || variable != null;
    }

    /** Whether a read may change when its entry expires. */
    boolean countsReads() {
        return afterAccess != EntryLayout.NEVER || variable != null;
    }

    /** Whether a change depends on whether there was an entry, and when that was to expire. */
    boolean isVariable() {
        return variable != null;
    }

    /** Whether values need to be stamped with the time of their writing, for it cannot be told of their expiry. */
    boolean needsStamps() {
        return refreshAfterWrite != EntryLayout.NEVER
                || (afterWrite != EntryLayout.NEVER && afterAccess != EntryLayout.NEVER);
    }

    /** Whether a value that was written at {@code stamp} is to be refreshed. */
    boolean isToRefresh(long stamp) {
        return refreshAfterWrite != EntryLayout.NEVER && now() - stamp >= refreshAfterWrite;
    }

    /** When a new entry expires. */
    long created(K key, V value) {
        return variable == null
                ? after(Math.min(afterWrite, afterAccess))
                : after(ceilingMillis(variable.expireAfterCreate(key, value, ticker.getAsLong())));
    }

    /** When an entry expires whose value was replaced, and that would have expired at {@code expiry}. */
    long updated(K key, V value, long expiry) {
        if (variable == null) {
            return created(key, value);
        }
        long left = nanosLeft(expiry);
        long answer = variable.expireAfterUpdate(key, value, ticker.getAsLong(), left);
        return answer == left ? expiry : after(ceilingMillis(answer));
    }

    /**
     * When an entry expires that was read, and would have expired at {@code expiry}.
     *
     * @param stamp when it was written, if that is known
     */
    long read(K key, V value, long expiry, long stamp) {
        if (variable == null) {
            long latest = afterWrite == EntryLayout.NEVER ? EntryLayout.NEVER : saturated(stamp, afterWrite);
            return Math.min(latest, after(afterAccess));
        }
        long left = nanosLeft(expiry);
        long answer = variable.expireAfterRead(key, value, ticker.getAsLong(), left);
        return answer == left ? expiry : after(ceilingMillis(answer));
    }

    /** When what lives for {@code duration} from now on expires. */
    long after(Duration duration) {
        return after(millis(duration));
    }

    private long after(long millis) {
        return saturated(now(), millis);
    }

    private static long saturated(long time, long millis) {
        long sum = time + millis;
        return millis == EntryLayout.NEVER || (millis > 0 && sum < time) ? EntryLayout.NEVER : sum;
    }

    /** How long an entry has to live that expires at {@code expiry}; {@link Long#MAX_VALUE} if it does not. */
    long nanosLeft(long expiry) {
        return expiry == EntryLayout.NEVER
                ? Long.MAX_VALUE
                : TimeUnit.NANOSECONDS.convert(expiry - now(), TimeUnit.MILLISECONDS);
    }

    /** As it was set; {@code null} if not. */
    @Nullable
    Duration afterWrite() {
        return duration(afterWrite);
    }

    @Nullable
    Duration afterAccess() {
        return duration(afterAccess);
    }

    @Nullable
    Duration refreshAfterWrite() {
        return duration(refreshAfterWrite);
    }

    private static @Nullable Duration duration(long millis) {
        return millis == EntryLayout.NEVER ? null : Duration.ofMillis(millis);
    }
}
