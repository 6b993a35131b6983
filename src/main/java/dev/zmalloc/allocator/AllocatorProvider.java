package dev.zmalloc.allocator;

/**
 * Offers an allocator under a name, to whoever sets {@value Allocators#ALLOCATOR_PROPERTY} to it.
 *
 * <p>Providers are found by {@link java.util.ServiceLoader}, through the class loader of the thread that selects: by a
 * file {@code META-INF/services/dev.zmalloc.allocator.AllocatorProvider} or by {@code provides} in a module. A provider
 * is created whenever names are listed, so it does nothing before {@link #create}.
 */
public interface AllocatorProvider {
    /** The name to select by. Not that of a built-in allocator. */
    String name();

    /**
     * The allocator. Called once in a process.
     *
     * @throws AllocatorUnavailableException if it cannot be had here; the message says why, and what would help
     */
    Allocator create();
}
