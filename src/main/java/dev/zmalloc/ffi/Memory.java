package dev.zmalloc.ffi;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;

/**
 * Reads and writes raw native memory by address. No other class does.
 *
 * <p>All of memory is one global segment, so that an access compiles to a plain load or store without a bounds check.
 * Nothing here can tell a live block from a freed one: callers own that proof. With assertions on ({@code -ea}), null
 * and addresses that no user process can own are refused with an {@link AssertionError} that tells address and length.
 *
 * <p>Addresses need no alignment; integers are in native byte order. Every method is thread-safe as far as the memory
 * it is pointed at is; plain accesses order nothing between threads. Those that do are named for it, as in
 * {@link VarHandle}, and need addresses that are multiples of their size.
 */
public final class Memory {
    private static final MemorySegment ALL = all();

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    private static final VarHandle ALIGNED_LONG =
            ValueLayout.JAVA_LONG.varHandle().withInvokeExactBehavior();

    /** Linux maps nothing below this by default ({@code vm.mmap_min_addr}). */
    private static final long LOWEST_ADDRESS = 64 << 10;

    /** User space ends at 2^47 on x86-64 and at 2^48 on aarch64; slots of the hash table keep 48 bits. */
    private static final long HIGHEST_ADDRESS = "aarch64".equals(System.getProperty("os.arch")) ? 1L << 48 : 1L << 47;

    /** A copy or fill runs without a safepoint, so longer ones go in pieces: the JVM waits for one piece at most. */
    private static final int PIECE_BYTES = 1 << 20;

    /**
     * Up to this, arrays are copied word by word. The JVM's own copy ends with a masked access to 32 bytes: where those
     * reach into the next cache line, it waits for that line too, which is another block's and seldom in the cache.
     */
    private static final int WORDWISE_BYTES = 256;

    private static final long ADDRESS_BITS = (1L << 48) - 1;
    private static final long ALIGNED_ADDRESS_BITS = ADDRESS_BITS & -Long.BYTES;

    private Memory() {}

    /** The same address, of which the JIT knows now that it is within {@link #ALL}: it leaves out the check of that. */
    private static long at(long address) {
        return address & ADDRESS_BITS;
    }

    /** Likewise for an access that needs a multiple of 8, which is checked too: six instructions are one. */
    private static long aligned(long address) {
        return address & ALIGNED_ADDRESS_BITS;
    }

    @SuppressWarnings("restricted") // the one segment that makes this class what it is
    private static MemorySegment all() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }

    /** Reads one byte at {@code address}. */
    public static byte getByte(long address) {
        assert plausible(address, Byte.BYTES) : wild(address, Byte.BYTES);
        return ALL.get(ValueLayout.JAVA_BYTE, at(address));
    }

    /** Reads two bytes at {@code address}. */
    public static short getShort(long address) {
        assert plausible(address, Short.BYTES) : wild(address, Short.BYTES);
        return ALL.get(SHORT, at(address));
    }

    /** Reads four bytes at {@code address}. */
    public static int getInt(long address) {
        assert plausible(address, Integer.BYTES) : wild(address, Integer.BYTES);
        return ALL.get(INT, at(address));
    }

    /** Reads eight bytes at {@code address}. */
    public static long getLong(long address) {
        assert plausible(address, Long.BYTES) : wild(address, Long.BYTES);
        return ALL.get(LONG, at(address));
    }

    /** Writes one byte at {@code address}. */
    public static void putByte(long address, byte value) {
        assert plausible(address, Byte.BYTES) : wild(address, Byte.BYTES);
        ALL.set(ValueLayout.JAVA_BYTE, at(address), value);
    }

    /** Writes two bytes at {@code address}. */
    public static void putShort(long address, short value) {
        assert plausible(address, Short.BYTES) : wild(address, Short.BYTES);
        ALL.set(SHORT, at(address), value);
    }

    /** Writes four bytes at {@code address}. */
    public static void putInt(long address, int value) {
        assert plausible(address, Integer.BYTES) : wild(address, Integer.BYTES);
        ALL.set(INT, at(address), value);
    }

    /** Writes eight bytes at {@code address}. */
    public static void putLong(long address, long value) {
        assert plausible(address, Long.BYTES) : wild(address, Long.BYTES);
        ALL.set(LONG, at(address), value);
    }

    /** Reads eight bytes at {@code address} at once, whoever writes them meanwhile. */
    public static long getLongOpaque(long address) {
        assert plausibleLong(address) : wild(address, Long.BYTES);
        return (long) ALIGNED_LONG.getOpaque(ALL, aligned(address));
    }

    /** Writes eight bytes at {@code address} at once. */
    public static void putLongOpaque(long address, long value) {
        assert plausibleLong(address) : wild(address, Long.BYTES);
        ALIGNED_LONG.setOpaque(ALL, aligned(address), value);
    }

    /** Reads eight bytes at {@code address}: no later access of this thread comes before it. */
    public static long getLongAcquire(long address) {
        assert plausibleLong(address) : wild(address, Long.BYTES);
        return (long) ALIGNED_LONG.getAcquire(ALL, aligned(address));
    }

    /** Writes eight bytes at {@code address}: no earlier access of this thread comes after it. */
    public static void putLongRelease(long address, long value) {
        assert plausibleLong(address) : wild(address, Long.BYTES);
        ALIGNED_LONG.setRelease(ALL, aligned(address), value);
    }

    /** Copies {@code bytes} from {@code source} to {@code target}; the two ranges may overlap. */
    public static void copy(long source, long target, long bytes) {
        assert plausible(source, bytes) : wild(source, bytes);
        assert plausible(target, bytes) : wild(target, bytes);
        boolean forward = Long.compareUnsigned(target - source, bytes) >= 0;
        for (long done = 0; done < bytes; ) {
            long piece = Math.min(PIECE_BYTES, bytes - done);
            // An overlap with the target behind the source is copied from its end, piece by piece.
            long offset = forward ? done : bytes - done - piece;
            MemorySegment.copy(ALL, source + offset, ALL, target + offset, piece);
            done += piece;
        }
    }

    /** Copies {@code bytes} of {@code source}, from index {@code offset}, to {@code target}. */
    public static void copyIn(byte[] source, int offset, long target, int bytes) {
        assert plausible(target, bytes) : wild(target, bytes);
        if (isWordwise(bytes)) {
            long to = at(target);
            int last = bytes - Long.BYTES;
            for (int index = 0; index < last; index += Long.BYTES) {
                ALL.set(LONG, to + index, Bytes.getLong(source, offset + index));
            }
            ALL.set(LONG, to + last, Bytes.getLong(source, offset + last));
            return;
        }
        for (int done = 0; done < bytes; ) {
            int piece = Math.min(PIECE_BYTES, bytes - done);
            MemorySegment.copy(source, offset + done, ALL, ValueLayout.JAVA_BYTE, target + done, piece);
            done += piece;
        }
    }

    /** Whether a copy goes by words, of which the last may overlap the one before. */
    private static boolean isWordwise(int bytes) {
        return bytes >= Long.BYTES && bytes <= WORDWISE_BYTES;
    }

    /** Copies the first {@code bytes} of {@code source} to {@code target}. */
    public static void copyIn(MemorySegment source, long target, long bytes) {
        assert plausible(target, bytes) : wild(target, bytes);
        for (long done = 0; done < bytes; ) {
            long piece = Math.min(PIECE_BYTES, bytes - done);
            MemorySegment.copy(source, done, ALL, target + done, piece);
            done += piece;
        }
    }

    /** Copies {@code bytes} from {@code source} into {@code target}, from {@code offset}. */
    public static void copyOut(long source, MemorySegment target, long offset, long bytes) {
        assert plausible(source, bytes) : wild(source, bytes);
        for (long done = 0; done < bytes; ) {
            long piece = Math.min(PIECE_BYTES, bytes - done);
            MemorySegment.copy(ALL, source + done, target, offset + done, piece);
            done += piece;
        }
    }

    /** Copies {@code bytes} from {@code source} into {@code target}, from index {@code offset}. */
    public static void copyOut(long source, byte[] target, int offset, int bytes) {
        assert plausible(source, bytes) : wild(source, bytes);
        if (isWordwise(bytes)) {
            long from = at(source);
            int last = bytes - Long.BYTES;
            for (int index = 0; index < last; index += Long.BYTES) {
                Bytes.putLong(target, offset + index, ALL.get(LONG, from + index));
            }
            Bytes.putLong(target, offset + last, ALL.get(LONG, from + last));
        } else if (bytes <= PIECE_BYTES) {
            // No loop, and no object, for one piece.
            MemorySegment.copy(ALL, ValueLayout.JAVA_BYTE, source, target, offset, bytes);
        } else {
            copyOut(source, MemorySegment.ofArray(target), offset, bytes);
        }
    }

    /** Tells whether {@code bytes} at {@code address} equal those of {@code array} from index {@code offset}. */
    public static boolean equal(long address, byte[] array, int offset, int bytes) {
        assert plausible(address, bytes) : wild(address, bytes);
        if (bytes >= Long.BYTES && bytes <= 2 * Long.BYTES) {
            int last = bytes - Long.BYTES;
            return ALL.get(LONG, at(address)) == Bytes.getLong(array, offset)
                    && ALL.get(LONG, at(address + last)) == Bytes.getLong(array, offset + last);
        }
        long from = at(address);
        int index = 0;
        for (; index <= bytes - Long.BYTES; index += Long.BYTES) {
            if (ALL.get(LONG, from + index) != Bytes.getLong(array, offset + index)) {
                return false;
            }
        }
        for (; index < bytes; index++) {
            if (ALL.get(ValueLayout.JAVA_BYTE, from + index) != array[offset + index]) {
                return false;
            }
        }
        return true;
    }

    /** Tells whether {@code bytes} at {@code left} equal those at {@code right}. */
    public static boolean equal(long left, long right, long bytes) {
        assert plausible(left, bytes) : wild(left, bytes);
        assert plausible(right, bytes) : wild(right, bytes);
        if (bytes >= Long.BYTES && bytes <= 2 * Long.BYTES) {
            long last = bytes - Long.BYTES;
            return ALL.get(LONG, at(left)) == ALL.get(LONG, at(right))
                    && ALL.get(LONG, at(left + last)) == ALL.get(LONG, at(right + last));
        }
        return MemorySegment.mismatch(ALL, left, left + bytes, ALL, right, right + bytes) < 0;
    }

    /** Tells whether {@code bytes} at {@code address} equal the first ones of {@code segment}. */
    public static boolean equal(long address, MemorySegment segment, long bytes) {
        assert plausible(address, bytes) : wild(address, bytes);
        return MemorySegment.mismatch(ALL, address, address + bytes, segment, 0, bytes) < 0;
    }

    /** Sets {@code bytes} at {@code address} to {@code value}. */
    public static void fill(long address, long bytes, byte value) {
        assert plausible(address, bytes) : wild(address, bytes);
        for (long done = 0; done < bytes; done += PIECE_BYTES) {
            ALL.asSlice(address + done, Math.min(PIECE_BYTES, bytes - done)).fill(value);
        }
    }

    /**
     * A writable view of {@code bytes} at {@code address}, in the global scope: it never dies, so it must not be used
     * after the block behind it is freed. The caller keeps ownership of the block.
     */
    public static MemorySegment segment(long address, long bytes) {
        assert plausible(address, bytes) : wild(address, bytes);
        return ALL.asSlice(address, bytes);
    }

    /**
     * A read-only view of {@code bytes} at {@code address} that lives as long as {@code arena}: used later, it throws.
     * Closing the arena does not free the block, which the caller keeps.
     */
    @SuppressWarnings("restricted") // ties a view of memory to a lifetime; the size was already fixed by the slice
    public static MemorySegment readOnlySegment(long address, long bytes, Arena arena) {
        return segment(address, bytes).asReadOnly().reinterpret(arena, null);
    }

    /**
     * A writable view of {@code bytes} at {@code address} that lives as long as {@code arena}: used later, it throws.
     * Closing the arena does not free the block, which the caller keeps. Throws as {@link #checkUsable} does.
     */
    @SuppressWarnings("restricted") // ties a view of memory to a lifetime; the size was already fixed by the slice
    public static MemorySegment segment(long address, long bytes, Arena arena) {
        return segment(address, bytes).reinterpret(arena, null);
    }

    /**
     * Throws what the JDK throws for a use of {@code arena} that is not allowed now.
     *
     * @throws IllegalStateException if {@code arena} was closed
     * @throws WrongThreadException if {@code arena} is confined to another thread
     */
    @SuppressWarnings("restricted") // a view of nothing; the JDK has no other way to ask
    public static void checkUsable(Arena arena) {
        MemorySegment.NULL.reinterpret(arena, null);
    }

    /**
     * Has {@code action} run once {@code arena} has closed, on the thread that closed it, when none of its segments can
     * be used any more. In which order the actions of an arena run is the JDK's business. An automatic arena runs them
     * on a thread of the JDK's, provided that {@code action} does not refer to the arena. Throws as
     * {@link #checkUsable} does.
     */
    @SuppressWarnings("restricted") // a view of nothing, for the action that can be tied to it
    public static void whenClosed(Arena arena, Runnable action) {
        MemorySegment.NULL.reinterpret(arena, nothing -> action.run());
    }

    /** The UTF-8 string at {@code address}, up to its terminating zero. */
    public static String cString(long address) {
        byte[] text = new byte[Math.toIntExact(cStringBytes(address))];
        copyOut(address, text, 0, text.length);
        return new String(text, StandardCharsets.UTF_8);
    }

    /** How many bytes there are at {@code address} before the first zero. */
    public static long cStringBytes(long address) {
        assert plausible(address, 1) : wild(address, 1);
        long bytes = 0;
        while (ALL.get(ValueLayout.JAVA_BYTE, at(address + bytes)) != 0) {
            bytes++;
        }
        return bytes;
    }

    private static boolean plausible(long address, long bytes) {
        return bytes >= 0 && address >= LOWEST_ADDRESS && address <= HIGHEST_ADDRESS - bytes;
    }

    private static boolean plausibleLong(long address) {
        return plausible(address, Long.BYTES) && (address & (Long.BYTES - 1)) == 0;
    }

    private static String wild(long address, long bytes) {
        return "no memory of this process, or not aligned: address 0x" + Long.toHexString(address) + ", " + bytes
                + " bytes";
    }
}
