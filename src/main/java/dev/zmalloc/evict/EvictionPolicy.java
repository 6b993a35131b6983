package dev.zmalloc.evict;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Which item goes when memory runs out: Redis' {@code maxmemory-policy}, parsed and printed as Redis writes it. */
public enum EvictionPolicy {
    /** Nothing is evicted: what does not fit is refused. */
    NOEVICTION,

    /** The least recently used of a sample of all items. */
    ALLKEYS_LRU;

    /**
     * The policy that Redis calls {@code name}, such as {@code allkeys-lru}; upper case is accepted too.
     *
     * @throws IllegalArgumentException if there is no such policy; the message lists those there are
     */
    public static EvictionPolicy parse(String name) {
        String wanted = name.trim().toLowerCase(Locale.ROOT);
        for (EvictionPolicy policy : values()) {
            if (policy.toString().equals(wanted)) {
                return policy;
            }
        }
        throw new IllegalArgumentException("no eviction policy is called '" + name + "'; there are "
                + Arrays.stream(values()).map(EvictionPolicy::toString).collect(Collectors.joining(", ")));
    }

    /** The name as Redis writes it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Tells whether this policy ever evicts. */
    public boolean evicts() {
        return this != NOEVICTION;
    }

    /**
     * How good a victim an item is: the higher, the sooner it goes.
     *
     * @param now the clock's tick now
     * @param access what the item's access field holds
     */
    long score(int now, int access) {
        return AccessClock.ticksBetween(access, now);
    }
}
