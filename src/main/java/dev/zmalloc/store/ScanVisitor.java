package dev.zmalloc.store;

import java.lang.foreign.MemorySegment;

/** Is shown entries of a store where they lie. */
@FunctionalInterface
public interface ScanVisitor {
    /**
     * Called for one entry. The segments are read-only, and the bytes stay valid and unchanged for the length of the
     * call, whatever other threads do and whatever the visitor itself does to the store, which it may call. They belong
     * to the thread of the call, and must not be used after it; they are not aligned.
     */
    void visit(MemorySegment key, MemorySegment value);
}
