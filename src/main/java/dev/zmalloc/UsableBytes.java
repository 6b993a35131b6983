package dev.zmalloc;

/**
 * Where the {@code Usable} forms of {@link RawZMalloc} and {@link ZMalloc} put what the allocator really gave, beside
 * the address that they return.
 *
 * <p>Made once and passed again and again, so that a call makes no garbage. Each call overwrites both figures, so that
 * {@code usable() - oldUsable()} is what the call added to {@link ZMalloc#zmallocUsedMemory()}: nothing, with both 0,
 * if it failed, by an exception too. For one thread at a time.
 */
public final class UsableBytes {
    private long usable;
    private long oldUsable;

    /** Makes one that holds no figures yet, which are 0 then. */
    public UsableBytes() {}

    /** Usable bytes of the block that the call gave; 0 if it gave none, because it failed or freed. */
    public long usable() {
        return usable;
    }

    /** Usable bytes of the block that the call replaced or freed; 0 if there was none, or it was kept. */
    public long oldUsable() {
        return oldUsable;
    }

    /** Forgets both figures. Every call begins with this. */
    void clear() {
        usable = 0;
        oldUsable = 0;
    }

    void set(long usable, long oldUsable) {
        this.usable = usable;
        this.oldUsable = oldUsable;
    }

    @Override
    public String toString() {
        return "usable " + usable + ", old " + oldUsable;
    }
}
