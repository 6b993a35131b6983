package dev.zmalloc.allocator;

/**
 * A backing allocator: what {@code ZMalloc} takes its blocks from.
 *
 * <p>An address is a {@code long}, 0 is none. Whoever gets an address owns the block until it gives it to
 * {@link #free(long)}, {@link #free(long, long)} or a {@link #reallocate} that succeeds. Sizes are in bytes, from 1 to
 * {@code Long.MAX_VALUE - 1}. Lack of memory, and a size that no process can have, are answered with 0 and never with
 * an exception. Addresses are not checked: one that is not of a live block of this allocator corrupts the process.
 *
 * <p>Every method may be called by any thread at any time, also to free a block that another thread took. None calls
 * back into {@code ZMalloc}.
 *
 * <p>An implementation of one's own is a public class with a public constructor without parameters, named in the
 * setting {@value Allocators#ALLOCATOR_PROPERTY}. A record whose components are the method handles it calls is the
 * fastest form: the JIT takes the fields of a record for constants where it does not those of a class.
 */
public interface Allocator {
    /** Name for settings and reports, such as {@code jemalloc}. */
    String name();

    /** What serves: version, library file, where it was found, and what else was tried. */
    AllocatorDescription description();

    /** Takes a block of at least {@code bytes}, content undefined. Returns its address, or 0 if there is no memory. */
    long allocate(long bytes);

    /**
     * Takes a block whose first {@code bytes} are zero; what is usable beyond them need not be. Returns its address, or
     * 0 if there is no memory.
     */
    long allocateZeroed(long bytes);

    /**
     * Changes the size of a live block, which may move. The first bytes, up to the smaller of the requested sizes, are
     * kept.
     *
     * @param address a live block; not 0
     * @return the block's address now, or 0 if there is no memory: then the old block lives on, unchanged
     */
    long reallocate(long address, long bytes);

    /** Frees a live block; not 0. */
    void free(long address);

    /**
     * Frees a live block whose size the caller knows, which spares the allocator the look-up.
     *
     * @param address a live block; not 0
     * @param bytes anything from the requested to the usable size
     */
    void free(long address, long bytes);

    /**
     * How many bytes the allocator really gave for a live block: at least as many as were requested. Each may be read
     * and written.
     */
    long usableBytes(long address);

    /**
     * The usable size that {@link #allocate} and {@link #allocateZeroed} would give for {@code requestedBytes}, before
     * they are called: exact if {@link #usableBytesExact()}, else an upper bound. A block from {@link #reallocate} may
     * have more where it is not exact, and so may one that was got when the process was out of address space: who holds
     * to a limit asks {@link #usableBytes}.
     *
     * @return the size or bound; 0 if no process can have that much
     */
    long usableBytesBound(long requestedBytes);

    /**
     * Whether {@link #usableBytesBound} is the usable size itself, for blocks from {@link #reallocate} too. Never
     * changes.
     */
    boolean usableBytesExact();

    /** The allocator's own figures, now. Takes microseconds to milliseconds: ask a few times a second at most. */
    AllocatorFigures figures();
}
