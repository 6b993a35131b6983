package dev.zmalloc.store;

import dev.zmalloc.evict.EvictionTarget;

/** Lets a bench at what eviction is made of. */
public final class EvictionProbe {
    private EvictionProbe() {}

    /** Evicts one entry. Answers its bytes. */
    public static long evictOne(OffHeapStore store) {
        return store.evictor().evictOne();
    }

    /** A store's entries as its evictor sees them, for use while the evictor does nothing. */
    public static EvictionTarget entries(OffHeapStore store) {
        return new StoreEntries(
                store.parts().epochs(),
                store.stripes(),
                store.parts().sizes(),
                store.parts().millis(),
                store.memory().evicted(),
                store.parts().notices(),
                0);
    }

    /** The most bytes that the store ever held, by its own exact account. */
    public static long peakMemory(OffHeapStore store) {
        return store.parts().account().peakMemory();
    }
}
