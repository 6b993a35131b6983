package dev.zmalloc;

import dev.zmalloc.allocator.Allocator;
import dev.zmalloc.allocator.Allocators;
import dev.zmalloc.allocator.ForwardingAllocator;

/**
 * A program that takes and frees blocks of an account, on a backend that does not say sizes beforehand and counts how
 * often it is asked for one.
 */
public final class AccountLookupsProbe {
    private static int lookups;
    private static long toldBytes;

    private AccountLookupsProbe() {}

    /** Prints {@code take=} and {@code free=} with the numbers of questions, and {@code told=} with the size told. */
    public static void main(String[] arguments) {
        MemoryAccount account = new MemoryAccount("probe", 1 << 20);
        long address = account.tryAllocate(100);
        System.out.println("take=" + lookups);
        lookups = 0;
        account.free(address, 100);
        System.out.println("free=" + lookups);
        System.out.println("told=" + toldBytes);
        System.out.println("used=" + (account.usedMemory() + ZMalloc.zmallocUsedMemory()));
    }

    /** Around the C library's allocator. Made by {@link Allocators}. */
    public record Counting(Allocator delegate) implements ForwardingAllocator {
        /** Around a fresh binding. */
        public Counting() {
            this(Allocators.open("libc"));
        }

        @Override
        public long usableBytes(long address) {
            lookups++;
            return delegate.usableBytes(address);
        }

        @Override
        public long allocate(long bytes) {
            return delegate.allocate(bytes);
        }

        @Override
        public long allocateZeroed(long bytes) {
            return delegate.allocateZeroed(bytes);
        }

        @Override
        public long allocateAligned(long bytes, long alignmentBytes) {
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
            toldBytes = bytes;
            delegate.free(address, bytes);
        }

        @Override
        public void freeAligned(long address, long bytes, long alignmentBytes) {
            delegate.freeAligned(address, bytes, alignmentBytes);
        }
    }
}
