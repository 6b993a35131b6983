package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Memory;
import dev.zmalloc.ffi.NativeProcess;

/**
 * A program that selects the allocator as its settings say, uses it once, and prints what serves, one
 * {@code name=value} a line. Exits with {@value #REFUSED} and the message on standard output if there is none.
 */
public final class AllocatorProbe {
    static final int REFUSED = 3;

    private AllocatorProbe() {}

    /** Runs the probe. Takes no arguments. */
    public static void main(String[] arguments) {
        Allocator allocator;
        try {
            allocator = Allocators.select();
        } catch (AllocatorUnavailableException e) {
            System.out.println(e.getMessage());
            System.exit(REFUSED);
            return;
        }
        AllocatorDescription description = allocator.description();
        System.out.println("name=" + allocator.name());
        System.out.println("origin=" + description.origin());
        System.out.println("version=" + description.version());
        System.out.println("file=" + description.file());
        System.out.println("attempts=" + description.attempts().size());
        description.attempts().forEach(attempt -> System.out.println("attempt=" + attempt));
        System.out.println("page=" + description.pageBytes());
        System.out.println("classes=" + description.sizeClassBytes());
        description.options().forEach(option -> System.out.println("option=" + option));
        System.out.println("conf=" + NativeProcess.environment("MALLOC_CONF"));
        System.out.println("prefixed conf=" + NativeProcess.environment("JE_MALLOC_CONF"));
        System.out.println("figures=" + allocator.figures());
        System.out.println("same=" + isSelectedAgain(allocator));
        System.out.println("works=" + works(allocator));
    }

    @SuppressWarnings("ReferenceEquality") // the same object is what is asked
    private static boolean isSelectedAgain(Allocator allocator) {
        return Allocators.select() == allocator;
    }

    private static boolean works(Allocator allocator) {
        long address = allocator.allocate(100);
        Memory.fill(address, allocator.usableBytes(address), (byte) 1);
        address = allocator.reallocate(address, 1000);
        boolean kept = Memory.getByte(address + 99) == 1;
        allocator.free(address, allocator.usableBytes(address));
        return kept;
    }
}
