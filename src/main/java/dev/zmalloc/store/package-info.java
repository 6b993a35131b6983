/**
 * The off-heap store: keys and values in native memory under a hard limit.
 *
 * <h2>Cap an off-heap cache</h2>
 *
 * A store is opened with a limit and a policy, and closed to give its memory back:
 * {@snippet file="dev/zmalloc/examples/CapExample.java" region="open"}
 *
 * <p>The limit holds at every instant, and covers entries, table and everything else in the bytes that the allocator
 * gave. A put that finds no room evicts others first: {@snippet file="dev/zmalloc/examples/CapExample.java"
 * region="full"}
 *
 * <p>What can never fit is refused, and changes nothing: {@snippet file="dev/zmalloc/examples/CapExample.java"
 * region="refused"}
 *
 * <p>Values can be read where they lie. The bytes stay as they are until the reader or the lease ends, whatever happens
 * to the key meanwhile, and a segment that is used afterwards throws:
 * {@snippet file="dev/zmalloc/examples/CapExample.java" region="in-place"}
 *
 * <p>How much so many entries take is told beforehand: {@snippet file="dev/zmalloc/examples/CapExample.java"
 * region="plan"}
 *
 * <p>Who comes from another cache finds its code beside this one's in <a href="doc-files/coming-from.html">Coming from
 * OHC, Caffeine, Chronicle Map</a>.
 */
@NullMarked
package dev.zmalloc.store;

import org.jspecify.annotations.NullMarked;
