package dev.zmalloc.ffi;

import dev.zmalloc.ffi.abi.malloc_stats_write_fn;
import java.lang.foreign.Arena;
import java.util.function.LongConsumer;

/** Makes native functions that are implemented in Java, for libraries that call back. */
public final class Upcalls {
    private Upcalls() {}

    /**
     * Collects what a native function prints.
     *
     * @param printer called once with the address of a function {@code void (void *, const char *)}, which adds the
     *     string in its second argument to the result. It lives until the printer returns. No critical call may call
     *     it: that would end the JVM
     * @return all strings, in the order they came
     */
    public static String collectText(LongConsumer printer) {
        StringBuilder text = new StringBuilder();
        // Nothing may be thrown into native code, which could not pass it on: the JVM would end. So it waits here.
        Throwable[] failure = new Throwable[1];
        malloc_stats_write_fn.Function collector = (opaque, string) -> {
            try {
                text.append(Memory.cString(string.address()));
            } catch (Throwable thrown) {
                failure[0] = thrown;
            }
        };
        try (Arena arena = Arena.ofConfined()) {
            printer.accept(malloc_stats_write_fn.allocate(collector, arena).address());
        }
        if (failure[0] != null) {
            throw Downcalls.unexpected(failure[0]);
        }
        return text.toString();
    }
}
