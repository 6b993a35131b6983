package dev.zmalloc.evict;

/** Any item, or what expires first: the field is not used. */
final class ConstantRule extends AccessRule {
    private final boolean byExpiry;

    ConstantRule(boolean byExpiry) {
        this.byExpiry = byExpiry;
    }

    @Override
    public int fresh() {
        return 0;
    }

    @Override
    public int applyAsInt(int access) {
        return access;
    }

    @Override
    public boolean countsReads() {
        return false;
    }

    @Override
    boolean needsExpiry() {
        return byExpiry;
    }

    @Override
    boolean scores() {
        return byExpiry;
    }

    @Override
    long score(int access, long bytes, long expiry, long random) {
        return byExpiry ? ~expiry : random;
    }
}
