package dev.zmalloc.store;

/** Why an entry is not in a store any more. */
public enum RemovalCause {
    /** Another value was put under its key. */
    REPLACED,

    /** Its key was removed by a call. */
    REMOVED,

    /** It was evicted, alive, to make room or to get below a limit that was lowered. */
    EVICTED,

    /**
     * Its time to live was over, which the store noticed when it came across the entry, some time after that: perhaps
     * when it looked for what to evict.
     */
    EXPIRED
}
