package dev.zmalloc.evict;

/**
 * S3-FIFO: the field's low byte counts uses up to three; the high byte is the target's, for the item's queue.
 *
 * <p>A use stores the low byte alone, and nothing at all once it is three. {@link #score} is for items that are in no
 * queue: a random one goes.
 */
final class QueueRule extends AccessRule {
    private static final int MOST_USES = 3;
    private static final int LOW_BYTE = 0xFF;

    /** Set in the answer of {@link #applyAsInt}: only the low byte is to be stored. */
    private static final int LOW_BYTE_ONLY = 1 << 16;

    @Override
    public int fresh() {
        return 0;
    }

    @Override
    public int applyAsInt(int access) {
        return ((access & LOW_BYTE) >= MOST_USES ? access : access + 1) | LOW_BYTE_ONLY;
    }

    @Override
    public int frequency(int access) {
        return access & LOW_BYTE;
    }

    @Override
    boolean scores() {
        return false;
    }

    @Override
    long score(int access, long bytes, long expiry, long random) {
        return random;
    }
}
