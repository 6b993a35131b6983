/** The hash table in native memory: its layouts, growth and sampling. Not exported; knows nothing of eviction. */
@NullMarked
package dev.zmalloc.table;

import org.jspecify.annotations.NullMarked;
