package dev.zmalloc.evict;

/** The least recently used, or written: the field is the {@link AccessClock}'s tick of the last time. */
final class RecencyRule extends AccessRule {
    private final AccessClock clock;
    private final boolean countsReads;

    RecencyRule(AccessClock clock, boolean countsReads) {
        this.clock = clock;
        this.countsReads = countsReads;
    }

    @Override
    public int fresh() {
        return clock.now();
    }

    @Override
    public int applyAsInt(int access) {
        return clock.now();
    }

    @Override
    public boolean countsReads() {
        return countsReads;
    }

    @Override
    public long idleNanos(int access) {
        return clock.idleNanos(access);
    }

    @Override
    long score(int access, long bytes, long expiry, long random) {
        return AccessClock.ticksBetween(access, clock.now());
    }
}
