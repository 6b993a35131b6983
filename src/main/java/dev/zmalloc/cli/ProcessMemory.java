package dev.zmalloc.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** What Linux says about this process in {@code /proc/self}; empty where it does not. */
final class ProcessMemory {
    private static final Path STATM = Path.of("/proc/self/statm");
    private static final Path AUXILIARY_VECTOR = Path.of("/proc/self/auxv");
    private static final long AT_PAGESZ = 6;
    private static final int RESIDENT_FIELD = 1;

    private ProcessMemory() {}

    /** Returns the bytes of memory that the process holds resident: heap, native memory and code together. */
    static OptionalLong residentBytes() {
        OptionalLong pageBytes = pageBytes();
        if (pageBytes.isEmpty()) {
            return OptionalLong.empty();
        }
        try {
            return residentBytes(Files.readString(STATM, StandardCharsets.US_ASCII), pageBytes.getAsLong());
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /** Returns the size of a page of memory in bytes. */
    static OptionalLong pageBytes() {
        return PageSize.BYTES;
    }

    /** Returns the resident bytes in the text of a {@code statm} file, which counts in pages. */
    static OptionalLong residentBytes(String statm, long pageBytes) {
        String[] fields = statm.strip().split(" ", -1);
        try {
            return OptionalLong.of(Long.parseLong(fields[RESIDENT_FIELD]) * pageBytes);
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            return OptionalLong.empty();
        }
    }

    /** Returns the page size in an auxiliary vector: pairs of 8-byte words, type and value, in native order. */
    static OptionalLong pageBytes(byte[] auxiliaryVector) {
        ByteBuffer words = ByteBuffer.wrap(auxiliaryVector).order(ByteOrder.nativeOrder());
        while (words.remaining() >= 2 * Long.BYTES) {
            long type = words.getLong();
            long value = words.getLong();
            if (type == AT_PAGESZ) {
                return OptionalLong.of(value);
            }
        }
        return OptionalLong.empty();
    }

    private static final class PageSize {
        static final OptionalLong BYTES = read();

        private static OptionalLong read() {
            try {
                return pageBytes(Files.readAllBytes(AUXILIARY_VECTOR));
            } catch (IOException e) {
                return OptionalLong.empty();
            }
        }
    }
}
