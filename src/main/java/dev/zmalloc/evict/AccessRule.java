package dev.zmalloc.evict;

import java.util.function.IntUnaryOperator;
import java.util.function.LongSupplier;

/**
 * What a policy keeps in the access field of an item, 16 bits, and how good a victim that makes it.
 *
 * <p>An item begins with {@link #fresh}. Where it is used, its field becomes what {@link #applyAsInt} makes of it; who
 * uses it does that without a lock, so that one use of several at once may be lost, which does no harm. Nothing here
 * takes a lock or an object. What an item had under another policy means nothing: items start afresh when the policy
 * changes.
 */
public abstract class AccessRule implements IntUnaryOperator {
    AccessRule() {}

    static AccessRule of(
            EvictionPolicy policy, EvictionParameters parameters, AccessClock clock, LongSupplier nanoTime) {
        return switch (policy.algorithm()) {
            case LRU -> new RecencyRule(clock, true);
            case LRM -> new RecencyRule(clock, false);
            case LFU -> new FrequencyRule(parameters, nanoTime);
            case GDSF -> new GdsfRule(parameters.sizeWeight() != 0);
            case S3FIFO -> new QueueRule();
            case NONE, RANDOM, TTL -> new ConstantRule(policy.algorithm() == EvictionPolicy.Algorithm.TTL);
        };
    }

    /** The access field of a new item. */
    public abstract int fresh();

    /** What becomes of the access field of an item that is read or written; see {@link #countsReads}. */
    @Override
    public abstract int applyAsInt(int access);

    /** Whether reading an item changes its field; if not, {@link #applyAsInt} is for writing alone. */
    public boolean countsReads() {
        return true;
    }

    /** Whether fields age by themselves, so that who looks at one should store {@link #aged} of it. */
    public boolean ages() {
        return false;
    }

    /** What the field has become with time. */
    public int aged(int access) {
        return access;
    }

    /** How long an item has not been used, in nanoseconds, at least; -1 if fields do not tell. */
    public long idleNanos(int access) {
        return -1;
    }

    /** How often an item was used, as its field counts that; -1 if it does not. */
    public int frequency(int access) {
        return -1;
    }

    /** Whether {@link #score} tells items apart by what is known of them, and not by chance. */
    boolean scores() {
        return true;
    }

    /** Whether {@link #score} asks for an item's bytes. */
    boolean needsBytes() {
        return false;
    }

    /** Whether {@link #score} asks for an item's expiry. */
    boolean needsExpiry() {
        return false;
    }

    /**
     * How good a victim an item is: the higher, the sooner it goes. Under the evictor's lock; evictors may share a
     * rule.
     *
     * @param access its field, aged
     * @param bytes what it takes, if needed
     * @param expiry when it expires, if needed
     * @param random 63 random bits
     */
    abstract long score(int access, long bytes, long expiry, long random);

    /**
     * Takes note of the bytes of an item that was sampled, if needed. Under the evictor's lock, like {@link #score}.
     */
    void weigh(long bytes) {}

    /** Takes note of a victim's score. Under the evictor's lock; evictors may share a rule. */
    void evicted(long score) {}

    /** Called before a sample is taken. Under the evictor's lock. */
    void sampling() {}
}
