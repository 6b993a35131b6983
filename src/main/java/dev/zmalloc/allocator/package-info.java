/**
 * The allocators that can stand behind {@link dev.zmalloc.allocator.Allocator}, how one is chosen for the process, and
 * what it tells about itself.
 */
@NullMarked
package dev.zmalloc.allocator;

import org.jspecify.annotations.NullMarked;
