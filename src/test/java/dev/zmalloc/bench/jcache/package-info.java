/**
 * JCache's providers beside each other, and beside what ours is made of: {@code make bench-jcache}.
 *
 * <p>{@code JCacheBench} measures one {@code Contender} in a JVM of its own; {@code BenchJCache} runs it for each and
 * shows what came out.
 */
package dev.zmalloc.bench.jcache;
