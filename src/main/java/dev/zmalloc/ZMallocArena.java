package dev.zmalloc;

import dev.zmalloc.ffi.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import org.jspecify.annotations.Nullable;

/**
 * The JDK's arenas on memory from {@link ZMalloc}: code of the foreign function and memory API moves to counted memory,
 * and to the allocator that was chosen, by naming this class where it named {@link Arena}.
 *
 * <table class="striped">
 * <caption>What there is</caption>
 * <thead><tr><th>of the JDK<th>here<th>closed by<th>used by</tr></thead>
 * <tbody>
 * <tr><td>{@code Arena.ofConfined()}<td>{@link #ofConfined()}<td>the thread that opened it<td>the same thread</tr>
 * <tr><td>{@code Arena.ofShared()}<td>{@link #ofShared()}<td>any thread<td>any thread</tr>
 * <tr><td>any other<td>{@link #allocator(Arena)}<td>as that arena is<td>as that arena's segments are</tr>
 * </tbody>
 * </table>
 *
 * <p>Lifetimes and threads are checked by an arena of the JDK, and segments belong to its scope: they are used, sliced,
 * copied and passed to native functions as the JDK's own, and fail as those do. Each is exactly as long as was asked
 * for, aligned as was asked for, zeroed, and shares no byte with another one. One of length 0 has an address of its
 * own.
 *
 * <p>Each segment is one block of {@link ZMalloc}, and {@link ZMalloc#zmallocUsedMemory()} counts its usable bytes from
 * the allocation on until the arena has closed. Closing frees all blocks, after the JDK has made every segment
 * unusable. A close that is refused, for instance because a native function has a segment at hand, frees none, and the
 * arena serves on. Segments are not freed one by one.
 *
 * <p>Any arena is a {@link SegmentAllocator}, and those that the JDK builds on a segment
 * ({@link SegmentAllocator#slicingAllocator}, {@link SegmentAllocator#prefixAllocator}) work on segments from here. For
 * many small segments of one lifetime, slices of a large one cost less than blocks.
 */
public final class ZMallocArena implements Arena {
    /** Allocators align a block of this size or more to it, as C asks of them, and smaller ones by their own size. */
    private static final long BLOCK_ALIGNMENT_BYTES = 16;

    private final Arena lifetime;
    private final BlockList blocks;

    /** The thread that frees the blocks once it has closed the arena; null if the JDK's arena has them freed. */
    private final @Nullable Thread owner;

    /*
     * Who frees, and when
     *
     * The blocks of a shared arena, and of allocator(Arena), are freed by a cleanup action of the JDK's arena, one for
     * all of them, that is registered before anything is allocated. The JDK runs its actions once, on the thread that
     * closed, after the scope has died and no thread uses a segment of it, and also if one of them throws.
     *
     * Somebody else's action, tied to a segment with reinterpret, is to find the memory still. The JDK does not
     * promise an order. It runs the last registered action first, but for one case: in newer JDKs, 25 among them, the
     * first one that a confined arena ever got goes before all others. Hence the action that does nothing, in front of
     * ours. If an order changes, a test fails.
     *
     * A confined arena does without the action, which keeps the JIT from dissolving an arena that lives in one method:
     * opening one, taking 64 bytes and closing took 90 ns with it, and takes 36 to 56 without (Temurin 25, x86-64).
     * Instead close() frees after the JDK's arena has closed. It tells a refused close, by the scope that is still
     * alive, from one in which somebody's action threw. Only the owner looks, so that no other thread, whose close is
     * always refused, takes the owner's close for its own.
     *
     * Allocating while another thread closes: the list either takes the block, which the closing thread then frees, or
     * refuses it, and the allocating thread does. The segment is made after that, and this throws if the scope has
     * died. Nothing writes to a block after the list has it, other than through the segment.
     */
    private ZMallocArena(Arena lifetime, BlockList blocks, @Nullable Thread owner) {
        this.lifetime = lifetime;
        this.blocks = blocks;
        this.owner = owner;
    }

    private static ZMallocArena shared(Arena lifetime) {
        BlockList blocks = new BlockList.Shared();
        Memory.whenClosed(lifetime, () -> {});
        Memory.whenClosed(lifetime, blocks);
        return new ZMallocArena(lifetime, blocks, null);
    }

    /** Opens an arena for the current thread, virtual or not, which owns it and closes it. */
    @SuppressWarnings("MustBeClosedChecker") // the arena around it is what the caller closes
    public static Arena ofConfined() {
        return new ZMallocArena(Arena.ofConfined(), new BlockList.Confined(), Thread.currentThread());
    }

    /**
     * Opens an arena for all threads. Any of them closes it; that takes tens of microseconds, as with the JDK's, since
     * every thread has to take notice.
     */
    @SuppressWarnings("MustBeClosedChecker") // the arena around it is what the caller closes
    public static Arena ofShared() {
        return shared(Arena.ofShared());
    }

    /**
     * An allocator of segments that live as long as an arena that is there already: one that other code opens and
     * closes, or {@link Arena#ofAuto()}, which lives until the garbage collector finds none of its segments in use.
     * With {@link Arena#global()}, segments are never freed.
     *
     * <p>The garbage collector does not know how much native memory an automatic arena holds this way, and is not made
     * to run because of it.
     *
     * @param lifetime an open arena, which this thread may use; it stays the caller's, and is not closed from here
     * @return an allocator that every thread may use that may use {@code lifetime}, also at the same time
     * @throws IllegalStateException if {@code lifetime} was closed
     * @throws WrongThreadException if {@code lifetime} is confined to another thread
     */
    public static SegmentAllocator allocator(Arena lifetime) {
        ZMallocArena arena = shared(lifetime);
        // Not the arena itself, which somebody could take for one and close.
        return (byteSize, byteAlignment) -> arena.allocate(byteSize, byteAlignment);
    }

    /**
     * Takes a segment of {@code byteSize} zeroed bytes from {@link ZMalloc}. It is the arena's, which frees it when it
     * closes. The out-of-memory handler is not called.
     *
     * @param byteSize the size in bytes; 0 or more
     * @param byteAlignment what the segment's address is a multiple of, in bytes; any power of 2
     * @throws IllegalArgumentException if {@code byteSize < 0}, or {@code byteAlignment} is not a power of 2
     * @throws WrongThreadException if the arena is confined to another thread
     * @throws IllegalStateException if the arena was closed
     * @throws NativeOutOfMemoryError if there is no memory; the arena is as it was, and serves on
     */
    @Override
    public MemorySegment allocate(long byteSize, long byteAlignment) {
        if (byteSize < 0) {
            throw new IllegalArgumentException("byteSize is negative: " + byteSize);
        }
        if (byteAlignment <= 0 || (byteAlignment & (byteAlignment - 1)) != 0) {
            throw new IllegalArgumentException("byteAlignment is not a power of 2: " + byteAlignment);
        }
        Memory.checkUsable(lifetime);
        if (byteAlignment > BLOCK_ALIGNMENT_BYTES) {
            return allocateAligned(byteSize, byteAlignment);
        }
        long blockBytes = Math.max(byteSize, byteAlignment);
        long block = taken(RawZMalloc.ztrycalloc(blockBytes), byteSize);
        if ((block & (byteAlignment - 1)) != 0) {
            // The allocator, one's own perhaps, aligns by less than C asks.
            RawZMalloc.zfree(block, blockBytes);
            return allocateAligned(byteSize, byteAlignment);
        }
        keep(block, blockBytes);
        return Memory.segment(block, byteSize, lifetime);
    }

    @Override
    public MemorySegment.Scope scope() {
        return lifetime.scope();
    }

    @Override
    public void close() {
        boolean frees = owner == Thread.currentThread() && lifetime.scope().isAlive();
        try {
            lifetime.close();
        } finally {
            if (frees && !lifetime.scope().isAlive()) {
                blocks.run();
            }
        }
    }

    private MemorySegment allocateAligned(long byteSize, long byteAlignment) {
        long block = taken(RawZMalloc.ztrymallocAligned(byteSize, byteAlignment), byteSize);
        Memory.fill(block, byteSize, (byte) 0);
        keep(block, BlockList.ALIGNED);
        return Memory.segment(block, byteSize, lifetime);
    }

    private static long taken(long block, long byteSize) {
        if (block == 0) {
            throw new NativeOutOfMemoryError(byteSize);
        }
        return block;
    }

    /** Hands a block over to the list, or frees it. */
    private void keep(long block, long blockBytes) {
        boolean kept = false;
        try {
            kept = blocks.add(block, blockBytes);
        } finally {
            // Closed meanwhile, or no room on the heap for a longer list.
            if (!kept) {
                BlockList.free(block, blockBytes);
            }
        }
        if (!kept) {
            throw new IllegalStateException("Already closed");
        }
    }
}
