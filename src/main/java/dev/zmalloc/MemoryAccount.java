package dev.zmalloc;

import dev.zmalloc.ffi.Memory;
import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.Collections;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A counted and capped view of {@link ZMalloc}: the blocks of one owner, such as a store, and the limit that they keep.
 *
 * <p>The limit is hard. A block's bytes are reserved before the allocator is asked, and what was reserved too much is
 * given back after, so that {@code usedMemory() <= maxMemory()} at every instant, whatever the threads do. Bytes are
 * usable bytes, as in {@link ZMalloc#zmallocUsedMemory()}, which counts these blocks too.
 *
 * <p>Accounts form trees. What a {@link #child} takes is charged to it and to each account above it, and has to fit
 * into the limits of all: the used memory of a parent is its own blocks' and its children's. {@link #named} accounts
 * are roots that any code can find by their name.
 *
 * <p>An account owns no memory and need not be closed; its blocks belong to whoever took them, and go back through the
 * account that they came from. Any thread may call any method. Taking a block costs one atomic operation for each
 * account up to the root.
 */
@SuppressWarnings("exports") // the annotations of jspecify, which need not be there for who compiles against this
public final class MemoryAccount {
    /** Answered in place of an address: the block would pass the limit. */
    public static final long OVER_LIMIT = -1;

    /** Answered in place of an address: the allocator had no memory. */
    public static final long NO_MEMORY = -2;

    private static final ConcurrentMap<String, MemoryAccount> NAMED = new ConcurrentHashMap<>();

    private final String name;
    private final @Nullable MemoryAccount parent;
    private final long maxMemory;
    private final AtomicLong used = new AtomicLong();
    private final AtomicLong peak = new AtomicLong();

    /**
     * Opens an account without a parent, which is not found by its name.
     *
     * @param name for reports
     * @param maxMemory the limit in bytes; 0 for none
     * @throws IllegalArgumentException if {@code maxMemory} is negative
     */
    public MemoryAccount(String name, long maxMemory) {
        this(name, null, maxMemory);
    }

    private MemoryAccount(String name, @Nullable MemoryAccount parent, long maxMemory) {
        if (maxMemory < 0) {
            throw new IllegalArgumentException("maxMemory is negative: " + maxMemory);
        }
        this.name = Objects.requireNonNull(name, "name");
        this.parent = parent;
        this.maxMemory = maxMemory;
    }

    /**
     * The account of this process that is called {@code name}; made, without a limit, when it is first asked for, and
     * kept for the life of the process.
     */
    public static MemoryAccount named(String name) {
        return NAMED.computeIfAbsent(name, missing -> new MemoryAccount(missing, 0));
    }

    /** All {@link #named} accounts so far: a view that changes with them. */
    public static Collection<MemoryAccount> allNamed() {
        return Collections.unmodifiableCollection(NAMED.values());
    }

    /**
     * Opens an account below this one: what it takes counts here too.
     *
     * @param childName for reports
     * @param childMaxMemory its own limit in bytes, beside those above it; 0 for none
     * @throws IllegalArgumentException if {@code childMaxMemory} is negative
     */
    public MemoryAccount child(String childName, long childMaxMemory) {
        return new MemoryAccount(childName, this, childMaxMemory);
    }

    /** The name, after those of the accounts above it: {@code sessions/eu}. */
    public String path() {
        return parent == null ? name : parent.path() + "/" + name;
    }

    /** The account that this one's blocks are charged to as well, or {@code null}. */
    public @Nullable MemoryAccount parent() {
        return parent;
    }

    /** Tells whether {@code address} is one, and not {@link #NO_MEMORY} or {@link #OVER_LIMIT}. */
    public static boolean isAddress(long address) {
        return address > 0;
    }

    /** Bytes of all live blocks of this account and those below it, and of reservations under way. */
    public long usedMemory() {
        return used.get();
    }

    /**
     * The most that {@link #usedMemory} ever was, reservations included, since the account was opened or
     * {@link #resetPeak} was called: no change is missed.
     */
    public long peakMemory() {
        return peak.get();
    }

    /** Makes the peak what is used now. */
    public void resetPeak() {
        peak.set(used.get());
        // A reservation between the two lines may have raised what the first had not yet lowered.
        peak.accumulateAndGet(used.get(), Math::max);
    }

    /** The account's own limit in bytes; 0 for none. Those above it hold as well. */
    public long maxMemory() {
        return maxMemory;
    }

    /** The smallest limit of this account and those above it, in bytes; {@link Long#MAX_VALUE} if there is none. */
    public long tightestLimit() {
        long tightest = Long.MAX_VALUE;
        for (MemoryAccount account = this; account != null; account = account.parent) {
            if (account.maxMemory != 0) {
                tightest = Math.min(tightest, account.maxMemory);
            }
        }
        return tightest;
    }

    /** Tells whether {@code more} bytes would pass the limit of this account or of one above it now. */
    public boolean isOver(long more) {
        return refusing(more) != null;
    }

    /**
     * The nearest account, from this one upwards, whose limit {@code more} bytes would pass now; {@code null} if none.
     */
    public @Nullable MemoryAccount refusing(long more) {
        for (MemoryAccount account = this; account != null; account = account.parent) {
            if (account.maxMemory != 0 && more > account.maxMemory - account.used.get()) {
                return account;
            }
        }
        return null;
    }

    /**
     * Charges {@code bytes} to the account and those above it, if all their limits allow. The caller owes a
     * {@link #release} of them, or a block.
     *
     * @return whether they were charged; if not, nothing was
     */
    public boolean tryReserve(long bytes) {
        for (MemoryAccount account = this; account != null; account = account.parent) {
            if (!account.tryCharge(bytes)) {
                for (MemoryAccount charged = this; charged != null && charged != account; charged = charged.parent) {
                    charged.used.addAndGet(-bytes);
                }
                return false;
            }
        }
        return true;
    }

    /** Takes back a charge of {@code bytes}. */
    public void release(long bytes) {
        for (MemoryAccount account = this; account != null; account = account.parent) {
            long left = account.used.addAndGet(-bytes);
            assert left >= 0 : "released " + bytes + " bytes, more than were in use: " + left;
        }
    }

    /**
     * Takes a block of {@code bytes}, its content undefined. The caller owns it, and gives it back by {@link #zfree}.
     *
     * @return a segment of {@code bytes}, or {@code NULL} if a limit or the allocator says no
     */
    public MemorySegment ztrymalloc(long bytes) {
        return segment(tryAllocate(bytes), bytes);
    }

    /** Like {@link #ztrymalloc}, with the bytes zeroed. */
    public MemorySegment ztrycalloc(long bytes) {
        return segment(tryAllocateZeroed(bytes), bytes);
    }

    /**
     * Takes a block of {@code bytes}, its content undefined. The caller owns it, and gives it back by {@link #zfree}.
     *
     * @return a segment of {@code bytes}; {@code NULL} only if the out-of-memory handler returned
     * @throws NativeOutOfMemoryError from the handler at start, if a limit or the allocator says no
     */
    public MemorySegment zmalloc(long bytes) {
        MemorySegment block = ztrymalloc(bytes);
        return block.address() != 0 ? block : segment(RawZMalloc.outOfMemory(bytes), bytes);
    }

    /** Like {@link #zmalloc}, with the bytes zeroed. */
    public MemorySegment zcalloc(long bytes) {
        MemorySegment block = ztrycalloc(bytes);
        return block.address() != 0 ? block : segment(RawZMalloc.outOfMemory(bytes), bytes);
    }

    /**
     * Gives back a block that was taken as a segment. {@code NULL} is ignored.
     *
     * @param block as it was handed out by this account
     * @throws IllegalArgumentException if {@code block} is on the heap
     */
    public void zfree(MemorySegment block) {
        long usableBytes = ZMalloc.zmallocSize(block);
        if (usableBytes != 0) {
            free(block.address(), usableBytes);
        }
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

    private static MemorySegment segment(long address, long bytes) {
        return isAddress(address) ? Memory.segment(address, bytes) : MemorySegment.NULL;
    }

    private boolean tryCharge(long bytes) {
        long limit = maxMemory == 0 ? Long.MAX_VALUE : maxMemory;
        while (true) {
            long now = used.get();
            if (bytes > limit - now) {
                return false;
            }
            if (used.compareAndSet(now, now + bytes)) {
                if (now + bytes > peak.get()) {
                    peak.accumulateAndGet(now + bytes, Math::max);
                }
                return true;
            }
        }
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
