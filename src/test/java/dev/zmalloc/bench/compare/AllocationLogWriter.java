package dev.zmalloc.bench.compare;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Writes the file of an {@link AllocationLog}. Whoever calls numbers the blocks, with {@link BlockNumbers}. For one
 * thread at a time. A file that was not closed is refused by the reader.
 */
final class AllocationLogWriter implements Closeable {
    private static final int BUFFER_BYTES = 1 << 16;
    private static final int MAX_OPERATION_BYTES = 1 + 5 + 5 + AllocationLog.MAX_NAME_BYTES;
    private static final int HEADER_BYTES = AllocationLog.MAGIC.length + 2 * Integer.BYTES;

    private final FileChannel file;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    private int operations;
    private int blockCount;

    /** Opens {@code path}, which is replaced if it is there. */
    AllocationLogWriter(Path path) throws IOException {
        file = FileChannel.open(
                path, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
        buffer.put(AllocationLog.MAGIC).putInt(-1).putInt(0);
    }

    /** A block of {@code bytes} was taken, by one of the operations that do that; {@code alignment} is 1 or more. */
    void take(byte operation, int block, long bytes, long alignment) throws IOException {
        put(operation, block, alignment);
        putVarint(Math.toIntExact(bytes));
    }

    /** A block was taken. */
    void allocate(int block, long bytes) throws IOException {
        take(AllocationLog.ALLOCATE, block, bytes, 1);
    }

    /** A live block now has {@code bytes}. */
    void reallocate(int block, long bytes) throws IOException {
        take(AllocationLog.REALLOCATE, block, bytes, 1);
    }

    /** A live block was freed, by one of the operations that do that; {@code alignment} is 1 or more. */
    void free(byte operation, int block, long alignment) throws IOException {
        put(operation, block, alignment);
    }

    /** Names this place. */
    void mark(String name) throws IOException {
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        if (text.length > AllocationLog.MAX_NAME_BYTES) {
            throw new IllegalArgumentException("a name of " + text.length + " bytes: " + name);
        }
        makeRoom();
        buffer.put(AllocationLog.MARK);
        putVarint(text.length);
        buffer.put(text);
    }

    private void put(byte operation, int block, long alignment) throws IOException {
        makeRoom();
        int exponent = Long.numberOfTrailingZeros(alignment);
        buffer.put((byte) (operation | exponent << AllocationLog.OPERATION_BITS));
        putVarint(block);
        operations = Math.addExact(operations, 1);
        blockCount = Math.max(blockCount, block + 1);
    }

    private void putVarint(int value) {
        int rest = value;
        while (rest > 0x7f) {
            buffer.put((byte) (rest | 0x80));
            rest >>>= 7;
        }
        buffer.put((byte) rest);
    }

    private void makeRoom() throws IOException {
        if (buffer.remaining() < MAX_OPERATION_BYTES) {
            flush();
        }
    }

    private void flush() throws IOException {
        buffer.flip();
        while (buffer.hasRemaining()) {
            file.write(buffer);
        }
        buffer.clear();
    }

    /** Writes the rest, and then the numbers that make the file a whole log. */
    @Override
    public void close() throws IOException {
        try (file) {
            flush();
            buffer.put(AllocationLog.MAGIC).putInt(operations).putInt(blockCount);
            buffer.flip();
            file.write(buffer, 0);
            buffer.clear();
        }
    }

    static {
        assert HEADER_BYTES == 16 : "the picture in AllocationLog says 16";
    }
}
