package dev.zmalloc.testing;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.allocator.NativeMemoryDebug;

/** Injects faults as a user's test would. For a JVM of its own, with the settings under test. */
public final class FaultProbe {
    private FaultProbe() {}

    /** Prints what serves, and whether faults and a budget fell where they should. */
    public static void main(String[] arguments) {
        System.out.println("name=" + ZMalloc.allocator().name());
        System.out.println("version=" + ZMalloc.allocator().description().name());
        System.out.println("level=" + NativeMemoryDebug.level());
        try (Faults faults = Faults.nth(2).inject()) {
            long address = RawZMalloc.ztrymalloc(100);
            System.out.println("first=" + (address != 0));
            System.out.println("second=" + (RawZMalloc.ztryrealloc(address, 5_000) != 0));
            RawZMalloc.zfree(address);
            System.out.println("refused=" + faults.refused());
        } catch (IllegalStateException e) {
            System.out.println("refusal=" + e.getMessage());
            return;
        }
        FaultInjectingAllocator.resetHighest();
        long budget = FaultInjectingAllocator.heldBytes() + (1 << 20);
        int blocks = 0;
        long[] taken = new long[100_000];
        try (Faults faults = Faults.overBudget(budget).inject()) {
            while ((taken[blocks] = RawZMalloc.ztrymalloc(1_000)) != 0) {
                blocks++;
            }
            System.out.println("within=" + (FaultInjectingAllocator.highestHeldBytes() <= budget));
            System.out.println("budgetRefused=" + faults.refused());
        }
        for (int block = 0; block < blocks; block++) {
            RawZMalloc.zfree(taken[block]);
        }
        System.out.println("blocks=" + blocks);
        System.out.println("used=" + ZMalloc.zmallocUsedMemory());
        NativeMemoryDebug.check();
    }
}
