package dev.zmalloc.trace;

import dev.zmalloc.store.OffHeapStore;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Traces of records of one length.
 *
 * <pre>
 *  int32     key, 4 bytes big-endian
 *  int64     key, 8 bytes big-endian
 *
 *  oracle    0       4               12     16                  24, all little-endian
 *            +-------+---------------+------+-------------------+
 *            | time  | key           | size | next access       |
 *            +-------+---------------+------+-------------------+
 *            uint32  uint64          uint32 int64, -1 for none
 * </pre>
 */
final class BinaryReader extends TraceReader {
    static final VarHandle INT_BIG = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    static final VarHandle LONG_BIG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    static final VarHandle INT_LITTLE = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    static final VarHandle LONG_LITTLE = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    static final int ORACLE_RECORD_BYTES = 24;
    static final int ORACLE_KEY_OFFSET = 4;
    static final int ORACLE_SIZE_OFFSET = 12;
    static final int ORACLE_NEXT_OFFSET = 16;

    private final TraceFormat format;
    private final byte[] record;

    BinaryReader(TraceInput in, TraceFormat format) {
        super(in);
        this.format = format;
        record = new byte
                [switch (format) {
                    case INT32 -> Integer.BYTES;
                    case INT64 -> Long.BYTES;
                    default -> ORACLE_RECORD_BYTES;
                }];
    }

    @Override
    public boolean next() throws IOException {
        long offset = in.offset();
        int read = in.readRecord(record);
        if (read == 0) {
            return false;
        }
        if (read < record.length) {
            throw in.damagedAt(
                    offset, "truncated record: " + read + " bytes of the " + record.length + " of " + format);
        }
        switch (format) {
            case INT32 -> key = (int) INT_BIG.get(record, 0);
            case INT64 -> key = (long) LONG_BIG.get(record, 0);
            default -> {
                key = (long) LONG_LITTLE.get(record, ORACLE_KEY_OFFSET);
                long size = Integer.toUnsignedLong((int) INT_LITTLE.get(record, ORACLE_SIZE_OFFSET));
                if (size > OffHeapStore.MAX_VALUE_BYTES) {
                    throw in.damagedAt(offset + ORACLE_SIZE_OFFSET, TextReader.wrongSize(size));
                }
                valueBytes = (int) size;
            }
        }
        return true;
    }
}
