/**
 * Native memory that is counted: {@link dev.zmalloc.ZMalloc}, its errors, and accounts with a limit.
 *
 * <h2>Count my native memory</h2>
 *
 * Take blocks from {@code ZMalloc}, and every one adds what the allocator really gave to a count that is read without a
 * system call: {@snippet file="dev/zmalloc/examples/CountExample.java" region="block"}
 *
 * <p>Code that has a {@code java.lang.foreign.Arena} counts too once it has one of {@link dev.zmalloc.ZMallocArena},
 * which behaves as the JDK's: {@snippet file="dev/zmalloc/examples/CountExample.java" region="arena"}
 *
 * <p>Who holds how much, part by part, and no more than it may, is a matter of {@linkplain dev.zmalloc.MemoryAccount
 * accounts}: {@snippet file="dev/zmalloc/examples/CountExample.java" region="account"}
 *
 * <p>What the allocator and the process hold beyond that, {@link dev.zmalloc.AllocatorInformation} tells, with Redis'
 * ratios; what a backend does not tell is absent: {@snippet file="dev/zmalloc/examples/CountExample.java"
 * region="figures"}
 *
 * <p>Memory that was forgotten shows with {@code -Dzmalloc.debug=track}: at the end of the JVM each block that is left
 * is reported with the stack that took it, as {@link dev.zmalloc.allocator.NativeMemoryDebug} says.
 */
@NullMarked
package dev.zmalloc;

import org.jspecify.annotations.NullMarked;
