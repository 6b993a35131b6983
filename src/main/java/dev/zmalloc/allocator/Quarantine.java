package dev.zmalloc.allocator;

import dev.zmalloc.allocator.BlockRegistry.Block;
import dev.zmalloc.allocator.NativeMemoryMisuseError.Kind;
import dev.zmalloc.ffi.Memory;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Keeps blocks that were freed out of use, filled with a pattern, until {@value #CAPACITY_BYTES} bytes of others have
 * followed, or as many blocks as the heap has room for with their stacks, at most 32,768: whoever still writes to one
 * damages the pattern and nothing else.
 *
 * <p>Damage that is found when a block leaves is logged, since the thread that finds it did not do it; {@link #check}
 * throws. Any thread may call any method.
 */
final class Quarantine {
    static final byte FREED = (byte) 0xDD;

    private static final long CAPACITY_BYTES = 16 << 20;

    /** A freed block; {@code base} and {@code totalBytes} are the backend's. */
    private record Detained(Block block, long base, long totalBytes) {}

    private final Allocator delegate;
    private final ReentrantLock lock = new ReentrantLock();
    private final Queue<Detained> detained = new ArrayDeque<>();
    private final int capacityBlocks = YoungBlocks.capacityOfHeap();
    private long bytes;

    Quarantine(Allocator delegate) {
        this.delegate = delegate;
    }

    /** Takes over a block, with all of what the backend gave for it. */
    void add(Block block, long base, long totalBytes) {
        Memory.fill(base, totalBytes, FREED);
        lock.lock();
        try {
            detained.add(new Detained(block, base, totalBytes));
            bytes += totalBytes;
            while (bytes > CAPACITY_BYTES || detained.size() > capacityBlocks) {
                release(detained.remove());
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Looks at every block that is here, and runs {@code further}: no block goes back to the backend meanwhile.
     *
     * @throws NativeMemoryMisuseError if one was written
     */
    void check(Runnable further) {
        lock.lock();
        try {
            further.run();
            for (Detained block : detained) {
                NativeMemoryMisuseError damage = damage(block);
                if (damage != null) {
                    throw damage;
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void release(Detained block) {
        bytes -= block.totalBytes();
        NativeMemoryMisuseError damage = damage(block);
        if (damage != null) {
            System.getLogger("dev.zmalloc").log(Level.ERROR, damage.getMessage());
        }
        long alignmentBytes = block.block().alignmentBytes();
        if (alignmentBytes == 0) {
            delegate.free(block.base());
        } else {
            delegate.freeAligned(block.base(), delegate.usableBytes(block.base()), alignmentBytes);
        }
    }

    private static @Nullable NativeMemoryMisuseError damage(Detained block) {
        long offset = GuardedAllocator.firstOther(block.base(), block.totalBytes(), FREED);
        if (offset < 0) {
            return null;
        }
        long inBlock = block.base() + offset - block.block().address();
        return new NativeMemoryMisuseError(
                Kind.WRITE_AFTER_FREE,
                block.block().address(),
                ", at offset " + inBlock + block.block().origin());
    }
}
