package dev.zmalloc.table;

/** Takes entries that a table hands out. */
@FunctionalInterface
public interface EntryOwner {
    /** Called for one entry, which it owns from now on and frees. */
    void own(long entry);
}
