package dev.zmalloc.allocator;

import dev.zmalloc.allocator.NativeMemoryMisuseError.Kind;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Every live block by its address, and the last few thousand that were freed, so that a second free can be told from
 * one of an address that never was a block. Kept on the heap: a stray write must not reach it. Any thread may call any
 * method.
 */
final class BlockRegistry {
    /**
     * A live block.
     *
     * @param serial higher than that of every block taken before; a resized block counts as taken again
     * @param requestedBytes what was asked for
     * @param usableBytes what the holder may use
     * @param alignmentBytes what was asked for; 0 for a plain block
     * @param site where it was taken
     * @param thread who took it
     */
    record Block(
            long serial,
            long address,
            long requestedBytes,
            long usableBytes,
            long alignmentBytes,
            AllocationSite site,
            String thread) {
        static Block taken(long address, long requestedBytes, long usableBytes, long alignmentBytes) {
            return new Block(
                    SERIALS.incrementAndGet(),
                    address,
                    requestedBytes,
                    usableBytes,
                    alignmentBytes,
                    AllocationSite.here(),
                    Thread.currentThread().getName());
        }

        String origin() {
            StringBuilder text = new StringBuilder()
                    .append("\n  a block of ")
                    .append(requestedBytes)
                    .append(" bytes, taken by thread \"")
                    .append(thread)
                    .append('"');
            site.appendTo(text, "      ");
            return text.toString();
        }
    }

    private record Freed(Block block, AllocationSite site, String thread) {}

    private static final AtomicLong SERIALS = new AtomicLong();
    private static final int REMEMBERED_FREES = 4096;

    private final ConcurrentMap<Long, Block> live = new ConcurrentHashMap<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Long, Freed> freed = new LinkedHashMap<>();

    /** The highest serial number of a block so far. */
    static long lastSerial() {
        return SERIALS.get();
    }

    void add(Block block) {
        lock.lock();
        try {
            freed.remove(block.address());
        } finally {
            lock.unlock();
        }
        live.put(block.address(), block);
    }

    /**
     * The live block at {@code address}.
     *
     * @throws NativeMemoryMisuseError if there is none
     */
    Block get(long address) {
        Block block = live.get(address);
        if (block == null) {
            throw notLive(address);
        }
        return block;
    }

    /**
     * Takes the live block at {@code address} out, and remembers that the caller frees it.
     *
     * @throws NativeMemoryMisuseError if there is none; two threads that free one block do not both succeed
     */
    Block remove(long address) {
        Block block = live.remove(address);
        if (block == null) {
            throw notLive(address);
        }
        Freed free =
                new Freed(block, AllocationSite.here(), Thread.currentThread().getName());
        lock.lock();
        try {
            freed.put(address, free);
            if (freed.size() > REMEMBERED_FREES) {
                freed.remove(freed.keySet().iterator().next());
            }
        } finally {
            lock.unlock();
        }
        return block;
    }

    /** Undoes {@link #remove}: the block was not freed after all. */
    void restore(Block block) {
        add(block);
    }

    @SuppressWarnings("ReferenceEquality") // an equal block may be a later one at the same address
    boolean isLive(Block block) {
        return live.get(block.address()) == block;
    }

    Collection<Block> liveBlocks() {
        return live.values();
    }

    private NativeMemoryMisuseError notLive(long address) {
        Freed before;
        lock.lock();
        try {
            before = freed.get(address);
        } finally {
            lock.unlock();
        }
        if (before == null) {
            return new NativeMemoryMisuseError(Kind.FOREIGN_ADDRESS, address, "");
        }
        StringBuilder text = new StringBuilder(before.block().origin())
                .append("\n  freed first by thread \"")
                .append(before.thread())
                .append('"');
        before.site().appendTo(text, "      ");
        return new NativeMemoryMisuseError(Kind.DOUBLE_FREE, address, text.toString());
    }
}
