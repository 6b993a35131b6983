package dev.zmalloc.allocator;

import dev.zmalloc.allocator.NativeMemoryMisuseError.Kind;
import java.util.Collection;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Every live block by its address, and the last few thousand that were freed, so that a second free can be told from
 * one of an address that never was a block. Kept on the heap: a stray write must not reach it. Any thread may call any
 * method, and none waits for another.
 *
 * <p>A live block takes 136 bytes of heap, measured with a million of them; the stacks of the last 32,768 take up to 32
 * MiB besides, and no more than a sixteenth of the heap ({@link YoungBlocks}), and each site about a kilobyte.
 */
final class BlockRegistry {
    /** A block that was taken. */
    static final class Block {
        private final long serial = SERIALS.incrementAndGet();
        private final long address;
        private final long requestedBytes;
        private final long usableBytes;
        private final long alignmentBytes;
        private final String thread = Thread.currentThread().getName();

        private volatile CapturedStack stack;

        /** The thread that freed it. */
        private volatile @Nullable String freedBy;

        private @Nullable CapturedStack freedAt;

        private Block(long address, long requestedBytes, long usableBytes, long alignmentBytes, CapturedStack stack) {
            this.address = address;
            this.requestedBytes = requestedBytes;
            this.usableBytes = usableBytes;
            this.alignmentBytes = alignmentBytes;
            this.stack = stack;
        }

        static Block taken(long address, long requestedBytes, long usableBytes, long alignmentBytes) {
            Block block = new Block(address, requestedBytes, usableBytes, alignmentBytes, AllocationSite.here());
            if (block.serial % DEPTH_INTERVAL == 0) {
                block.site();
            }
            return block;
        }

        /** Higher than that of every block taken before; a resized block counts as taken again. */
        long serial() {
            return serial;
        }

        long address() {
            return address;
        }

        /** What was asked for. */
        long requestedBytes() {
            return requestedBytes;
        }

        /** What the holder may use. */
        long usableBytes() {
            return usableBytes;
        }

        /** What was asked for; 0 for a plain block. */
        long alignmentBytes() {
            return alignmentBytes;
        }

        /** Where it was taken; without frames if it was freed long ago. */
        AllocationSite site() {
            AllocationSite site = stack.site();
            stack = site;
            return site;
        }

        boolean isFreed() {
            return freedBy != null;
        }

        /** Notes that the calling thread frees it, at {@code where} if that is known. */
        void freed(@Nullable CapturedStack where) {
            freedAt = where;
            freedBy = Thread.currentThread().getName();
        }

        /** Lets go of what only the report of a second free needs, or of the stack that took it too. */
        private void forget(boolean stackToo) {
            freedAt = null;
            if (stackToo) {
                stack = AllocationSite.FORGOTTEN;
            }
        }

        String origin() {
            StringBuilder text =
                    new StringBuilder("\n  a block of " + requestedBytes + " bytes, taken by thread \"" + thread + '"');
            site().appendTo(text, "      ");
            return text.toString();
        }

        private String end() {
            StringBuilder text = new StringBuilder("\n  freed first by thread \"" + freedBy + '"');
            CapturedStack where = freedAt;
            if (where == null) {
                text.append("; zmalloc.debug=guard tells where");
            } else {
                where.site().appendTo(text, "      ");
            }
            return text.toString();
        }
    }

    private static final AtomicLong SERIALS = new AtomicLong();

    /** Of so many stacks one is looked at at once, whether it is deep. */
    private static final long DEPTH_INTERVAL = 256;

    private static final int REMEMBERED_FREES = 1 << 12;

    /** By {@link #key}. */
    private final ConcurrentMap<Long, Block> live = new ConcurrentHashMap<>();

    private final YoungBlocks young = YoungBlocks.ofCapacity(YoungBlocks.capacityOfHeap());

    /** A ring; what is looked for is searched, since that ends in an error. */
    private final AtomicReferenceArray<Block> freed = new AtomicReferenceArray<>(REMEMBERED_FREES);

    private final AtomicLong frees = new AtomicLong();
    private final boolean tellsWhereFreed;

    /** An empty one; {@code tellsWhereFreed} keeps the stacks of frees too. */
    BlockRegistry(boolean tellsWhereFreed) {
        this.tellsWhereFreed = tellsWhereFreed;
    }

    /** The highest serial number of a block so far. */
    static long lastSerial() {
        return SERIALS.get();
    }

    void add(Block block) {
        live.put(key(block.address()), block);
        young.add(block);
    }

    /**
     * The live block at {@code address}.
     *
     * @throws NativeMemoryMisuseError if there is none
     */
    Block get(long address) {
        Block block = live.get(key(address));
        if (block == null) {
            throw notLive(address);
        }
        return block;
    }

    /** {@link #withdraw} and {@link #freed}: two threads that free one block do not both succeed. */
    Block remove(long address) {
        Block block = withdraw(address);
        freed(block);
        return block;
    }

    /**
     * Takes the live block at {@code address} out, which the caller then tells to be {@link #freed}, or {@link #restore
     * restores}.
     *
     * @throws NativeMemoryMisuseError if there is none
     */
    Block withdraw(long address) {
        Block block = live.remove(key(address));
        if (block == null) {
            throw notLive(address);
        }
        return block;
    }

    /** Remembers that the caller frees a block that it took out. */
    void freed(Block block) {
        block.freed(tellsWhereFreed ? AllocationSite.here() : null);
        Block forgotten = freed.getAndSet((int) frees.getAndIncrement() & (REMEMBERED_FREES - 1), block);
        if (forgotten != null) {
            // Where the stacks of frees are kept, freed blocks are in quarantine, which needs the other ones.
            forgotten.forget(!tellsWhereFreed);
        }
    }

    /** Undoes {@link #withdraw}. */
    void restore(Block block) {
        live.put(key(block.address()), block);
    }

    @SuppressWarnings("ReferenceEquality") // an equal block may be a later one at the same address
    boolean isLive(Block block) {
        return live.get(key(block.address())) == block;
    }

    Collection<Block> liveBlocks() {
        return live.values();
    }

    /** Another for each address. The low bits of addresses are alike, by which the map would tell them apart. */
    private static long key(long address) {
        return address * 0x9E3779B97F4A7C15L;
    }

    private NativeMemoryMisuseError notLive(long address) {
        long last = frees.get();
        for (long free = last - 1; free >= Math.max(0, last - REMEMBERED_FREES); free--) {
            Block block = freed.get((int) free & (REMEMBERED_FREES - 1));
            if (block != null && block.address() == address) {
                return new NativeMemoryMisuseError(Kind.DOUBLE_FREE, address, block.origin() + block.end());
            }
        }
        return new NativeMemoryMisuseError(Kind.FOREIGN_ADDRESS, address, "");
    }
}
