package dev.zmalloc.jcache;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import javax.cache.management.CacheStatisticsMXBean;

/** Counts what a cache does, while that is enabled. */
final class JCacheStatistics implements CacheStatisticsMXBean {
    private final LongAdder hits = new LongAdder();
    private final LongAdder misses = new LongAdder();
    private final LongAdder puts = new LongAdder();
    private final LongAdder removals = new LongAdder();
    private final LongAdder getNanos = new LongAdder();
    private final LongAdder putNanos = new LongAdder();
    private final LongAdder removeNanos = new LongAdder();

    /** All that were evicted so far. */
    private final LongSupplier evictions;

    private volatile long evictionsBefore;
    private volatile boolean isEnabled;

    JCacheStatistics(LongSupplier evictions) {
        this.evictions = evictions;
    }

    void enable(boolean enabled) {
        isEnabled = enabled;
    }

    boolean isEnabled() {
        return isEnabled;
    }

    /** When an operation begins; 0 if nobody wants to know. */
    long start() {
        return isEnabled ? System.nanoTime() : 0;
    }

    void read(boolean isHit) {
        if (isEnabled) {
            (isHit ? hits : misses).increment();
        }
    }

    void put() {
        if (isEnabled) {
            puts.increment();
        }
    }

    void removed() {
        if (isEnabled) {
            removals.increment();
        }
    }

    void endGet(long start) {
        end(start, getNanos);
    }

    void endPut(long start) {
        end(start, putNanos);
    }

    void endRemove(long start) {
        end(start, removeNanos);
    }

    private static void end(long start, LongAdder nanos) {
        if (start != 0) {
            nanos.add(System.nanoTime() - start);
        }
    }

    @Override
    public void clear() {
        for (LongAdder adder : new LongAdder[] {hits, misses, puts, removals, getNanos, putNanos, removeNanos}) {
            adder.reset();
        }
        evictionsBefore = evictions.getAsLong();
    }

    @Override
    public long getCacheHits() {
        return hits.sum();
    }

    @Override
    public float getCacheHitPercentage() {
        return percentage(getCacheHits());
    }

    @Override
    public long getCacheMisses() {
        return misses.sum();
    }

    @Override
    public float getCacheMissPercentage() {
        return percentage(getCacheMisses());
    }

    private float percentage(long count) {
        long gets = getCacheGets();
        return gets == 0 ? 0 : 100f * count / gets;
    }

    @Override
    public long getCacheGets() {
        return getCacheHits() + getCacheMisses();
    }

    @Override
    public long getCachePuts() {
        return puts.sum();
    }

    @Override
    public long getCacheRemovals() {
        return removals.sum();
    }

    @Override
    public long getCacheEvictions() {
        return evictions.getAsLong() - evictionsBefore;
    }

    @Override
    public float getAverageGetTime() {
        return averageMicros(getNanos, getCacheGets());
    }

    @Override
    public float getAveragePutTime() {
        return averageMicros(putNanos, getCachePuts());
    }

    @Override
    public float getAverageRemoveTime() {
        return averageMicros(removeNanos, getCacheRemovals());
    }

    private static float averageMicros(LongAdder nanos, long count) {
        return count == 0 ? 0 : (float) nanos.sum() / count / TimeUnit.MICROSECONDS.toNanos(1);
    }
}
