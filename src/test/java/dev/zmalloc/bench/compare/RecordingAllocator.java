package dev.zmalloc.bench.compare;

import dev.zmalloc.allocator.Allocator;
import dev.zmalloc.allocator.AllocatorDescription;
import dev.zmalloc.allocator.AllocatorFigures;
import dev.zmalloc.allocator.Allocators;
import dev.zmalloc.allocator.Backends;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Writes down what the process asks of its allocator. Chosen by naming this class in {@code zmalloc.allocator}; the log
 * goes to the file that {@value #FILE_PROPERTY} names, from {@link #start} until {@link #finish}.
 *
 * <p>Blocks come from libc, but a block's usable size is the one requested. So what a program does depends on sizes
 * alone, and a store's limit holds what it holds whichever backend the log is replayed with later: a recording on one
 * backend's own rounding would be that backend's workload.
 */
public final class RecordingAllocator implements Allocator {
    static final String FILE_PROPERTY = "zmalloc.compare.recording";

    private static @Nullable RecordingAllocator current;

    /** A live block: its number in the log, its size, and the alignment it was asked for with, or 1. */
    private record Block(int number, long bytes, long alignmentBytes) {}

    private final Allocator backend = Backends.open("libc");
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Long, Block> live = new HashMap<>();
    private final BlockNumbers numbers = new BlockNumbers();
    private @Nullable AllocationLogWriter log;

    /** Made by {@code Allocators}, once. */
    public RecordingAllocator() {
        current = this;
    }

    /** Starts the log. Nothing may be live yet. */
    static void start() throws IOException {
        // Nothing has asked for memory yet, so that nothing has made the allocator.
        Allocators.select();
        RecordingAllocator recorder = recorder();
        recorder.lock.lock();
        try {
            if (!recorder.live.isEmpty()) {
                throw new IllegalStateException(recorder.live.size() + " blocks were taken before the recording began");
            }
            recorder.log = new AllocationLogWriter(Path.of(System.getProperty(FILE_PROPERTY)));
        } finally {
            recorder.lock.unlock();
        }
    }

    /** Names this place in the log. */
    static void mark(String name) throws IOException {
        RecordingAllocator recorder = recorder();
        recorder.lock.lock();
        try {
            AllocationLogWriter writer = recorder.log;
            if (writer != null) {
                writer.mark(name);
            }
        } finally {
            recorder.lock.unlock();
        }
    }

    /** Ends the log; what is freed later is not in it. */
    static void finish() throws IOException {
        RecordingAllocator recorder = recorder();
        recorder.lock.lock();
        try {
            AllocationLogWriter writer = recorder.log;
            if (writer != null) {
                recorder.log = null;
                writer.close();
            }
        } finally {
            recorder.lock.unlock();
        }
    }

    private static RecordingAllocator recorder() {
        RecordingAllocator recorder = current;
        if (recorder == null) {
            throw new IllegalStateException("this process does not use " + RecordingAllocator.class.getName());
        }
        return recorder;
    }

    private long taken(byte operation, long address, long bytes, long alignmentBytes) {
        if (address == 0) {
            return 0;
        }
        lock.lock();
        try {
            int number = numbers.take();
            live.put(address, new Block(number, bytes, alignmentBytes));
            if (log != null) {
                log.take(operation, number, bytes, alignmentBytes);
            }
            return address;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            lock.unlock();
        }
    }

    /** Called before the block is freed, since another thread may be given its address at once. */
    private void freeing(byte operation, long address) {
        lock.lock();
        try {
            Block block = live.remove(address);
            if (block == null) {
                throw new IllegalArgumentException("no live block at 0x" + Long.toHexString(address));
            }
            numbers.giveBack(block.number());
            if (log != null) {
                log.free(
                        operation,
                        block.number(),
                        operation == AllocationLog.FREE_ALIGNED ? block.alignmentBytes() : 1);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long reallocate(long address, long bytes) {
        // Under the lock as a whole: the old address is free for others as soon as the block has moved.
        lock.lock();
        try {
            long moved = backend.reallocate(address, bytes);
            Block block = moved == 0 ? null : live.remove(address);
            if (block != null) {
                live.put(moved, new Block(block.number(), bytes, 1));
                if (log != null) {
                    log.reallocate(block.number(), bytes);
                }
            }
            return moved;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String name() {
        return "recording";
    }

    @Override
    public AllocatorDescription description() {
        return AllocatorDescription.of(name(), "1");
    }

    @Override
    public long allocate(long bytes) {
        return taken(AllocationLog.ALLOCATE, backend.allocate(bytes), bytes, 1);
    }

    @Override
    public long allocateZeroed(long bytes) {
        return taken(AllocationLog.ALLOCATE_ZEROED, backend.allocateZeroed(bytes), bytes, 1);
    }

    @Override
    public long allocateAligned(long bytes, long alignmentBytes) {
        return taken(
                AllocationLog.ALLOCATE_ALIGNED, backend.allocateAligned(bytes, alignmentBytes), bytes, alignmentBytes);
    }

    @Override
    public void free(long address) {
        freeing(AllocationLog.FREE, address);
        backend.free(address);
    }

    @Override
    public void free(long address, long bytes) {
        freeing(AllocationLog.FREE_SIZED, address);
        backend.free(address);
    }

    @Override
    public void freeAligned(long address, long bytes, long alignmentBytes) {
        freeing(AllocationLog.FREE_ALIGNED, address);
        backend.free(address);
    }

    @Override
    public long usableBytes(long address) {
        lock.lock();
        try {
            Block block = live.get(address);
            return block == null ? 0 : block.bytes();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long usableBytesBound(long requestedBytes) {
        return requestedBytes;
    }

    @Override
    public long alignedUsableBytesBound(long requestedBytes, long alignmentBytes) {
        return requestedBytes;
    }

    @Override
    public boolean usableBytesExact() {
        return true;
    }

    @Override
    public AllocatorFigures figures() {
        return AllocatorFigures.NONE;
    }
}
