package dev.zmalloc.examples;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.allocator.Allocator;
import dev.zmalloc.allocator.AllocatorDescription;
import dev.zmalloc.allocator.AllocatorProvider;
import dev.zmalloc.allocator.AllocatorUnavailableException;
import dev.zmalloc.allocator.Allocators;
import dev.zmalloc.allocator.ForwardingAllocator;
import java.util.concurrent.atomic.LongAdder;

/** How to swap the allocator. The regions are shown by the Javadoc of {@code dev.zmalloc.allocator}. */
final class SwapExample {
    private SwapExample() {}

    public static void main(String[] arguments) {
        // @start region="use"
        try {
            Allocators.use("mimalloc"); // before anything takes memory
        } catch (AllocatorUnavailableException e) { // the message lists what was tried, and the cure for each
            Allocators.use("libc");
        }
        AllocatorDescription serving = ZMalloc.allocator().description();
        System.out.println(serving.name() + " " + serving.version() + " from " + serving.file());
        // @end
        ZMalloc.zfree(ZMalloc.zmalloc(100));
    }

    // @start region="own"
    /** Counts the blocks that it passes on. A record, since the JIT takes the fields of records for constants. */
    record CountingAllocator(Allocator delegate, LongAdder taken) implements ForwardingAllocator {
        @Override
        public String name() {
            return "counting";
        }

        @Override
        public long allocate(long bytes) {
            taken.increment();
            return delegate.allocate(bytes);
        }

        @Override
        public long allocateZeroed(long bytes) {
            taken.increment();
            return delegate.allocateZeroed(bytes);
        }

        @Override
        public long allocateAligned(long bytes, long alignmentBytes) {
            taken.increment();
            return delegate.allocateAligned(bytes, alignmentBytes);
        }

        @Override
        public long reallocate(long address, long bytes) {
            return delegate.reallocate(address, bytes);
        }

        @Override
        public void free(long address) {
            delegate.free(address);
        }

        @Override
        public void free(long address, long bytes) {
            delegate.free(address, bytes);
        }

        @Override
        public void freeAligned(long address, long bytes, long alignmentBytes) {
            delegate.freeAligned(address, bytes, alignmentBytes);
        }
    }

    /** Found by the service loader; {@code -Dzmalloc.allocator=counting} chooses it. */
    public static final class CountingProvider implements AllocatorProvider {
        @Override
        public String name() {
            return "counting";
        }

        @Override
        public Allocator create() {
            return new CountingAllocator(Allocators.open("libc"), new LongAdder());
        }
    }
    // @end
}
