package dev.zmalloc.ffi;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** The size of a page of memory: 4 KiB on x86-64, 4, 16 or 64 KiB on aarch64. */
public final class PageSize {
    /** Key of the page size among the words that the kernel gives a process. From {@code <elf.h>}. */
    private static final long AT_PAGESZ = 6;

    private static final OptionalLong BYTES = read();

    private PageSize() {}

    /** The system's page size in bytes; empty if the kernel does not tell, as in a sandbox without {@code /proc}. */
    public static OptionalLong bytes() {
        return BYTES;
    }

    /**
     * The page size, or where the kernel does not tell the largest there is: rounding up to it errs on the safe side.
     */
    public static long bytesOrLargest() {
        return BYTES.orElse(64 << 10);
    }

    private static OptionalLong read() {
        try {
            return find(Files.readAllBytes(Path.of("/proc/self/auxv")));
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /** The page size in an auxiliary vector: pairs of 8-byte words, key and value, in native order. */
    static OptionalLong find(byte[] auxiliaryVector) {
        ByteBuffer words = ByteBuffer.wrap(auxiliaryVector).order(ByteOrder.nativeOrder());
        while (words.remaining() >= 2 * Long.BYTES) {
            long key = words.getLong();
            long value = words.getLong();
            if (key == AT_PAGESZ) {
                return OptionalLong.of(value);
            }
        }
        return OptionalLong.empty();
    }
}
