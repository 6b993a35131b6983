package dev.zmalloc.allocator;

import dev.zmalloc.ffi.PageSize;

/** The page size of the system, as a number that can be reckoned with where the system does not tell it. */
final class SystemPage {
    /**
     * The largest page size of the two processors, for where the kernel does not tell: rounding up to it errs on the
     * safe side.
     */
    private static final long LARGEST_BYTES = 64 << 10;

    private SystemPage() {}

    static long bytes() {
        return PageSize.bytes().orElse(LARGEST_BYTES);
    }
}
