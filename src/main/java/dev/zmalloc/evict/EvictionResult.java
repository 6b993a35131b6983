package dev.zmalloc.evict;

/** How a call of {@link Evictor#performEvictions} ended, as in Redis. */
public enum EvictionResult {
    /** What is held is within the limit. */
    OK,

    /** It is not yet, and the time was up: call again, soon. */
    RUNNING,

    /** It is not, and nothing more can be evicted. */
    FAIL
}
