package dev.zmalloc.allocator;

import java.util.Optional;
import java.util.OptionalLong;

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
     * Frees a live block of any kind, aligned ones too, whose size {@link #usableBytes} has told. The default is
     * {@link #free(long)}; an allocator overrides it where the size spares it a second look-up.
     *
     * @param address a live block; not 0
     * @param usableBytes its usable size
     */
    default void freeAny(long address, long usableBytes) {
        free(address);
    }

    /**
     * Takes a block of at least {@code bytes} whose address is a multiple of {@code alignmentBytes}, content undefined.
     * {@link #usableBytes} tells its size, {@link #reallocate} keeps its content but not its alignment.
     *
     * <p>It is freed with {@link #freeAligned}. {@link #free(long)} and {@link #freeAny} take it too;
     * {@link #free(long, long)} does not, since an allocator may keep an aligned block elsewhere than a plain one of
     * the same size.
     *
     * @param alignmentBytes a power of two, at least 8
     * @return the block's address, or 0 if there is no memory
     */
    long allocateAligned(long bytes, long alignmentBytes);

    /**
     * Frees a live block that {@link #allocateAligned} gave.
     *
     * @param address a live block; not 0
     * @param bytes its usable size
     * @param alignmentBytes that it was asked for with
     */
    void freeAligned(long address, long bytes, long alignmentBytes);

    /**
     * Whether {@link #allocateUncached} and {@link #freeUncached} do what they are named for. Never changes. Where it
     * is false, they are the plain calls.
     */
    default boolean hasUncachedCalls() {
        return false;
    }

    /**
     * Like {@link #allocate}, but past the cache that the allocator keeps for the calling thread. It is slower, and
     * leaves that cache to blocks that are used more often.
     */
    default long allocateUncached(long bytes) {
        return allocate(bytes);
    }

    /**
     * Like {@link #free(long, long)}, but past the cache that the allocator keeps for the calling thread: the block is
     * at once there for all threads. Takes blocks of {@link #allocate} too.
     */
    default void freeUncached(long address, long bytes) {
        free(address, bytes);
    }

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
     * Like {@link #usableBytesBound}, for {@link #allocateAligned}.
     *
     * @param alignmentBytes a power of two, at least 8
     * @return the size or bound; 0 if no process can have that much, or not so aligned
     */
    long alignedUsableBytesBound(long requestedBytes, long alignmentBytes);

    /**
     * Whether {@link #usableBytesBound} and {@link #alignedUsableBytesBound} are the usable size itself, for blocks
     * from {@link #reallocate} too. Never changes.
     */
    boolean usableBytesExact();

    /** The allocator's own figures, now. Takes microseconds to milliseconds: ask a few times a second at most. */
    AllocatorFigures figures();

    /**
     * Gives unused pages back to the system now, instead of when their time has come. Blocks stay where they are, and
     * so do free ones that threads have cached. Takes up to seconds where there is much to give back.
     *
     * @return whether the allocator offers that; how much there was to give back is not told
     */
    default boolean purge() {
        return false;
    }

    /**
     * Whether threads of the allocator's own give unused pages back, instead of the threads that allocate and free;
     * empty if the allocator has no such threads.
     */
    default Optional<Boolean> backgroundThreads() {
        return Optional.empty();
    }

    /**
     * Starts or ends the threads that {@link #backgroundThreads} speaks of.
     *
     * @return whether the allocator offers that
     * @throws IllegalStateException if the threads cannot be started
     */
    default boolean setBackgroundThreads(boolean on) {
        return false;
    }

    /**
     * For how long the allocator keeps unused pages for reuse, from the last use on: after that, about, they become
     * muzzy. 0 is no time and -1 for ever. Empty if the allocator does not work so.
     */
    default OptionalLong dirtyDecayMillis() {
        return OptionalLong.empty();
    }

    /**
     * Sets {@link #dirtyDecayMillis}, for pages that are unused already too.
     *
     * @param millis 0 or more, or -1 for ever
     * @return whether the allocator offers that
     * @throws IllegalArgumentException if {@code millis} is less than -1 or more than the allocator can count
     */
    default boolean setDirtyDecayMillis(long millis) {
        return false;
    }

    /**
     * For how long muzzy pages, which the system may take back when it needs some, stay so until they are given back
     * for good. 0 is no time and -1 for ever. Empty if the allocator does not work so.
     */
    default OptionalLong muzzyDecayMillis() {
        return OptionalLong.empty();
    }

    /**
     * Sets {@link #muzzyDecayMillis}, for pages that are muzzy already too.
     *
     * @param millis 0 or more, or -1 for ever
     * @return whether the allocator offers that
     * @throws IllegalArgumentException if {@code millis} is less than -1 or more than the allocator can count
     */
    default boolean setMuzzyDecayMillis(long millis) {
        return false;
    }

    /**
     * The allocator's own report on its state, for people; empty if it has none. Takes milliseconds, and the text can
     * have hundreds of kilobytes.
     *
     * @param options what to leave out or how to print, in the allocator's own letters ({@code malloc_stats_print} for
     *     jemalloc, where {@code J} gives JSON); may be empty
     */
    default Optional<String> statisticsText(String options) {
        return Optional.empty();
    }
}
