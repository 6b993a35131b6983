package dev.zmalloc.cli;

import dev.zmalloc.metrics.StoreManagement;
import dev.zmalloc.metrics.ZMallocManagement;
import dev.zmalloc.store.OffHeapStore;

/** A JVM to be watched: shows a store of a hundred entries until its input ends, or shows nothing. */
public final class WatchProbe {
    private WatchProbe() {}

    /** Begins with a line of output, when it can be looked at. */
    public static void main(String[] arguments) throws Exception {
        try (OffHeapStore store = OffHeapStore.builder().maxMemory(8 << 20).build()) {
            if (arguments.length == 0) {
                ZMallocManagement.register();
                StoreManagement.register(store, "probe");
            }
            for (byte i = 0; i < 100; i++) {
                store.put(new byte[] {i}, new byte[1000]);
            }
            System.out.println("ready");
            while (System.in.read() >= 0) {
                Thread.onSpinWait();
            }
        }
    }
}
