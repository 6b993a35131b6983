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
 * account up to the root, and a second one for each whose limit is below another.
 */
@SuppressWarnings("exports") // the annotations of jspecify, which need not be there for who compiles against this
public final class MemoryAccount {
    /** Answered in place of an address: the block would pass the limit. */
    public static final long OVER_LIMIT = -1;

    /** Answered in place of an address: the allocator had no memory. */
    public static final long NO_MEMORY = -2;

    /** More than this no process can have; sums of it stay far from overflow. */
    private static final long MOST_BYTES = 1L << 56;

    private static final ConcurrentMap<String, MemoryAccount> NAMED = new ConcurrentHashMap<>();

    private final String name;
    private final @Nullable MemoryAccount parent;
    private volatile long maxMemory;

    /*
     * Charging several accounts
     *
     * Those that have a limit are asked first, from the bottom up, and whoever refuses ends it: what was claimed below
     * is given back. A claim that is not granted yet must show in no peak, so an account whose claims one above it may
     * refuse keeps them apart from what is used. The topmost account with a limit is asked last, and those without one
     * are charged when all have agreed: no charge of theirs is ever taken back, and one count serves them for both.
     */
    private final AtomicLong used = new AtomicLong();

    /** Whether the account has a limit, and one above it has. */
    private final boolean claimsApart;

    /** What is used and what is asked for: never more than the limit. {@link #used} itself if not kept apart. */
    private final AtomicLong claimed;

    private final AtomicLong peak = new AtomicLong();

    /**
     * Opens an account without a parent, which is not found by its name: that is for reports.
     *
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
        claimsApart = maxMemory != 0 && parent != null && parent.isLimited();
        claimed = claimsApart ? new AtomicLong() : used;
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
     * {@link #resetPeak} was called: no change is missed, and nothing that was refused is in it.
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

    /**
     * Changes the account's own limit. What is used already stays, even if it is more: then nothing can be taken until
     * less is used.
     *
     * @param bytes at least 1; {@link Long#MAX_VALUE} for a limit that is never reached
     * @throws IllegalArgumentException if {@code bytes} is less
     * @throws IllegalStateException if the account was opened without a limit: it is charged by other rules
     */
    public void setMaxMemory(long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("maxMemory must be 1 or more, not " + bytes);
        }
        if (maxMemory == 0) {
            throw new IllegalStateException(path() + " was opened without a limit");
        }
        maxMemory = bytes;
    }

    /** Whether the account was opened with a limit, or one above it was. */
    private boolean isLimited() {
        return maxMemory != 0 || (parent != null && parent.isLimited());
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
            if (more > account.room()) {
                return account;
            }
        }
        return null;
    }

    /** The account, from this one upwards, that is closest to its limit now; this one if none has a limit. */
    public MemoryAccount leastRoom() {
        MemoryAccount least = this;
        for (MemoryAccount account = parent; account != null; account = account.parent) {
            if (account.room() < least.room()) {
                least = account;
            }
        }
        return least;
    }

    /** How many bytes the account's own limit leaves now. */
    private long room() {
        long limit = maxMemory;
        return limit == 0 || limit == Long.MAX_VALUE ? Long.MAX_VALUE : limit - claimed.get();
    }

    /**
     * Charges {@code bytes} to the account and those above it, if all their limits allow. The caller owes a
     * {@link #release} of them, or a block.
     *
     * @return whether they were charged; if not, nothing was
     * @throws IllegalArgumentException if {@code bytes} is negative
     */
    public boolean tryReserve(long bytes) {
        return reserve(bytes) == null;
    }

    /**
     * Like {@link #tryReserve}, and tells who refused.
     *
     * @return {@code null} if the bytes were charged; else the account whose limit stood in the way, and nothing was
     *     charged. More bytes than any process can have are refused by the {@link #leastRoom} of all
     * @throws IllegalArgumentException if {@code bytes} is negative
     */
    public @Nullable MemoryAccount reserve(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("bytes are negative: " + bytes);
        }
        if (bytes > MOST_BYTES) {
            return leastRoom();
        }
        for (MemoryAccount account = this; account != null; account = account.parent) {
            if (account.maxMemory != 0 && !account.tryClaim(bytes)) {
                for (MemoryAccount below = this; below != account && below != null; below = below.parent) {
                    below.unclaim(bytes);
                }
                return account;
            }
        }
        for (MemoryAccount account = this; account != null; account = account.parent) {
            // At the top, the claim was the charge.
            if (account.maxMemory == 0 || account.claimsApart) {
                account.raisePeak(account.used.addAndGet(bytes));
            }
        }
        return null;
    }

    /** Takes back a charge of {@code bytes}. */
    public void release(long bytes) {
        // From the top down, where charges go from the bottom up: what is used above is never more than what is below.
        if (parent != null) {
            parent.release(bytes);
        }
        long left = used.addAndGet(-bytes);
        assert left >= 0 : "released " + bytes + " bytes, more than were in use: " + left;
        unclaim(bytes);
    }

    /**
     * Takes a block of {@code bytes}, its content undefined, or answers {@code NULL} if a limit or the allocator says
     * no. The caller owns it, and gives it back by {@link #zfree}.
     */
    public MemorySegment ztrymalloc(long bytes) {
        return segment(tryAllocate(bytes), bytes);
    }

    /** Like {@link #ztrymalloc}, with the bytes zeroed. */
    public MemorySegment ztrycalloc(long bytes) {
        return segment(tryAllocateZeroed(bytes), bytes);
    }

    /**
     * Like {@link #ztrymalloc}, but calls the out-of-memory handler if a limit or the allocator says no. The one at
     * start throws {@link NativeOutOfMemoryError}; if another one returns, the answer is {@code NULL}.
     */
    public MemorySegment zmalloc(long bytes) {
        return orOutOfMemory(ztrymalloc(bytes), bytes);
    }

    /** Like {@link #zmalloc}, with the bytes zeroed. */
    public MemorySegment zcalloc(long bytes) {
        return orOutOfMemory(ztrycalloc(bytes), bytes);
    }

    private static MemorySegment orOutOfMemory(MemorySegment block, long bytes) {
        return block.address() != 0 ? block : segment(RawZMalloc.outOfMemory(bytes), bytes);
    }

    /**
     * Gives back a block as this account handed it out. {@code NULL} is ignored.
     *
     * @throws IllegalArgumentException if {@code block} is refused, as for {@link ZMalloc#zfree(MemorySegment)}
     */
    public void zfree(MemorySegment block) {
        release(ZMalloc.zfreeUsable(block));
    }

    /**
     * Takes a block of at least {@code bytes}, its content undefined. The caller owns it. Answers {@link #OVER_LIMIT}
     * or {@link #NO_MEMORY} in place of its address if there is none, with nothing charged.
     */
    public long tryAllocate(long bytes) {
        long bound = RawZMalloc.usableBytesBound(bytes);
        MemoryAccount refusing = reserve(bound);
        return refusing == null ? allocateReserved(bytes, bound) : refusal(refusing);
    }

    /** Like {@link #tryAllocate}, with the first {@code bytes} of the block zero. */
    public long tryAllocateZeroed(long bytes) {
        long bound = RawZMalloc.usableBytesBound(bytes);
        MemoryAccount refusing = reserve(bound);
        long size = Sizes.atLeastMin(bytes);
        return refusing == null ? charged(RawZMalloc.ALLOCATOR.allocateZeroed(size), size, bound) : refusal(refusing);
    }

    /**
     * Takes a block of at least {@code bytes} out of a reservation. The reservation is used up, also when there is no
     * memory.
     *
     * @param reservedBytes what the caller reserved for it: {@link RawZMalloc#usableBytesBound} of {@code bytes}
     * @return its address, which the caller owns, or {@link #OVER_LIMIT} or {@link #NO_MEMORY}, with nothing charged
     */
    public long allocateReserved(long bytes, long reservedBytes) {
        long size = Sizes.atLeastMin(bytes);
        return charged(Sizes.isNoSize(bytes) ? 0 : RawZMalloc.ALLOCATOR.allocate(size), size, reservedBytes);
    }

    /**
     * Gives a block of this account back, and answers the usable bytes that were freed.
     *
     * @param bytes anything from the size requested to the usable size
     */
    public long free(long address, long bytes) {
        long usableBytes = RawZMalloc.freeSized(address, bytes);
        release(usableBytes);
        return usableBytes;
    }

    private static MemorySegment segment(long address, long bytes) {
        return isAddress(address) ? Memory.segment(address, bytes) : MemorySegment.NULL;
    }

    /** What stands for an address where {@code refusing} did: without a limit, it was a size that nobody can have. */
    private static long refusal(MemoryAccount refusing) {
        return refusing.maxMemory == 0 || refusing.maxMemory == Long.MAX_VALUE ? NO_MEMORY : OVER_LIMIT;
    }

    private boolean tryClaim(long bytes) {
        while (true) {
            long now = claimed.get();
            if (bytes > maxMemory - now) {
                return false;
            }
            if (claimed.compareAndSet(now, now + bytes)) {
                if (!claimsApart) {
                    raisePeak(now + bytes);
                }
                return true;
            }
        }
    }

    /** Takes back a claim that is kept apart. */
    private void unclaim(long bytes) {
        if (claimsApart) {
            claimed.addAndGet(-bytes);
        }
    }

    private void raisePeak(long usedBytes) {
        if (usedBytes > peak.get()) {
            peak.accumulateAndGet(usedBytes, Math::max);
        }
    }

    /** Counts a block of {@code size} requested bytes, and makes the charge of {@code reservedBytes} what it has. */
    private long charged(long address, long size, long reservedBytes) {
        if (address == 0) {
            release(reservedBytes);
            return NO_MEMORY;
        }
        long usableBytes = RawZMalloc.usableBytes(address, size);
        UsedMemory.allocated(usableBytes);
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
        RawZMalloc.free(address, usableBytes);
        release(reservedBytes);
        return OVER_LIMIT;
    }
}
