package dev.zmalloc.allocator;

/**
 * One place where an allocator was looked for, and how that went.
 *
 * @param origin the kind of place
 * @param sought what was looked for there: a path, a soname, a resource, or symbols
 * @param succeeded whether the allocator came from there
 * @param outcome what happened; where the dynamic linker refused, in its own words
 * @param cure what the user can do to make it work; empty if there is nothing to do
 */
public record LoadAttempt(Origin origin, String sought, boolean succeeded, String outcome, String cure) {
    static LoadAttempt success(Origin origin, String sought, String outcome) {
        return new LoadAttempt(origin, sought, true, outcome, "");
    }

    static LoadAttempt failure(Origin origin, String sought, String outcome, String cure) {
        return new LoadAttempt(origin, sought, false, outcome, cure);
    }

    /** One line: origin, what was sought, outcome, and the cure if there is one. */
    @Override
    public String toString() {
        return origin + ": " + sought + ": " + outcome + (cure.isEmpty() ? "" : " (cure: " + cure + ")");
    }
}
