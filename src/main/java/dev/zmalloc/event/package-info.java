/** What happens inside and somebody may want to record: the hook that everything else calls. Knows no recorder. */
@NullMarked
package dev.zmalloc.event;

import org.jspecify.annotations.NullMarked;
