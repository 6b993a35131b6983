package dev.zmalloc.evict;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What tunes the policies: Redis' parameters, with its names, defaults and bounds, and some for what Redis has not.
 *
 * @param samples {@code maxmemory-samples}: items to look at for each victim, 1 to 64. 5 is close to the real least
 *     recently used with the pool's help, 10 closer and dearer
 * @param tenacity {@code maxmemory-eviction-tenacity}: how long {@link Evictor#performEvictions} may take, 0 to 100;
 *     see {@link #timeLimitNanos}
 * @param lfuLogFactor {@code lfu-log-factor}: how slowly the counter of uses grows, 0 or more; with 10 it is full after
 *     about a million uses
 * @param lfuDecayMinutes {@code lfu-decay-time}: minutes after which it is one less, 0 for never
 * @param clockResolution {@code lru-clock-resolution}: ticks of the {@link AccessClock} while all items are replaced
 *     once, 64 to 8192. What is not used for 65,536 ticks looks new again
 * @param smallPercent {@code s3fifo-small-percent}: the small queue's share, 1 to 50
 * @param promoteAt {@code s3fifo-threshold}: uses in the small queue that get an item into the main one, 1 to 3
 * @param sizeWeight {@code gdsf-size-weight}: 1 to evict large items sooner, which raises the share of requests that
 *     hit; 0 to disregard sizes, which raises the share of bytes
 */
public record EvictionParameters(
        int samples,
        int tenacity,
        int lfuLogFactor,
        int lfuDecayMinutes,
        int clockResolution,
        int smallPercent,
        int promoteAt,
        int sizeWeight) {
    /** Redis' defaults, and ours for the rest. */
    public static final EvictionParameters DEFAULTS = new EvictionParameters(5, 10, 10, 1, 2048, 10, 2, 1);

    private static final String SAMPLES = "maxmemory-samples";
    private static final String TENACITY = "maxmemory-eviction-tenacity";
    private static final String LFU_LOG_FACTOR = "lfu-log-factor";
    private static final String LFU_DECAY_TIME = "lfu-decay-time";
    private static final String CLOCK_RESOLUTION = "lru-clock-resolution";
    private static final String SMALL_PERCENT = "s3fifo-small-percent";
    private static final String THRESHOLD = "s3fifo-threshold";
    private static final String SIZE_WEIGHT = "gdsf-size-weight";

    private static final int STEADY_TENACITY = 10;
    private static final int MAX_TENACITY = 100;
    private static final long NANOS_PER_TENACITY = 50_000;
    private static final double GROWTH = 1.15;

    /**
     * Checks the bounds.
     *
     * @throws IllegalArgumentException if a number is out of its bounds; the message tells them
     */
    public EvictionParameters {
        check(SAMPLES, samples, 1, 64);
        check(TENACITY, tenacity, 0, MAX_TENACITY);
        check(LFU_LOG_FACTOR, lfuLogFactor, 0, Integer.MAX_VALUE);
        check(LFU_DECAY_TIME, lfuDecayMinutes, 0, Integer.MAX_VALUE);
        check(CLOCK_RESOLUTION, clockResolution, 64, 8192);
        check(SMALL_PERCENT, smallPercent, 1, 50);
        check(THRESHOLD, promoteAt, 1, 3);
        check(SIZE_WEIGHT, sizeWeight, 0, 1);
    }

    private static void check(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " must be " + least + " to " + most + ", not " + value);
        }
    }

    /**
     * These parameters with one changed.
     *
     * @param name as Redis writes it, such as {@code maxmemory-samples}
     * @throws IllegalArgumentException if there is none of that name, or {@code value} is out of its bounds
     */
    public EvictionParameters with(String name, int value) {
        Map<String, Integer> values = values();
        if (values.replace(name, value) == null) {
            throw new IllegalArgumentException(
                    "no parameter is called '" + name + "'; there are " + String.join(", ", values.keySet()));
        }
        Integer[] all = values.values().toArray(Integer[]::new);
        return new EvictionParameters(all[0], all[1], all[2], all[3], all[4], all[5], all[6], all[7]);
    }

    /** The parameters by their names, in the order of this record. */
    public Map<String, Integer> values() {
        Map<String, Integer> values = new LinkedHashMap<>();
        values.put(SAMPLES, samples);
        values.put(TENACITY, tenacity);
        values.put(LFU_LOG_FACTOR, lfuLogFactor);
        values.put(LFU_DECAY_TIME, lfuDecayMinutes);
        values.put(CLOCK_RESOLUTION, clockResolution);
        values.put(SMALL_PERCENT, smallPercent);
        values.put(THRESHOLD, promoteAt);
        values.put(SIZE_WEIGHT, sizeWeight);
        return values;
    }

    /**
     * How long {@link Evictor#performEvictions} may take: 50 microseconds for each step of tenacity up to ten, that is
     * half a millisecond by default, then 15 % more for each step: 575 microseconds at 11, 2 milliseconds at 20, two
     * minutes at 99. At 100 there is no limit, and this is {@link Long#MAX_VALUE}.
     */
    public long timeLimitNanos() {
        if (tenacity <= STEADY_TENACITY) {
            return tenacity * NANOS_PER_TENACITY;
        }
        return tenacity == MAX_TENACITY
                ? Long.MAX_VALUE
                : (long) (STEADY_TENACITY * NANOS_PER_TENACITY * Math.pow(GROWTH, tenacity - STEADY_TENACITY));
    }
}
