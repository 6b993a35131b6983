package dev.zmalloc.metrics;

import dev.zmalloc.ZMalloc;
import java.lang.foreign.MemorySegment;

/** Asks for the management bean in a JVM that may lack the module, and takes a block all the same. */
public final class ManagementProbe {
    private ManagementProbe() {}

    /** Prints what came of both. */
    public static void main(String[] arguments) {
        try {
            ZMallocManagement.register();
            System.out.println("refusal=none");
        } catch (UnsupportedOperationException e) {
            System.out.println("refusal=" + e.getMessage());
        }
        MemorySegment block = ZMalloc.zcalloc(100);
        ZMalloc.zfree(block);
        System.out.println("works=" + (block.byteSize() == 100 && ZMalloc.zmallocUsedMemory() == 0));
    }
}
