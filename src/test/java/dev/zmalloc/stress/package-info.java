/** All operations of a store from many threads at once, for as long as one likes: {@code make stress}. */
package dev.zmalloc.stress;
