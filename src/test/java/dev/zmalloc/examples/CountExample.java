package dev.zmalloc.examples;

import dev.zmalloc.AllocatorInformation;
import dev.zmalloc.MemoryAccount;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.ZMallocArena;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** How to count native memory. The regions are shown by the Javadoc of {@code dev.zmalloc}. */
final class CountExample {
    private CountExample() {}

    public static void main(String[] arguments) {
        // @start region="block"
        MemorySegment block = ZMalloc.zmalloc(1000);
        block.fill((byte) 1);
        System.out.println(ZMalloc.zmallocSize(block) + " bytes given"); // what the allocator really gave: 1024
        System.out.println(ZMalloc.zmallocUsedMemory() + " bytes in use"); // of all blocks: no system call
        ZMalloc.zfree(block);
        // @end

        // @start region="arena"
        try (Arena arena = ZMallocArena.ofConfined()) { // was Arena.ofConfined()
            MemorySegment name = arena.allocateFrom("native");
            System.out.println(name.getString(0) + ", counted: " + (ZMalloc.zmallocUsedMemory() > 0));
        } // frees it, and counts that too
        // @end

        // @start region="account"
        MemoryAccount assets = ZMalloc.account("assets"); // the same one under that name everywhere
        MemoryAccount images = assets.child("images", 1 << 20); // counted for both, and at most a mebibyte
        MemorySegment image = images.zmalloc(100_000);
        System.out.println(images.usedMemory() + " bytes for images, " + assets.usedMemory() + " for all");
        boolean refused = images.ztrymalloc(2 << 20).equals(MemorySegment.NULL); // more than the account may have
        System.out.println(refused ? "no more than a mebibyte" : "a limit that does not hold");
        images.zfree(image);
        // @end

        // @start region="figures"
        AllocatorInformation now = AllocatorInformation.sample(); // costs microseconds: once a second, not once a call
        now.figures().residentBytes().ifPresent(bytes -> System.out.println(bytes + " bytes resident"));
        now.allocatorFragmentationRatio().ifPresent(ratio -> System.out.println(ratio + " times what is allocated"));
        System.out.println(ZMalloc.zmallocPeakMemory() + " bytes at most, at " + ZMalloc.zmallocPeakTime());
        // @end
    }
}
