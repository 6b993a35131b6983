/**
 * The store beside what else a JVM can keep bytes in: {@code make bench-peers}.
 *
 * <p>{@code Peer} names the peers, {@code ByteMap} is what all are called through, {@code PeerBench} and
 * {@code PeerMemory} measure one of them in a JVM of its own, {@code BenchPeers} runs those and shows what came out.
 */
package dev.zmalloc.bench.peers;
