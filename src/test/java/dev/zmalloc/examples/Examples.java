package dev.zmalloc.examples;

import dev.zmalloc.ZMalloc;

/** All examples that need the library alone, in a JVM of their own: one chooses its allocator. */
public final class Examples {
    private Examples() {}

    /** Runs them, and tells what memory is left. */
    public static void main(String[] arguments) {
        SwapExample.main(arguments);
        ReadmeExample.main(arguments);
        CountExample.main(arguments);
        CapExample.main(arguments);
        EvictionExample.run();
        MovingExample.main(arguments);
        BufferListExample.main(arguments);
        System.out.println("left=" + ZMalloc.zmallocUsedMemory());
    }
}
