/**
 * The figures of processes and stores for monitoring: Micrometer, management beans (JMX), Flight Recorder.
 *
 * <h2>Put it on a dashboard</h2>
 *
 * {@snippet file="dev/zmalloc/examples/DashboardExample.java" region="show"}
 *
 * <table>
 * <caption>What shows what, and what it needs</caption>
 * <tr><th>through</th><th>shows</th><th>needs</th></tr>
 * <tr><td>Micrometer</td><td>{@link dev.zmalloc.metrics.ZMallocMeters} the process, tagged with its allocator;
 *     {@link dev.zmalloc.metrics.StoreMeters} a store, under the names of a cache</td>
 *     <td>{@code io.micrometer:micrometer-core}</td></tr>
 * <tr><td>JMX</td><td>{@link dev.zmalloc.metrics.ZMallocMXBean}, {@link dev.zmalloc.metrics.StoreMXBean}: the same, and
 *     operations: purge, report, change limit or policy</td><td>module {@code java.management}</td></tr>
 * <tr><td>Flight Recorder</td><td>events {@code dev.zmalloc.*} in every recording: evictions, growth, purges, out of
 *     memory, sampled allocations with their stacks; used memory each second</td><td>module {@code jdk.jfr}</td></tr>
 * </table>
 *
 * <p>None of these has to be there. Without the module {@code java.management} the two {@code register} methods throw
 * an {@code UnsupportedOperationException} that says how to add it; without {@code jdk.jfr} nothing is recorded;
 * without Micrometer its two classes cannot be loaded, and the {@code NoClassDefFoundError} is of the line that names
 * them.
 */
@NullMarked
package dev.zmalloc.metrics;

import org.jspecify.annotations.NullMarked;
