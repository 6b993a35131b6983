package dev.zmalloc.examples;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.evict.CandidateSink;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.evict.EvictionTarget;
import dev.zmalloc.evict.Evictor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An application's own list of native buffers under a limit. ZMalloc counts, an Evictor chooses, the list stays a list.
 */
final class BufferListExample implements EvictionTarget, AutoCloseable {
    record Buffer(MemorySegment bytes, long serial, AtomicInteger access) {}

    final List<Buffer> buffers = new ArrayList<>();
    final Evictor evictor;
    private long serials;

    BufferListExample(long maxMemory) {
        evictor = Evictor.builder()
                .policy(EvictionPolicy.ALLKEYS_LRU)
                .maxMemory(maxMemory)
                .usedMemory(ZMalloc::zmallocUsedMemory)
                .target(this)
                .build();
    }

    /** Makes room by evicting older buffers, then takes the memory; null if that much does not fit. */
    Buffer add(long byteSize) {
        if (!evictor.makeRoom(RawZMalloc.usableBytesBound(byteSize))) {
            return null;
        }
        evictor.clock().inserted(buffers.size());
        Buffer buffer = new Buffer(ZMalloc.zmalloc(byteSize), serials++, new AtomicInteger());
        use(buffer);
        buffers.add(buffer);
        return buffer;
    }

    void use(Buffer buffer) {
        buffer.access.set(evictor.clock().now());
    }

    @Override
    public int sample(long random, int count, CandidateSink sink) {
        int offered = Math.min(count, buffers.size());
        for (int i = 0; i < offered; i++) {
            int index = (int) Long.remainderUnsigned(random + i, buffers.size());
            sink.offer(
                    buffers.get(index).serial, index, buffers.get(index).access.get());
        }
        return offered;
    }

    @Override
    public long evict(long serial, long index, int access) {
        Buffer victim = index < buffers.size() ? buffers.get((int) index) : null;
        if (victim == null || victim.serial != serial || (access != ANY_ACCESS && victim.access.get() != access)) {
            return 0; // Gone, moved, or used since it was offered.
        }
        Buffer last = buffers.removeLast();
        if (index < buffers.size()) {
            buffers.set((int) index, last);
        }
        long freed = ZMalloc.zmallocSize(victim.bytes);
        ZMalloc.zfree(victim.bytes);
        return freed;
    }

    @Override
    public void close() {
        buffers.forEach(buffer -> ZMalloc.zfree(buffer.bytes));
        buffers.clear();
        evictor.close();
    }

    /** Takes ten times more than the limit allows. */
    public static void main(String[] arguments) {
        try (BufferListExample list = new BufferListExample(1 << 20)) {
            for (int i = 0; i < 10_000; i++) {
                list.add(1000).bytes.fill((byte) i);
            }
            System.out.println(list.buffers.size() + " buffers, " + list.evictor.evictions() + " evicted");
            System.out.println(ZMalloc.zmallocUsedMemory() + " bytes used of " + list.evictor.maxMemory());
        }
        System.out.println("used in the end: " + ZMalloc.zmallocUsedMemory());
    }
}
