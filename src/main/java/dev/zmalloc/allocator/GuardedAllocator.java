package dev.zmalloc.allocator;

import dev.zmalloc.allocator.BlockRegistry.Block;
import dev.zmalloc.allocator.NativeMemoryMisuseError.Kind;
import dev.zmalloc.ffi.Memory;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * Puts every block between red zones, fills it, and keeps it out of use for a while after it was freed.
 *
 * <pre>
 *   the backend's block
 *   |  front: 32 bytes, or the alignment if that is more   | requested bytes             | rear: 16 bytes   |
 *   +------------------------------------------------------+-----------------------------+------------------+
 *   | FB FB FB ...                                         | the holder's; A5 at first,  | FB FB FB ...     |
 *   |                                                      | DD after it was freed       |                  |
 *   +------------------------------------------------------+-----------------------------+------------------+
 *                                                          ^ the address that is handed out
 * </pre>
 *
 * The usable size is the requested one, exactly, so that the first byte too many is found. The zones are looked at when
 * the block is freed or resized, and by {@link #check}.
 */
record GuardedAllocator(Allocator delegate, BlockRegistry registry, Quarantine quarantine)
        implements WatchingAllocator {
    private static final byte ZONE = (byte) 0xFB;
    private static final byte TAKEN = (byte) 0xA5;
    private static final long FRONT_BYTES = 32;
    private static final long REAR_BYTES = 16;

    /** Requests beyond this are none that a process can have, and would overflow with the zones. */
    private static final long MAX_BYTES = 1L << 56;

    @Override
    public DebugLevel level() {
        return DebugLevel.GUARD;
    }

    @Override
    public Collection<Block> blocks() {
        return registry.liveBlocks();
    }

    @Override
    public void check() {
        quarantine.check(() -> {
            for (Block block : registry.liveBlocks()) {
                NativeMemoryMisuseError damage = damage(block);
                // Freed meanwhile, it is filled from end to end, but not gone while the quarantine keeps everything.
                if (damage != null && registry.isLive(block)) {
                    throw damage;
                }
            }
        });
    }

    @Override
    public long allocate(long bytes) {
        return allocateZoned(bytes, 0, TAKEN);
    }

    @Override
    public long allocateZeroed(long bytes) {
        return allocateZoned(bytes, 0, (byte) 0);
    }

    @Override
    public long allocateAligned(long bytes, long alignmentBytes) {
        return allocateZoned(bytes, alignmentBytes, TAKEN);
    }

    /** Always moves the block, so that whoever kept the old address is found out. */
    @Override
    public long reallocate(long address, long bytes) {
        Block old = registry.get(address);
        checkZones(old);
        long moved = allocate(bytes);
        if (moved != 0) {
            Memory.copy(address, moved, Math.min(old.requestedBytes(), bytes));
            free(address);
        }
        return moved;
    }

    @Override
    public void free(long address) {
        checkZones(registry.get(address));
        Block block = registry.remove(address);
        quarantine.add(block, base(block), totalBytes(block));
    }

    @Override
    public void free(long address, long bytes) {
        TrackingAllocator.check(registry.get(address), bytes, 0);
        free(address);
    }

    @Override
    public void freeAligned(long address, long bytes, long alignmentBytes) {
        TrackingAllocator.check(registry.get(address), bytes, alignmentBytes);
        free(address);
    }

    @Override
    public long usableBytes(long address) {
        return registry.get(address).requestedBytes();
    }

    @Override
    public long usableBytesBound(long requestedBytes) {
        return requestedBytes > MAX_BYTES ? 0 : requestedBytes;
    }

    @Override
    public long alignedUsableBytesBound(long requestedBytes, long alignmentBytes) {
        return usableBytesBound(requestedBytes);
    }

    @Override
    public boolean usableBytesExact() {
        return true;
    }

    private long allocateZoned(long bytes, long alignmentBytes, byte content) {
        if (bytes > MAX_BYTES || alignmentBytes > MAX_BYTES) {
            return 0;
        }
        long frontBytes = frontBytes(alignmentBytes);
        long total = frontBytes + bytes + REAR_BYTES;
        long base = alignmentBytes == 0 ? delegate.allocate(total) : delegate.allocateAligned(total, alignmentBytes);
        if (base == 0) {
            return 0;
        }
        long address = base + frontBytes;
        Memory.fill(base, frontBytes, ZONE);
        Memory.fill(address, bytes, content);
        Memory.fill(address + bytes, REAR_BYTES, ZONE);
        registry.add(Block.taken(address, bytes, bytes, alignmentBytes));
        return address;
    }

    private static long frontBytes(long alignmentBytes) {
        return Math.max(FRONT_BYTES, alignmentBytes);
    }

    private static long base(Block block) {
        return block.address() - frontBytes(block.alignmentBytes());
    }

    private static long totalBytes(Block block) {
        return frontBytes(block.alignmentBytes()) + block.requestedBytes() + REAR_BYTES;
    }

    private static void checkZones(Block block) {
        NativeMemoryMisuseError damage = damage(block);
        if (damage != null) {
            throw damage;
        }
    }

    private static @Nullable NativeMemoryMisuseError damage(Block block) {
        long frontBytes = frontBytes(block.alignmentBytes());
        long front = firstOther(base(block), frontBytes, ZONE);
        if (front >= 0) {
            return damaged(Kind.UNDERRUN, block, frontBytes - front + " bytes in front of it");
        }
        long rear = firstOther(block.address() + block.requestedBytes(), REAR_BYTES, ZONE);
        return rear < 0 ? null : damaged(Kind.OVERRUN, block, rear + " bytes behind its end");
    }

    private static NativeMemoryMisuseError damaged(Kind kind, Block block, String where) {
        return new NativeMemoryMisuseError(kind, block.address(), ", " + where + block.origin());
    }

    /** The offset of the first byte that is not {@code value}, or -1. */
    static long firstOther(long address, long bytes, byte value) {
        long eight = (value & 0xFF) * 0x0101010101010101L;
        long offset = 0;
        while (offset <= bytes - Long.BYTES && Memory.getLong(address + offset) == eight) {
            offset += Long.BYTES;
        }
        for (; offset < bytes; offset++) {
            if (Memory.getByte(address + offset) != value) {
                return offset;
            }
        }
        return -1;
    }
}
