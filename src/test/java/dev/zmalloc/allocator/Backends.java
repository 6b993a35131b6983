package dev.zmalloc.allocator;

/** Opens backends for allocators of the tests' own that stand in front of one. */
public final class Backends {
    private Backends() {}

    /**
     * A fresh binding of the built-in allocator called {@code name}, beside the one that serves the process.
     *
     * @throws AllocatorUnavailableException if it cannot be had
     */
    public static Allocator open(String name) {
        return Allocators.open(name);
    }
}
