package dev.zmalloc.cli;

import java.lang.foreign.MemorySegment;

/** Compares what the store serves with what the source holds. */
final class Comparison {
    private Comparison() {}

    /**
     * Returns how many bytes of {@code served} differ from {@code expected}; a byte that only one of them has counts as
     * different. Equal contents cost one vectorised pass.
     */
    static long differingBytes(MemorySegment served, byte[] expected) {
        MemorySegment source = MemorySegment.ofArray(expected);
        long common = Math.min(served.byteSize(), source.byteSize());
        long differing = Math.max(served.byteSize(), source.byteSize()) - common;
        long offset = 0;
        while (offset < common) {
            long mismatch = MemorySegment.mismatch(served, offset, common, source, offset, common);
            if (mismatch < 0) {
                break;
            }
            differing++;
            offset += mismatch + 1;
        }
        return differing;
    }
}
