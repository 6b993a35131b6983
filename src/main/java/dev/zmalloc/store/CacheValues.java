package dev.zmalloc.store;

import dev.zmalloc.ffi.ByteRange;
import dev.zmalloc.ffi.Memory;
import dev.zmalloc.table.EntryLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The values of a cache, as its store has them.
 *
 * <pre>
 *   0         8                       0
 *   +---------+-----------+           +-----------+
 *   | stamp   | encoding  |    or     | encoding  |
 *   +---------+-----------+           +-----------+
 *   stamp: when the value was written, in milliseconds of the store's clock
 * </pre>
 */
final class CacheValues<V> {
    private final Codec<V> codec;

    /** The same, if it goes by arrays. */
    private final @Nullable BytesCodec<V> arrays;

    /** Tells the stamp; {@code null} if there are none. */
    private final @Nullable LongSupplier clock;

    private final int stampBytes;

    CacheValues(Codec<V> codec, @Nullable LongSupplier clock) {
        this.codec = codec;
        this.clock = clock;
        arrays = codec instanceof BytesCodec<V> bytesCodec ? bytesCodec : null;
        stampBytes = clock == null ? 0 : Long.BYTES;
    }

    /** Whether the encoding is all that there is to a value, so that {@link #fromArray} is enough to read it. */
    boolean isArray() {
        return arrays != null && stampBytes == 0;
    }

    /** The value of an encoding that nobody else has. */
    V fromArray(byte[] encoded) {
        return Objects.requireNonNull(arrays).fromArray(encoded);
    }

    /** The encoding of a value, as {@link StoreOperations#put} takes it. */
    Object encode(V value) {
        if (arrays == null) {
            return new Writer(value, null, codec.encodedBytes(value));
        }
        Object bytes = arrays.bytesOf(value);
        return stampBytes == 0 ? bytes : new Writer(value, bytes, BytesCodec.length(bytes));
    }

    /**
     * The length of an encoding.
     *
     * @throws IllegalArgumentException if it is too long
     */
    static int bytes(Object encoded) {
        long bytes =
                encoded instanceof StoreOperations.ValueWriter writer ? writer.bytes() : BytesCodec.length(encoded);
        if (bytes > OffHeapStore.MAX_VALUE_BYTES) {
            throw new IllegalArgumentException(
                    "a value of " + bytes + " bytes: at most " + OffHeapStore.MAX_VALUE_BYTES + " are allowed");
        }
        return (int) bytes;
    }

    /** The value of a pinned entry. */
    V decode(long entry) {
        long address = EntryLayout.valueAddress(entry) + stampBytes;
        int bytes = EntryLayout.valueBytes(entry) - stampBytes;
        if (arrays != null) {
            byte[] copy = new byte[bytes];
            Memory.copyOut(address, copy, 0, bytes);
            return arrays.fromArray(copy);
        }
        try (Arena arena = Arena.ofConfined()) {
            return decoded(Memory.readOnlySegment(address, bytes, arena));
        }
    }

    /** The value of what the store shows of it. */
    V decode(MemorySegment value) {
        return decoded(value.asSlice(stampBytes));
    }

    private V decoded(MemorySegment encoded) {
        V value = codec.decode(encoded);
        if (value == null) {
            throw new IllegalStateException("the codec " + codec + " decoded to null");
        }
        return value;
    }

    /** When the value of a pinned entry was written; 0 if there are no stamps. */
    long stamp(long entry) {
        return stampBytes == 0 ? 0 : Memory.getLong(EntryLayout.valueAddress(entry));
    }

    /** Whether two values are the same: equal, or of the same bytes, since arrays are never equal. */
    boolean areSame(V left, V right) {
        return left.equals(right)
                || MemorySegment.ofArray(array(left)).mismatch(MemorySegment.ofArray(array(right))) < 0;
    }

    private byte[] array(V value) {
        return arrays == null ? encodeToArray(codec, value, OffHeapStore.MAX_VALUE_BYTES) : arrays.arrayOf(value);
    }

    /**
     * The encoding of a value in an array.
     *
     * @throws IllegalArgumentException if it is longer than {@code atMost}
     */
    static <T> byte[] encodeToArray(Codec<T> codec, T value, int atMost) {
        long bytes = codec.encodedBytes(value);
        if (bytes < 0 || bytes > atMost) {
            throw new IllegalArgumentException(
                    "the codec " + codec + " takes " + bytes + " bytes: at most " + atMost + " are allowed");
        }
        byte[] array = new byte[(int) bytes];
        checkWritten(codec, bytes, codec.encode(value, MemorySegment.ofArray(array)));
        return array;
    }

    private static void checkWritten(Codec<?> codec, long promised, long written) {
        if (written != promised) {
            throw new IllegalStateException(
                    "the codec " + codec + " has said " + promised + " bytes and written " + written);
        }
    }

    /** A stamp, if there are any, and an encoding, or what it is to be made of. */
    private final class Writer implements StoreOperations.ValueWriter {
        private final V value;
        private final @Nullable Object encoded;
        private final long encodedBytes;
        private final long bytes;

        Writer(V value, @Nullable Object encoded, long encodedBytes) {
            if (encodedBytes < 0) {
                throw new IllegalStateException("the codec " + codec + " takes " + encodedBytes + " bytes");
            }
            this.value = value;
            this.encoded = encoded;
            this.encodedBytes = encodedBytes;
            // Too long to be put in any case, and no sum that overflows.
            bytes = Math.min(encodedBytes, Integer.MAX_VALUE) + stampBytes;
        }

        @Override
        public long bytes() {
            return bytes;
        }

        @Override
        public void write(long address) {
            if (clock != null) {
                Memory.putLong(address, clock.getAsLong());
            }
            if (encoded != null) {
                ByteRange.copyIn(encoded, address + stampBytes, (int) encodedBytes);
                return;
            }
            // A codec that does not write all that it says shows what was in this memory to nobody.
            Memory.fill(address + stampBytes, encodedBytes, (byte) 0);
            long written;
            try (Arena arena = Arena.ofConfined()) {
                written = codec.encode(value, Memory.segment(address + stampBytes, encodedBytes, arena));
            }
            checkWritten(codec, encodedBytes, written);
        }
    }
}
