package dev.zmalloc.store;

/**
 * An entry in the pool of a store's evictor.
 *
 * @param key a copy of its key
 * @param score how good a victim it was when it was sampled; the highest goes first
 * @param isStale whether it was used since, so that it will be passed over unless it is sampled again
 */
@SuppressWarnings("ArrayRecordComponent") // keys are byte arrays throughout; the array is a copy
public record EvictionCandidate(byte[] key, long score, boolean isStale) {}
