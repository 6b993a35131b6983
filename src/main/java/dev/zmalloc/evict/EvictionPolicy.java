package dev.zmalloc.evict;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Which item goes when memory runs out: Redis' {@code maxmemory-policy}, parsed and printed as Redis writes it, and two
 * more.
 *
 * <p>An {@code allkeys} policy chooses among all items, a {@code volatile} one among those that have a time to live,
 * and evicts nothing where there are none. All policies but two sample: they look at a few items, and evict the best
 * victim of these and of those that a pool of 16 remembers. What an item carries for its policy are the 16 bits of its
 * access field, and in a store besides that:
 *
 * <table>
 * <caption>Bytes of metadata an entry</caption>
 * <tr><th>policy</th><th>bytes</th></tr>
 * <tr><td>allkeys- lru, lrm, lfu, random, gdsf</td><td>0</td></tr>
 * <tr><td>volatile- lru, lrm, lfu, random, ttl, gdsf</td><td>8 for each entry with a time to live, in an index</td>
 * </tr>
 * <tr><td>allkeys- and volatile-s3fifo</td><td>8 to 16 in a queue, for each entry of a kind that it evicts, and 13
 * to 19 for as many keys that are gone</td></tr>
 * </table>
 */
public enum EvictionPolicy {
    /** Nothing is evicted: what does not fit is refused. */
    NOEVICTION(Algorithm.NONE),

    /** The least recently used. */
    ALLKEYS_LRU(Algorithm.LRU),

    /** The least frequently used, by a logarithmic counter that decays. */
    ALLKEYS_LFU(Algorithm.LFU),

    /** Any. */
    ALLKEYS_RANDOM(Algorithm.RANDOM),

    /** The least recently written: reads do not count (Redis 8.6). */
    ALLKEYS_LRM(Algorithm.LRM),

    /**
     * Two queues: new items pass a small one first, and only what is used there comes into the main one (J. Yang and
     * others, SOSP 2023). A scan of items used once pushes out nothing else.
     */
    ALLKEYS_S3FIFO(Algorithm.S3FIFO),

    /**
     * What is used least for the memory that it takes, with ageing (Greedy Dual Size Frequency; L. Cherkasova, 1998).
     */
    ALLKEYS_GDSF(Algorithm.GDSF),

    /** Like {@link #ALLKEYS_LRU}, of those with a time to live. */
    VOLATILE_LRU(Algorithm.LRU),

    /** Like {@link #ALLKEYS_LFU}, of those with a time to live. */
    VOLATILE_LFU(Algorithm.LFU),

    /** Like {@link #ALLKEYS_RANDOM}, of those with a time to live. */
    VOLATILE_RANDOM(Algorithm.RANDOM),

    /** Like {@link #ALLKEYS_LRM}, of those with a time to live. */
    VOLATILE_LRM(Algorithm.LRM),

    /** What expires first. */
    VOLATILE_TTL(Algorithm.TTL),

    /** Like {@link #ALLKEYS_S3FIFO}, of those with a time to live. */
    VOLATILE_S3FIFO(Algorithm.S3FIFO),

    /** Like {@link #ALLKEYS_GDSF}, of those with a time to live. */
    VOLATILE_GDSF(Algorithm.GDSF);

    /** How victims are chosen, from whichever items. */
    enum Algorithm {
        NONE,
        LRU,
        LRM,
        LFU,
        RANDOM,
        TTL,
        S3FIFO,
        GDSF
    }

    private final Algorithm algorithm;
    private final boolean isVolatile;

    EvictionPolicy(Algorithm algorithm) {
        this.algorithm = algorithm;
        isVolatile = name().startsWith("VOLATILE");
    }

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
        return algorithm != Algorithm.NONE;
    }

    /** Tells whether this policy evicts items with a time to live alone. */
    public boolean isVolatile() {
        return isVolatile;
    }

    /** Tells whether the target keeps its items in queues for this policy, and chooses by these, without sampling. */
    public boolean isQueued() {
        return algorithm == Algorithm.S3FIFO;
    }

    Algorithm algorithm() {
        return algorithm;
    }
}
