package dev.zmalloc.allocator;

import dev.zmalloc.NativeOutOfMemoryError;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.ffi.Memory;
import java.util.ArrayList;
import java.util.List;

/**
 * A program for a process with little address space: takes blocks until there is no more, sees every form of allocation
 * refused, frees them, and takes them again. Prints what happened, one {@code name=value} a line.
 */
public final class ExhaustionProbe {
    /** Large, so that at the end there is still room for what the JVM itself takes. */
    private static final long BLOCK_BYTES = 64 << 20;

    private ExhaustionProbe() {}

    /** Runs the probe. Takes no arguments. */
    public static void main(String[] arguments) {
        long small = RawZMalloc.zmalloc(1000);
        Memory.fill(small, 1000, (byte) 7);
        List<Long> blocks = takeAll();
        String refused = refused(small);
        String thrown = thrown();
        boolean kept = Memory.getByte(small) == 7 && Memory.getByte(small + 999) == 7;
        int count = blocks.size();
        freeAll(blocks);
        List<Long> again = takeAll();
        int countAgain = again.size();
        freeAll(again);
        RawZMalloc.zfree(small);
        System.out.println("allocator=" + ZMalloc.allocator().name());
        System.out.println("blocks=" + count);
        System.out.println("refused=" + refused);
        System.out.println("thrown=" + thrown);
        System.out.println("kept=" + kept);
        System.out.println("again=" + countAgain);
        System.out.println("used=" + ZMalloc.zmallocUsedMemory());
    }

    private static List<Long> takeAll() {
        List<Long> blocks = new ArrayList<>();
        long address = RawZMalloc.ztrymalloc(BLOCK_BYTES);
        while (address != 0) {
            Memory.putByte(address, (byte) 1);
            Memory.putByte(address + BLOCK_BYTES - 1, (byte) 1);
            blocks.add(address);
            address = RawZMalloc.ztrymalloc(BLOCK_BYTES);
        }
        return blocks;
    }

    private static void freeAll(List<Long> blocks) {
        for (long address : blocks) {
            if (Memory.getByte(address) != 1 || Memory.getByte(address + BLOCK_BYTES - 1) != 1) {
                throw new AssertionError("a block has lost its content");
            }
            RawZMalloc.zfree(address);
        }
        blocks.clear();
    }

    private static String refused(long small) {
        List<String> refused = new ArrayList<>();
        if (RawZMalloc.ztrymalloc(BLOCK_BYTES) == 0) {
            refused.add("malloc");
        }
        if (RawZMalloc.ztrycalloc(BLOCK_BYTES) == 0) {
            refused.add("calloc");
        }
        if (RawZMalloc.ztryrealloc(small, BLOCK_BYTES) == 0) {
            refused.add("realloc");
        }
        if (ZMalloc.allocator().allocateAligned(BLOCK_BYTES, 4096) == 0) {
            refused.add("aligned");
        }
        if (ZMalloc.allocator().allocateUncached(BLOCK_BYTES) == 0) {
            refused.add("uncached");
        }
        // More than the whole address space has, though a free process could have it.
        if (RawZMalloc.ztrymalloc(5L << 30) == 0 && RawZMalloc.ztryrealloc(small, 5L << 30) == 0) {
            refused.add("huge");
        }
        return String.join(" ", refused);
    }

    private static String thrown() {
        try {
            return "nothing, but " + RawZMalloc.zmalloc(BLOCK_BYTES);
        } catch (NativeOutOfMemoryError e) {
            return String.valueOf(e.getMessage());
        }
    }
}
