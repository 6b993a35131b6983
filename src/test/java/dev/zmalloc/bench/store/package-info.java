/**
 * The store by itself: {@code make bench-store}.
 *
 * <p>{@code ValueBench}, {@code SizeBench}, {@code EntryBytes} and {@code Growth} each measure one thing in a JVM of
 * their own, and so does {@code PeerBench}, with the store for a peer; {@code BenchStore} runs them and shows what came
 * out.
 */
package dev.zmalloc.bench.store;
