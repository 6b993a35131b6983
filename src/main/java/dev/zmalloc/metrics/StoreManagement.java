package dev.zmalloc.metrics;

import dev.zmalloc.store.OffHeapCache;
import dev.zmalloc.store.OffHeapStore;

/**
 * Shows a store to management clients as a {@link StoreMXBean}, when the program asks for it, until the store is
 * closed.
 *
 * <p>It needs the module {@code java.management}, which the rest of the library does without.
 */
public final class StoreManagement {
    private static final String PREFIX = "dev.zmalloc:type=OffHeapStore,name=";

    private StoreManagement() {}

    /**
     * Registers a bean of {@code store} with the platform's server. It is gone when the store is closed.
     *
     * @param name the store's
     * @return the name that the bean is registered under
     * @throws IllegalStateException if there is a bean of that name, or the store is closed
     * @throws UnsupportedOperationException if the module {@code java.management} is not there; the message says how to
     *     add it
     */
    public static String register(OffHeapStore store, String name) {
        ZMallocManagement.requireModule(PREFIX + name);
        String objectName = PREFIX + BeanServer.quote(name);
        if (store.isClosed()) {
            throw new IllegalStateException("the store is closed");
        }
        if (!BeanServer.register(new StoreBean(store), objectName)) {
            throw new IllegalStateException("there is a bean " + objectName + " already");
        }
        // At once, if the store was closed meanwhile.
        store.onClose(() -> BeanServer.unregister(objectName));
        return objectName;
    }

    /** Like {@link #register(OffHeapStore, String)}, for the store that a cache's entries are in. */
    public static String register(OffHeapCache<?, ?> cache, String name) {
        return register(cache.store(), name);
    }
}
