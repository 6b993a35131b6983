/** Native memory that is counted: {@link dev.zmalloc.ZMalloc}, its errors, and accounts with a limit. */
@NullMarked
package dev.zmalloc;

import org.jspecify.annotations.NullMarked;
