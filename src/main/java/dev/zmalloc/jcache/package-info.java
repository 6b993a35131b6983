/**
 * Caches of the off-heap store behind the standard interface of JCache (JSR-107). {@code javax.cache:cache-api} is
 * needed for it, and for nothing else of the library. Without it nobody can ask for the provider, and the line that
 * names {@link dev.zmalloc.jcache.OffHeapConfiguration} gets a {@link NoClassDefFoundError} that names JCache.
 */
@NullMarked
package dev.zmalloc.jcache;

import org.jspecify.annotations.NullMarked;
