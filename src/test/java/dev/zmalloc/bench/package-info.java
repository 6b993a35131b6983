/** Benchmarks, each with its rivals beside it. {@code make help} lists the targets that run them. */
package dev.zmalloc.bench;
