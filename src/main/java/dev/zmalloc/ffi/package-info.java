/**
 * Native code by address: raw memory, the dynamic linker, calls. The shapes of the functions called are in
 * {@code ffi.abi}.
 */
@NullMarked
package dev.zmalloc.ffi;

import org.jspecify.annotations.NullMarked;
