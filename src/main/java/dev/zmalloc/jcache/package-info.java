/**
 * Caches of the off-heap store behind the standard interface of JCache (JSR-107). {@code javax.cache:cache-api} is
 * needed for it, and for nothing else of the library.
 */
@NullMarked
package dev.zmalloc.jcache;

import org.jspecify.annotations.NullMarked;
