/**
 * For the tests of applications: a JUnit extension that finds native memory left behind, and an allocator that fails on
 * demand.
 *
 * <p>The extension needs JUnit Jupiter 5.13 or later at run time; the allocator does not.
 */
@NullMarked
package dev.zmalloc.testing;

import org.jspecify.annotations.NullMarked;
