package dev.zmalloc.allocator;

import java.util.concurrent.atomic.AtomicLong;

/**
 * jemalloc that fails on demand and keeps an exact account: the allocator of the tests tagged {@code fault}, in a JVM
 * of their own.
 *
 * <p>The switches are static, since a process has one allocator.
 */
public final class FailingAllocator implements Allocator {
    private static final AtomicLong ALLOCATIONS_LEFT = new AtomicLong(Long.MAX_VALUE);
    private static final AtomicLong LIVE_BYTES = new AtomicLong();
    private static final AtomicLong HIGHEST_LIVE_BYTES = new AtomicLong();
    private static volatile boolean failAllAfter;

    private final Allocator delegate = Allocators.open("jemalloc");

    /** Made by {@link Allocators}. */
    public FailingAllocator() {}

    /** Offers it by name. */
    public static final class Provider implements AllocatorProvider {
        /** Made by {@link java.util.ServiceLoader}. */
        public Provider() {}

        @Override
        public String name() {
            return "failing";
        }

        @Override
        public Allocator create() {
            return new FailingAllocator();
        }
    }

    /**
     * Lets {@code allocations} succeed and the next one fail.
     *
     * @param andAllAfter whether those after it fail too
     */
    public static void failAfter(long allocations, boolean andAllAfter) {
        failAllAfter = andAllAfter;
        ALLOCATIONS_LEFT.set(allocations);
    }

    /** Lets everything succeed again. Answers whether an allocation had failed since {@link #failAfter}. */
    public static boolean stopFailing() {
        return ALLOCATIONS_LEFT.getAndSet(Long.MAX_VALUE) < 0;
    }

    /** Usable bytes of all live blocks, exactly. */
    public static long liveBytes() {
        return LIVE_BYTES.get();
    }

    /** Forgets the highest number of live bytes so far. */
    public static void resetHighest() {
        HIGHEST_LIVE_BYTES.set(LIVE_BYTES.get());
    }

    /** The highest number of live bytes since {@link #resetHighest}: at no instant there were more. */
    public static long highestLiveBytes() {
        return HIGHEST_LIVE_BYTES.get();
    }

    private static boolean fails() {
        long left = ALLOCATIONS_LEFT.decrementAndGet();
        return left == -1 || (left < -1 && failAllAfter);
    }

    private long counted(long address) {
        if (address != 0) {
            HIGHEST_LIVE_BYTES.accumulateAndGet(LIVE_BYTES.addAndGet(delegate.usableBytes(address)), Math::max);
        }
        return address;
    }

    @Override
    public String name() {
        return "failing";
    }

    @Override
    public AllocatorDescription description() {
        return delegate.description();
    }

    @Override
    public long allocate(long bytes) {
        return fails() ? 0 : counted(delegate.allocate(bytes));
    }

    @Override
    public long allocateZeroed(long bytes) {
        return fails() ? 0 : counted(delegate.allocateZeroed(bytes));
    }

    @Override
    public long reallocate(long address, long bytes) {
        if (fails()) {
            return 0;
        }
        long usableBytes = delegate.usableBytes(address);
        long moved = delegate.reallocate(address, bytes);
        if (moved != 0) {
            LIVE_BYTES.addAndGet(-usableBytes);
        }
        return counted(moved);
    }

    @Override
    public void free(long address) {
        LIVE_BYTES.addAndGet(-delegate.usableBytes(address));
        delegate.free(address);
    }

    @Override
    public void free(long address, long bytes) {
        long usableBytes = delegate.usableBytes(address);
        if (bytes > usableBytes || delegate.usableBytesBound(bytes) != usableBytes) {
            throw new AssertionError("a block of " + usableBytes + " usable bytes is freed with " + bytes);
        }
        LIVE_BYTES.addAndGet(-usableBytes);
        delegate.free(address, bytes);
    }

    @Override
    public long allocateAligned(long bytes, long alignmentBytes) {
        return fails() ? 0 : counted(delegate.allocateAligned(bytes, alignmentBytes));
    }

    @Override
    public void freeAligned(long address, long bytes, long alignmentBytes) {
        long usableBytes = delegate.usableBytes(address);
        if (bytes != usableBytes) {
            throw new AssertionError("an aligned block of " + usableBytes + " usable bytes is freed with " + bytes);
        }
        LIVE_BYTES.addAndGet(-usableBytes);
        delegate.freeAligned(address, bytes, alignmentBytes);
    }

    @Override
    public boolean hasUncachedCalls() {
        return delegate.hasUncachedCalls();
    }

    @Override
    public long allocateUncached(long bytes) {
        return fails() ? 0 : counted(delegate.allocateUncached(bytes));
    }

    @Override
    public void freeUncached(long address, long bytes) {
        LIVE_BYTES.addAndGet(-delegate.usableBytes(address));
        delegate.freeUncached(address, bytes);
    }

    @Override
    public long usableBytes(long address) {
        return delegate.usableBytes(address);
    }

    @Override
    public long usableBytesBound(long requestedBytes) {
        return delegate.usableBytesBound(requestedBytes);
    }

    @Override
    public long alignedUsableBytesBound(long requestedBytes, long alignmentBytes) {
        return delegate.alignedUsableBytesBound(requestedBytes, alignmentBytes);
    }

    @Override
    public boolean usableBytesExact() {
        return delegate.usableBytesExact();
    }

    @Override
    public AllocatorFigures figures() {
        return delegate.figures();
    }
}
