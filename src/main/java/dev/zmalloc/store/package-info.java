/** The off-heap store: keys and values in native memory under a hard limit. */
@NullMarked
package dev.zmalloc.store;

import org.jspecify.annotations.NullMarked;
