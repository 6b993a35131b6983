package dev.zmalloc.store;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Where the bytes of an argument lie. Segments are slices at odd offsets of something longer. */
enum Form {
    /** A {@code byte[]}, for the methods that take one. */
    ARRAY,
    /** A segment of a {@code byte[]}. */
    HEAP,
    /** A segment of a {@code long[]}. */
    LONGS,
    /** A segment of native memory. */
    NATIVE;

    private static final int MARGIN_BYTES = 3;

    /** A segment of this form that holds {@code bytes}; one of a {@code byte[]} for {@link #ARRAY}. */
    MemorySegment segment(byte[] bytes, Arena arena) {
        return switch (this) {
            case ARRAY -> MemorySegment.ofArray(bytes.clone());
            case HEAP -> filled(MemorySegment.ofArray(new byte[bytes.length + 2 * MARGIN_BYTES]), bytes);
            case LONGS ->
                filled(MemorySegment.ofArray(new long[(bytes.length + 2 * MARGIN_BYTES) / Long.BYTES + 1]), bytes);
            case NATIVE -> filled(arena.allocate(bytes.length + 2L * MARGIN_BYTES, Long.BYTES), bytes);
        };
    }

    private static MemorySegment filled(MemorySegment whole, byte[] bytes) {
        whole.fill((byte) 0x5A);
        MemorySegment slice = whole.asSlice(MARGIN_BYTES, bytes.length);
        MemorySegment.copy(bytes, 0, slice, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return slice;
    }
}
