package dev.zmalloc.bench.compare;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * What a program asked of its allocator, in order: the operations, the blocks by number, their sizes, and marks between
 * them. Immutable.
 *
 * <p>A block is a number instead of an address. Numbers are small, since one whose block was freed is given out again.
 * A log that was read is sound: every block that is freed or resized is live, and no live number is taken again.
 *
 * <p>The file, written by {@link AllocationLogWriter}:
 *
 * <pre>
 *  offset 0            8             12            16
 *         +------------+-------------+-------------+-------------+-------------+---
 *         | "ZALLOG1\n"| operations  | blocks      | operation 0 | operation 1 | ...
 *         +------------+-------------+-------------+-------------+-------------+---
 *         8 bytes      int32, big    int32: one more than the highest number
 *
 *  operation:  one byte     bits 0-2: which (0 is a mark), bits 3-7: log2 of the alignment, of aligned blocks only
 *              varint       block number; of a mark, the bytes of its name, which follow in UTF-8
 *              varint       bytes requested; where a block is taken or resized
 * </pre>
 *
 * A varint is a number in groups of seven bits, the lowest first; the top bit of a byte says that another follows.
 */
final class AllocationLog {
    static final byte MARK = 0;
    static final byte ALLOCATE = 1;
    static final byte ALLOCATE_ZEROED = 2;
    static final byte ALLOCATE_ALIGNED = 3;
    static final byte REALLOCATE = 4;
    static final byte FREE = 5;
    static final byte FREE_SIZED = 6;
    static final byte FREE_ALIGNED = 7;

    static final int OPERATION_BITS = 3;
    static final int OPERATION_MASK = (1 << OPERATION_BITS) - 1;
    static final int MAX_NAME_BYTES = 100;
    static final byte[] MAGIC = "ZALLOG1\n".getBytes(StandardCharsets.US_ASCII);

    /** What is larger is no allocation of a program worth comparing, but a damaged file. */
    private static final int MAX_OPERATIONS = 200_000_000;

    /**
     * A place between two operations.
     *
     * @param operations how many operations come before it
     * @param name for people
     */
    record Mark(int operations, String name) {}

    private final byte[] operations;
    private final int[] blocks;
    private final int[] requestedBytes;
    private final int blockCount;
    private final List<Mark> marks = new ArrayList<>();
    private long movedBytes;

    private AllocationLog(int operations, int blockCount) {
        this.operations = new byte[operations];
        this.blocks = new int[operations];
        this.requestedBytes = new int[operations];
        this.blockCount = blockCount;
    }

    /**
     * Reads and checks a log.
     *
     * @throws IOException if the file cannot be read, or is no sound log; the message says what is wrong, and where
     */
    static AllocationLog read(Path file) throws IOException {
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 16))) {
            byte[] magic = in.readNBytes(MAGIC.length);
            if (!Arrays.equals(magic, MAGIC)) {
                throw new IOException(file + " is no allocation log");
            }
            int operations = in.readInt();
            int blockCount = in.readInt();
            if (operations < 0 || operations > MAX_OPERATIONS || blockCount < 0 || blockCount > operations) {
                throw new IOException(file + " was not written to its end, or is damaged: " + operations
                        + " operations, " + blockCount + " blocks");
            }
            AllocationLog log = new AllocationLog(operations, blockCount);
            log.read(in, file);
            return log;
        } catch (EOFException e) {
            throw new IOException(file + " ends in the middle", e);
        }
    }

    private void read(DataInputStream in, Path file) throws IOException {
        BitSet live = new BitSet(blockCount);
        int[] liveBytes = new int[blockCount];
        int index = 0;
        for (int first = in.read(); first >= 0; first = in.read()) {
            if (first == MARK) {
                marks.add(new Mark(index, name(in)));
                continue;
            }
            if (index == operations.length) {
                throw new IOException(file + " has more operations than it says: " + index);
            }
            int operation = first & OPERATION_MASK;
            int block = varint(in);
            if (block >= blockCount || live.get(block) == takes(operation)) {
                throw new IOException(file + ": operation " + index + " (" + operation + ") on block " + block + ", of "
                        + blockCount + ", which is " + (takes(operation) ? "" : "not ") + "live");
            }
            operations[index] = (byte) first;
            blocks[index] = block;
            int bytes = operation <= REALLOCATE ? varint(in) : 0;
            requestedBytes[index] = bytes;
            movedBytes += Math.abs(bytes - liveBytes[block]);
            liveBytes[block] = bytes;
            live.set(block, operation <= REALLOCATE);
            index++;
        }
        if (index != operations.length) {
            throw new EOFException();
        }
    }

    private static boolean takes(int operation) {
        return operation < REALLOCATE;
    }

    private static String name(DataInputStream in) throws IOException {
        int bytes = varint(in);
        if (bytes > MAX_NAME_BYTES) {
            throw new IOException("a mark's name has " + bytes + " bytes, more than " + MAX_NAME_BYTES);
        }
        byte[] text = new byte[bytes];
        in.readFully(text);
        return new String(text, StandardCharsets.UTF_8);
    }

    private static int varint(DataInputStream in) throws IOException {
        int value = 0;
        for (int shift = 0; shift < Integer.SIZE; shift += 7) {
            int next = in.readUnsignedByte();
            value |= (next & 0x7f) << shift;
            if (next < 0x80) {
                if (value < 0) {
                    break;
                }
                return value;
            }
        }
        throw new IOException("a number of more than 31 bits");
    }

    /** How many operations there are. */
    int size() {
        return operations.length;
    }

    /** One more than the highest block number. */
    int blockCount() {
        return blockCount;
    }

    /** Which operation {@code index} is. */
    int operation(int index) {
        return operations[index] & OPERATION_MASK;
    }

    /** The block that operation {@code index} is on. */
    int block(int index) {
        return blocks[index];
    }

    /** The bytes that operation {@code index} asks for; 0 where it frees. */
    int requestedBytes(int index) {
        return requestedBytes[index];
    }

    /** The alignment that operation {@code index} asks for or tells; 1 of plain blocks. */
    long alignmentBytes(int index) {
        return 1L << ((operations[index] & 0xff) >>> OPERATION_BITS);
    }

    /** The marks, in order. */
    List<Mark> marks() {
        return List.copyOf(marks);
    }

    /**
     * Cuts the log into parts of about the same work, by the bytes that are taken and freed: by operations, millions of
     * small blocks would hide thousands of large ones.
     *
     * @return for each part the index of the operation behind its last one; ascending, and in the end {@link #size()}
     */
    int[] ends(int parts) {
        int[] ends = new int[parts];
        int[] liveBytes = new int[blockCount];
        long moved = 0;
        int part = 0;
        for (int index = 0; index < size() && part < parts - 1; index++) {
            moved += Math.abs(requestedBytes[index] - liveBytes[blocks[index]]);
            liveBytes[blocks[index]] = requestedBytes[index];
            while (part < parts - 1 && moved * parts >= movedBytes * (part + 1)) {
                ends[part++] = index + 1;
            }
        }
        Arrays.fill(ends, part, parts, size());
        return ends;
    }
}
