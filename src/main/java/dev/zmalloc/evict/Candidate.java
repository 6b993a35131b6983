package dev.zmalloc.evict;

/**
 * An item in the pool of an {@link Evictor}, as it was offered. It may be gone by now.
 *
 * @param score how good a victim it is; the highest goes first
 * @param item the item, in the target's terms
 * @param location its location, in the target's terms
 * @param access its access field when it was offered
 */
public record Candidate(long score, long item, long location, int access) {}
