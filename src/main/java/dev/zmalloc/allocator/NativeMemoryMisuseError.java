package dev.zmalloc.allocator;

/**
 * Native memory was used in a way that would have corrupted the process, or has corrupted a block. Thrown by the debug
 * levels, on the thread that did it where that can be known. The call that throws it changed nothing: what it was to
 * free is still there.
 */
public final class NativeMemoryMisuseError extends Error {
    private static final long serialVersionUID = 1L;

    /** What was done. */
    public enum Kind {
        /** A block was freed that had been freed before. */
        DOUBLE_FREE("freed twice"),
        /** An address was freed, or asked about, that is not that of a live block. */
        FOREIGN_ADDRESS("no live block begins at this address"),
        /** A block was freed with a size that it does not have. */
        WRONG_SIZE("freed with another size than it has"),
        /** An aligned block was freed as a plain one, a plain one as an aligned one, or one with another alignment. */
        WRONG_ALIGNMENT("freed with another alignment than it was taken with"),
        /** The bytes in front of a block were written. */
        UNDERRUN("bytes in front of the block were written"),
        /** The bytes behind a block were written. */
        OVERRUN("bytes behind the block were written"),
        /** A block was written after it was freed. */
        WRITE_AFTER_FREE("written after it was freed");

        private final String words;

        Kind(String words) {
            this.words = words;
        }
    }

    /** What was done. */
    private final Kind kind;

    NativeMemoryMisuseError(Kind kind, long address, String details) {
        super("native memory at 0x" + Long.toHexString(address) + ": " + kind.words + details);
        this.kind = kind;
    }

    /** What was done. */
    public Kind kind() {
        return kind;
    }
}
