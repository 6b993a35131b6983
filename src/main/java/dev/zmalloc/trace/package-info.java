/**
 * Recorded requests and their replay: the {@linkplain dev.zmalloc.trace.TraceFormat formats} of traces, a
 * {@linkplain dev.zmalloc.trace.TraceFile file} that holds one, its {@linkplain dev.zmalloc.trace.Replay replay} on a
 * store, and what {@linkplain dev.zmalloc.trace.Reference others} would have made of it.
 *
 * <p>A request is a key and a size. On a store it becomes {@code get(key)} and, if that misses, {@code put(key, value)}
 * with a value of that size. Keys are 64 bits wide in all formats: words are hashed to that, which keeps ten million of
 * them apart with a chance of all but one in three hundred thousand.
 *
 * <p>Nothing here is exported; the package may be changed at will.
 */
@NullMarked
package dev.zmalloc.trace;

import org.jspecify.annotations.NullMarked;
