package dev.zmalloc.testing;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.allocator.Allocator;
import dev.zmalloc.allocator.Allocators;
import dev.zmalloc.allocator.ForwardingAllocator;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * An allocator that fails on demand, around any other: for tests of what a program does when there is no memory. It
 * serves where the setting {@code zmalloc.allocator} is this class' name; the system property
 * {@value #DELEGATE_PROPERTY} names the allocator behind it, jemalloc unless set. {@link Faults} says what fails.
 *
 * <p>It keeps an exact account of the usable bytes of all live blocks, those of a debug level around it included: at
 * {@code guard} these have red zones, and are held for a while after they were freed. A free that tells a size which
 * the block cannot have is refused with an {@link AssertionError}.
 *
 * <p>Faults and account are static, since a process has one allocator. Every call costs a look-up of the block's size
 * and atomic operations that all threads share.
 *
 * @param delegate the allocator behind it
 */
public record FaultInjectingAllocator(Allocator delegate) implements ForwardingAllocator {
    /** Name of the property that chooses the allocator behind this one. */
    public static final String DELEGATE_PROPERTY = "zmalloc.testing.allocator";

    private static final AtomicReference<@Nullable Faults> FAULTS = new AtomicReference<>();

    /*
     * A block is in the account from before it is taken until after it is freed, so that never more is live than is
     * counted, and the highest count bounds all that ever was. Where the backend tells only a bound beforehand, that is
     * counted first.
     */
    private static final AtomicLong HELD = new AtomicLong();

    private static final AtomicLong HIGHEST = new AtomicLong();

    /** Made by {@link Allocators}. */
    public FaultInjectingAllocator() {
        this(Allocators.open(System.getProperty(DELEGATE_PROPERTY, "jemalloc")));
    }

    /** Usable bytes of all live blocks, and of those that are being taken. */
    public static long heldBytes() {
        return HELD.get();
    }

    /** The highest number of {@link #heldBytes} since {@link #resetHighest}: at no instant there were more. */
    public static long highestHeldBytes() {
        return HIGHEST.get();
    }

    /** Forgets the highest number of bytes held so far. */
    public static void resetHighest() {
        HIGHEST.set(HELD.get());
    }

    /** Lets everything succeed again. Answers how many allocations the faults in force made fail; 0 without any. */
    public static long stopInjecting() {
        Faults stopped = FAULTS.getAndSet(null);
        return stopped == null ? 0 : stopped.refused();
    }

    static void inject(Faults faults) {
        Allocator serving = ZMalloc.allocator();
        while (serving instanceof ForwardingAllocator around && !(serving instanceof FaultInjectingAllocator)) {
            serving = around.delegate();
        }
        if (!(serving instanceof FaultInjectingAllocator)) {
            throw new IllegalStateException("faults need -D" + Allocators.ALLOCATOR_PROPERTY + "="
                    + FaultInjectingAllocator.class.getName() + "; this process uses " + serving.name());
        }
        FAULTS.set(faults);
    }

    static void remove(Faults faults) {
        FAULTS.compareAndSet(faults, null);
    }

    @Override
    public String name() {
        return "faulty " + delegate.name();
    }

    @Override
    public long allocate(long bytes) {
        long bound = delegate.usableBytesBound(bytes);
        return reserve(bound) ? taken(delegate.allocate(bytes), bound) : 0;
    }

    @Override
    public long allocateZeroed(long bytes) {
        long bound = delegate.usableBytesBound(bytes);
        return reserve(bound) ? taken(delegate.allocateZeroed(bytes), bound) : 0;
    }

    @Override
    public long allocateAligned(long bytes, long alignmentBytes) {
        long bound = delegate.alignedUsableBytesBound(bytes, alignmentBytes);
        return reserve(bound) ? taken(delegate.allocateAligned(bytes, alignmentBytes), bound) : 0;
    }

    @Override
    public boolean hasUncachedCalls() {
        return delegate.hasUncachedCalls();
    }

    @Override
    public long allocateUncached(long bytes) {
        long bound = delegate.usableBytesBound(bytes);
        return reserve(bound) ? taken(delegate.allocateUncached(bytes), bound) : 0;
    }

    @Override
    public long reallocate(long address, long bytes) {
        long oldUsableBytes = delegate.usableBytes(address);
        long more = Math.max(0, delegate.usableBytesBound(bytes) - oldUsableBytes);
        if (!reserve(more)) {
            return 0;
        }
        long moved = delegate.reallocate(address, bytes);
        // No backend gives a resized block more than it had and more than its bound, so this only ever gives back.
        HELD.addAndGet((moved == 0 ? 0 : delegate.usableBytes(moved) - oldUsableBytes) - more);
        return moved;
    }

    @Override
    public void free(long address) {
        long usableBytes = delegate.usableBytes(address);
        delegate.free(address);
        HELD.addAndGet(-usableBytes);
    }

    @Override
    public void free(long address, long bytes) {
        long usableBytes = checkedUsableBytes(address, bytes);
        delegate.free(address, bytes);
        HELD.addAndGet(-usableBytes);
    }

    @Override
    public void freeAny(long address, long usableBytes) {
        delegate.freeAny(address, usableBytes);
        HELD.addAndGet(-usableBytes);
    }

    @Override
    public void freeAligned(long address, long bytes, long alignmentBytes) {
        long usableBytes = delegate.usableBytes(address);
        if (bytes != usableBytes) {
            throw wrongSize(usableBytes, bytes);
        }
        delegate.freeAligned(address, bytes, alignmentBytes);
        HELD.addAndGet(-usableBytes);
    }

    @Override
    public void freeUncached(long address, long bytes) {
        long usableBytes = checkedUsableBytes(address, bytes);
        delegate.freeUncached(address, bytes);
        HELD.addAndGet(-usableBytes);
    }

    private long checkedUsableBytes(long address, long bytes) {
        long usableBytes = delegate.usableBytes(address);
        if (bytes > usableBytes || (usableBytesExact() && delegate.usableBytesBound(bytes) != usableBytes)) {
            throw wrongSize(usableBytes, bytes);
        }
        return usableBytes;
    }

    private static AssertionError wrongSize(long usableBytes, long bytes) {
        return new AssertionError("a block of " + usableBytes + " usable bytes is freed with " + bytes);
    }

    /** Counts an allocation, and holds {@code bytes} for it unless it is to fail. */
    private static boolean reserve(long bytes) {
        Faults faults = FAULTS.get();
        return hold(bytes, faults, faults == null ? Long.MAX_VALUE : faults.mostHeldBytes());
    }

    private static boolean hold(long bytes, @Nullable Faults faults, long mostBytes) {
        long held;
        do {
            held = HELD.get();
            // What takes nothing more passes a budget that was set below what is held.
            if (faults != null && (mostBytes < 0 || (bytes > 0 && bytes > mostBytes - held))) {
                faults.countRefusal();
                return false;
            }
        } while (!HELD.compareAndSet(held, held + bytes));
        if (held + bytes > HIGHEST.get()) {
            HIGHEST.accumulateAndGet(held + bytes, Math::max);
        }
        return true;
    }

    /** Makes what is held for a block that was taken, or was not, what it really has. */
    private long taken(long address, long reservedBytes) {
        long usableBytes = address == 0 ? 0 : delegate.usableBytes(address);
        long more = usableBytes - reservedBytes;
        if (more <= 0) {
            HELD.addAndGet(more);
            return address;
        }
        // The backend gave more than its own bound. A budget holds all the same.
        Faults faults = FAULTS.get();
        if (hold(more, faults, faults == null ? Long.MAX_VALUE : faults.budgetBytes())) {
            return address;
        }
        delegate.freeAny(address, usableBytes);
        HELD.addAndGet(-reservedBytes);
        return 0;
    }
}
