/**
 * The command line: {@code run} caches the running JDK's own files in an off-heap store and verifies every byte served,
 * {@code replay} runs recorded requests through a store, {@code info} tells which allocator is in use and why, or the
 * figures of another JVM, which {@code top} shows live.
 *
 * <p>Nothing here is exported; the package may be changed at will.
 */
@NullMarked
package dev.zmalloc.cli;

import org.jspecify.annotations.NullMarked;
