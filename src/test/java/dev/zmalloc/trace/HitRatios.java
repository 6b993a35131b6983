package dev.zmalloc.trace;

import dev.zmalloc.evict.EvictionParameters;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.MaxMemoryException;
import dev.zmalloc.store.OffHeapStore;
import dev.zmalloc.store.PayloadStores;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.LinkedHashMap;

/** Counts the hits of a trace in stores that count payload only, and in plain models of what they should do. */
final class HitRatios {
    /** Of the small queue, by default. */
    private static final double SMALL_SHARE = EvictionParameters.DEFAULTS.smallPercent() / 100.0;

    private HitRatios() {}

    /** The small queue of S3-FIFO, of so many bytes in all. */
    static long smallQueue(long maxBytes) {
        return (long) (SMALL_SHARE * maxBytes);
    }

    /** Anything that answers requests. */
    @FunctionalInterface
    interface Cache {
        /** Makes one request. Returns whether the key was there. */
        boolean serve(int key, int bytes);
    }

    /** Serves all requests but those for what is larger than {@code atMost}: those count as misses. */
    static long hits(TraceSummary.History history, long atMost, Cache cache) {
        long hits = 0;
        for (int key : history.keys()) {
            int bytes = history.sizes()[key];
            hits += bytes <= atMost && cache.serve(key, bytes) ? 1 : 0;
        }
        return hits;
    }

    /** The hits of a store. */
    static long ofStore(TraceSummary.History history, EvictionPolicy policy, long maxBytes, long atMost) {
        try (OffHeapStore store = PayloadStores.builder(policy, EvictionParameters.DEFAULTS, maxBytes)
                .build()) {
            ByteBuffer key = ByteBuffer.allocate(Integer.BYTES);
            ByteBuffer value = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.nativeOrder());
            return hits(history, atMost, (number, bytes) -> {
                key.putInt(0, number);
                if (store.getInto(key.array(), value.array(), 0) == Integer.BYTES) {
                    return true;
                }
                value.putInt(0, bytes);
                try {
                    store.put(key.array(), value.array());
                } catch (MaxMemoryException e) {
                    if (bytes <= maxBytes) {
                        throw e;
                    }
                }
                return false;
            });
        }
    }

    /** The mean hit ratio of some stores, which differ in what they draw at random. */
    static double ofStores(TraceSummary.History history, EvictionPolicy policy, long maxBytes, int stores) {
        double hits = 0;
        for (int store = 0; store < stores; store++) {
            hits += ofStore(history, policy, maxBytes, Long.MAX_VALUE);
        }
        return hits / stores / history.keys().length;
    }

    /** The hits of S3-FIFO. */
    static long ofS3Fifo(TraceSummary.History history, long maxBytes, long atMost) {
        return hits(history, atMost, new S3FifoModel(maxBytes, smallQueue(maxBytes))::serve);
    }

    /** The hit ratio of exact least recent use. */
    static double ofExactLru(TraceSummary.History history, long maxBytes) {
        LinkedHashMap<Integer, Integer> held = new LinkedHashMap<>(16, 0.75f, true);
        long[] used = new long[1];
        long hits = hits(history, maxBytes, (key, bytes) -> {
            if (held.get(key) != null) {
                return true;
            }
            held.put(key, bytes);
            used[0] += bytes;
            while (used[0] > maxBytes) {
                used[0] -= held.pollFirstEntry().getValue();
            }
            return false;
        });
        return (double) hits / history.keys().length;
    }

    /** The same requests, with every size 1. */
    static TraceSummary.History unitSizes(TraceSummary.History history) {
        int[] ones = history.sizes().clone();
        Arrays.fill(ones, 1);
        return new TraceSummary.History(history.keys(), ones);
    }
}
