/**
 * The allocators that can stand behind {@link dev.zmalloc.allocator.Allocator}, how one is chosen for the process, and
 * what it tells about itself.
 *
 * <h2>Swap the allocator</h2>
 *
 * {@code -Dzmalloc.allocator=mimalloc}, or {@code ZMALLOC_ALLOCATOR=mimalloc} in the environment, chooses for a process
 * without a change of its code; {@link dev.zmalloc.allocator.Allocators} has the other settings. In code, a program
 * chooses before it takes memory: {@snippet file="dev/zmalloc/examples/SwapExample.java" region="use"}
 *
 * <p>One's own implements {@code Allocator}, or stands around another one, and is offered by a provider that
 * {@code META-INF/services} or {@code module-info.java} names: {@snippet file="dev/zmalloc/examples/SwapExample.java"
 * region="own"}
 */
@NullMarked
package dev.zmalloc.allocator;

import org.jspecify.annotations.NullMarked;
