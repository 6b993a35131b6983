package dev.zmalloc;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A counted and capped view of {@link ZMalloc}: the blocks of one owner, such as a store, and the limit that they keep.
 *
 * <p>The limit is hard. A block's bytes are reserved before the allocator is asked, and what was reserved too much is
 * given back after, so that {@code usedMemory() <= maxMemory()} at every instant, whatever the threads do. Bytes are
 * usable bytes, as in {@link ZMalloc#zmallocUsedMemory()}, which counts these blocks too.
 *
 * <p>Any thread may call any method. Blocks must go back through the account that they came from. Nothing here calls
 * the out-of-memory handler.
 */
public final class MemoryAccount {
    /** Answered in place of an address: the block would pass the limit. */
    public static final long OVER_LIMIT = -1;

    /** Answered in place of an address: the allocator had no memory. */
    public static final long NO_MEMORY = -2;

    private final long maxMemory;
    private final AtomicLong used = new AtomicLong();

    /**
     * Opens an account.
     *
     * @param maxMemory the limit in bytes; 0 for none
     * @throws IllegalArgumentException if {@code maxMemory} is negative
     */
    public MemoryAccount(long maxMemory) {
        if (maxMemory < 0) {
            throw new IllegalArgumentException("maxMemory is negative: " + maxMemory);
        }
        this.maxMemory = maxMemory;
    }

    /** Tells whether {@code address} is one, and not {@link #NO_MEMORY} or {@link #OVER_LIMIT}. */
    public static boolean isAddress(long address) {
        return address > 0;
    }

    /** Bytes of all live blocks of this account, and of reservations under way. */
    public long usedMemory() {
        return used.get();
    }

    /** The limit in bytes; 0 for none. */
    public long maxMemory() {
        return maxMemory;
    }

    /** Tells whether {@code more} bytes would pass the limit now. */
    public boolean isOver(long more) {
        return maxMemory != 0 && more > maxMemory - used.get();
    }

    /**
     * Charges {@code bytes} to the account, if the limit allows. The caller owes a {@link #release} of them, or a
     * block.
     *
     * @return whether they were charged
     */
    public boolean tryReserve(long bytes) {
        while (true) {
            long now = used.get();
            long limit = maxMemory == 0 ? Long.MAX_VALUE : maxMemory;
            if (bytes > limit - now) {
                return false;
            }
            if (used.compareAndSet(now, now + bytes)) {
                return true;
            }
        }
    }

    /** Takes back a charge of {@code bytes}. */
    public void release(long bytes) {
        long left = used.addAndGet(-bytes);
        assert left >= 0 : "released " + bytes + " bytes, more than were in use: " + left;
    }

    /**
     * Takes a block of at least {@code bytes}, its content undefined. The caller owns it.
     *
     * @return its address, or {@link #OVER_LIMIT} or {@link #NO_MEMORY}, with nothing charged
     */
    public long tryAllocate(long bytes) {
        long bound = RawZMalloc.usableBytesBound(bytes);
        return tryReserve(bound) ? allocateReserved(bytes, bound) : OVER_LIMIT;
    }

    /** Like {@link #tryAllocate}, with the first {@code bytes} of the block zero. */
    public long tryAllocateZeroed(long bytes) {
        long bound = RawZMalloc.usableBytesBound(bytes);
        return tryReserve(bound) ? charged(RawZMalloc.ztrycalloc(bytes), bytes, bound) : OVER_LIMIT;
    }

    /**
     * Takes a block of at least {@code bytes} out of a reservation. The reservation is used up, also when there is no
     * memory.
     *
     * @param reservedBytes what the caller reserved for it: {@link RawZMalloc#usableBytesBound} of {@code bytes}
     * @return its address, which the caller owns, or {@link #OVER_LIMIT} or {@link #NO_MEMORY}, with nothing charged
     */
    public long allocateReserved(long bytes, long reservedBytes) {
        return charged(RawZMalloc.ztrymalloc(bytes), bytes, reservedBytes);
    }

    /**
     * Gives a block of this account back.
     *
     * @param bytes anything from the size requested to the usable size
     * @return the usable bytes that were freed
     */
    public long free(long address, long bytes) {
        long usableBytes = RawZMalloc.usableBytes(address, Math.max(bytes, RawZMalloc.MIN_BYTES));
        RawZMalloc.zfree(address, usableBytes);
        release(usableBytes);
        return usableBytes;
    }

    /** Replaces the charge of {@code reservedBytes} by what the block really has. */
    private long charged(long address, long bytes, long reservedBytes) {
        if (address == 0) {
            release(reservedBytes);
            return NO_MEMORY;
        }
        long usableBytes = RawZMalloc.usableBytes(address, Math.max(bytes, RawZMalloc.MIN_BYTES));
        if (usableBytes <= reservedBytes) {
            if (usableBytes < reservedBytes) {
                release(reservedBytes - usableBytes);
            }
            return address;
        }
        // The backend gave more than its own bound. The limit holds all the same.
        if (tryReserve(usableBytes - reservedBytes)) {
            return address;
        }
        RawZMalloc.zfree(address, usableBytes);
        release(reservedBytes);
        return OVER_LIMIT;
    }
}
