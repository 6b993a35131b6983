/**
 * Eviction for anything that holds native memory: policies, access clock, candidate pool and evictor. Knows nothing of
 * the store.
 */
@NullMarked
package dev.zmalloc.evict;

import org.jspecify.annotations.NullMarked;
