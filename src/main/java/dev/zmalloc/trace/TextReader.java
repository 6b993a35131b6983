package dev.zmalloc.trace;

import dev.zmalloc.store.OffHeapStore;
import java.io.IOException;

/** Traces of lines with fields between blanks. Empty lines are passed over. */
final class TextReader extends TraceReader {
    /** More in one line is damage, and would take long to be found out otherwise. */
    private static final long MAX_BLOCKS = 1 << 24;

    private final TraceFormat format;
    private int begin;
    private int end;
    private long blocksLeft;

    TextReader(TraceInput in, TraceFormat format) {
        super(in);
        this.format = format;
    }

    @Override
    public boolean next() throws IOException {
        if (blocksLeft > 0) {
            blocksLeft--;
            key++;
            return true;
        }
        while (in.nextLine()) {
            end = 0;
            if (nextField() && parseLine()) {
                if (nextField() && format != TraceFormat.ARC) {
                    throw in.damagedLine("surplus " + in.lineText(begin, end) + " after the fields of " + format);
                }
                return true;
            }
        }
        return false;
    }

    /** Takes what the line says. The first field is the current one. Returns false if it holds no request. */
    private boolean parseLine() throws TraceException {
        switch (format) {
            case LIRS -> {
                if (end - begin == 1 && in.line()[begin] == '*') {
                    return false;
                }
                key = number("key");
            }
            case KEYS -> {
                key = hash();
                valueBytes = nextField() ? size() : NO_SIZE;
            }
            case ADAPTSIZE -> {
                number("time");
                require("key");
                long id = number("key");
                require("size");
                valueBytes = size();
                // An object is one of an id and a size.
                key = mixed(mixed(id) + valueBytes);
            }
            case ARC -> {
                key = number("first block");
                require("number of blocks");
                blocksLeft = number("number of blocks") - 1;
                if (blocksLeft < 0 || blocksLeft >= MAX_BLOCKS) {
                    throw in.damagedLine(
                            "number of blocks " + in.lineText(begin, end) + " is not from 1 to " + MAX_BLOCKS);
                }
            }
            default -> throw new AssertionError(format);
        }
        return true;
    }

    /** Moves on to the next field of the line. Returns false at its end. */
    private boolean nextField() {
        byte[] line = in.line();
        int length = in.lineBytes();
        begin = end;
        while (begin < length && isBlank(line[begin])) {
            begin++;
        }
        end = begin;
        while (end < length && !isBlank(line[end])) {
            end++;
        }
        return begin < end;
    }

    private void require(String field) throws TraceException {
        if (!nextField()) {
            throw in.damagedLine("the line ends before its " + field + ", of which " + format + " has one");
        }
    }

    private int size() throws TraceException {
        long size = number("size");
        if (size < 0 || size > OffHeapStore.MAX_VALUE_BYTES) {
            throw in.damagedLine(wrongSize(size));
        }
        return (int) size;
    }

    static String wrongSize(long size) {
        return size < 0
                ? "negative size " + size
                : "size " + size + " is more than the " + OffHeapStore.MAX_VALUE_BYTES + " bytes that a value may have";
    }

    private long number(String field) throws TraceException {
        byte[] line = in.line();
        boolean negative = line[begin] == '-';
        long value = 0;
        int digits = begin + (negative ? 1 : 0);
        for (int index = digits; index < end; index++) {
            int digit = line[index] - '0';
            if (digit < 0 || digit > 9) {
                throw in.damagedLine(field + " " + in.lineText(begin, end) + " is not a whole number");
            }
            if (value > (Long.MAX_VALUE - digit) / 10) {
                throw in.damagedLine(field + " " + in.lineText(begin, end) + " is more than " + Long.MAX_VALUE);
            }
            value = 10 * value + digit;
        }
        if (digits == end) {
            throw in.damagedLine(field + " " + in.lineText(begin, end) + " is not a whole number");
        }
        return negative ? -value : value;
    }

    /** Hashes the field's bytes (the FNV-1a of G. Fowler, L. C. Noll and K.-P. Vo, mixed again). */
    private long hash() {
        byte[] line = in.line();
        long hash = 0xcbf29ce484222325L;
        for (int index = begin; index < end; index++) {
            hash = (hash ^ (line[index] & 0xff)) * 0x100000001b3L;
        }
        return mixed(hash);
    }

    static boolean isBlank(byte character) {
        return character == ' ' || character == '\t' || character == '\r';
    }
}
