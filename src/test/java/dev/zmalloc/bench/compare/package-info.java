/**
 * Compares allocators for the person who has to choose one: records what a program asks of its allocator, replays that
 * with each backend in processes of their own, and shows time, memory and fragmentation side by side.
 *
 * <pre>
 *     StoreRecording (RecordingAllocator) -+
 *                                          +-> log -> ReplayMain (Replayer) -> ReplayResult
 *     FragmentingWorkload -----------------+                                        |
 *                                                       table, JSON, picture <- Comparison
 * </pre>
 *
 * <p>{@link dev.zmalloc.bench.compare.CompareAllocators} is the command.
 */
@NullMarked
package dev.zmalloc.bench.compare;

import org.jspecify.annotations.NullMarked;
