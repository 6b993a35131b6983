package dev.zmalloc.metrics;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;

/** The bean of a store. */
record StoreBean(OffHeapStore store) implements StoreMXBean {
    @Override
    public long getEntries() {
        return store.size();
    }

    @Override
    public long getUsedMemory() {
        return store.usedMemory();
    }

    @Override
    public long getMaxMemory() {
        return store.maxMemory();
    }

    @Override
    public long getExcessBytes() {
        return store.eviction().excessBytes();
    }

    @Override
    public long getAwaitingReclamation() {
        return store.statistics().awaitingReclamation();
    }

    @Override
    public String getEvictionPolicy() {
        return store.eviction().policy().toString();
    }

    @Override
    public long getHits() {
        return store.statistics().hits();
    }

    @Override
    public long getMisses() {
        return store.statistics().misses();
    }

    @Override
    public double getHitRatio() {
        return store.statistics().hitRatio();
    }

    @Override
    public long getPuts() {
        return store.statistics().puts();
    }

    @Override
    public long getRemovals() {
        return store.statistics().removals();
    }

    @Override
    public long getEvictions() {
        return store.statistics().evictions();
    }

    @Override
    public long getExpirations() {
        return store.statistics().expirations();
    }

    @Override
    public long getRejections() {
        return store.statistics().rejections();
    }

    @Override
    public double getChainLength() {
        return store.statistics().chainLength();
    }

    @Override
    public void changeMaxMemory(String limit) {
        store.eviction().setMaxMemory(limit);
    }

    @Override
    public void changeEvictionPolicy(String policy) {
        store.eviction().setPolicy(EvictionPolicy.parse(policy));
    }

    @Override
    public String performEvictions() {
        return store.eviction().performEvictions().name();
    }

    @Override
    public void clear() {
        store.clear();
    }
}
