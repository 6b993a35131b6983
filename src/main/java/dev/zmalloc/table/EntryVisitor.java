package dev.zmalloc.table;

/** Is shown entries that belong to a table. */
@FunctionalInterface
public interface EntryVisitor {
    /**
     * Called for one entry. The table must not be changed meanwhile.
     *
     * @param entry its address; the table keeps it
     * @param bucketIndex the index of the chain that it is in
     * @param access the access field of its slot
     * @param expires whether it has an expiry, as its slot tells
     */
    void visit(long entry, int bucketIndex, int access, boolean expires);
}
