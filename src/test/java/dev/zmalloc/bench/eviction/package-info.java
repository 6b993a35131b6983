/**
 * What it costs to be full: {@code make bench-eviction}.
 *
 * <p>{@code Churn}, {@code EvictionCost}, {@code PutLatency}, {@code Lowering}, {@code Limits} and {@code ListenerCost}
 * each measure one thing in a JVM of its own and print {@code Findings}; {@code BenchEviction} runs them and shows what
 * came out.
 */
package dev.zmalloc.bench.eviction;
