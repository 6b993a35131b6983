package dev.zmalloc.trace;

import org.jspecify.annotations.Nullable;

/**
 * What became of a trace under one policy and one limit.
 *
 * @param policy by its name
 * @param maxMemory the limit in bytes
 * @param reference whether a model was run, that counts bytes of values only, and not a store
 * @param requests requests replayed
 * @param hits those whose key was there
 * @param requestedBytes sizes of all requests
 * @param hitBytes sizes of the hits
 * @param evictions entries evicted; of a reference, not told: -1
 * @param rejections values that were refused, as too large or because nothing could be evicted; of a reference -1
 * @param entries entries at the end; of a reference -1
 * @param usedMemory bytes in use at the end; of a reference -1
 * @param highestUsedMemory the most bytes seen in use, after any request
 * @param unreturnedBytes by how much the process' used memory is higher after the store was closed than before
 * @param nanos how long it took, reading the trace included
 * @param difference one line about the first value that was not the key's, or {@code null}
 */
public record ReplayResult(
        String policy,
        long maxMemory,
        boolean reference,
        long requests,
        long hits,
        long requestedBytes,
        long hitBytes,
        long evictions,
        long rejections,
        long entries,
        long usedMemory,
        long highestUsedMemory,
        long unreturnedBytes,
        long nanos,
        @Nullable String difference) {

    /** What a model made of it. */
    static ReplayResult reference(
            String name, long maxMemory, long requests, long hits, long requestedBytes, long hitBytes, long nanos) {
        return new ReplayResult(
                name, maxMemory, true, requests, hits, requestedBytes, hitBytes, -1, -1, -1, -1, 0, 0, nanos, null);
    }

    /** Hits as a share of requests, 0 to 1; 0 if there were none. */
    public double hitRatio() {
        return requests == 0 ? 0 : (double) hits / requests;
    }

    /** Bytes of hits as a share of all that were requested, 0 to 1; 0 if there were none. */
    public double byteHitRatio() {
        return requestedBytes == 0 ? 0 : (double) hitBytes / requestedBytes;
    }

    /** What did not hold, in one line; {@code null} if all held. */
    public @Nullable String problem() {
        if (difference != null) {
            return difference;
        }
        if (highestUsedMemory > maxMemory && maxMemory != 0) {
            return "used memory reached " + highestUsedMemory + " bytes, the limit is " + maxMemory;
        }
        return unreturnedBytes == 0
                ? null
                : "used memory is " + unreturnedBytes + " bytes off what it was before, after the store was closed";
    }
}
