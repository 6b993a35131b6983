package dev.zmalloc.allocator;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** The page size of the system: 4 KiB on x86-64, 4, 16 or 64 KiB on aarch64. */
final class SystemPage {
    /**
     * Key of the page size among the pairs of words that the kernel gives a process at its start. From {@code <elf.h>}.
     */
    private static final long AT_PAGESZ = 6;

    /**
     * The largest page size of the two processors, for where the kernel does not tell: rounding up to it errs on the
     * safe side.
     */
    private static final long LARGEST_BYTES = 64 << 10;

    private SystemPage() {}

    static long bytes() {
        try {
            ByteBuffer pairs = ByteBuffer.wrap(Files.readAllBytes(Path.of("/proc/self/auxv")))
                    .order(ByteOrder.nativeOrder());
            while (pairs.remaining() >= 2 * Long.BYTES) {
                long key = pairs.getLong();
                long value = pairs.getLong();
                if (key == AT_PAGESZ) {
                    return value;
                }
            }
        } catch (IOException e) {
            // A sandbox without /proc, or a process that may not read its own: the fallback is right there too.
            return LARGEST_BYTES;
        }
        return LARGEST_BYTES;
    }
}
