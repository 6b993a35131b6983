package dev.zmalloc.allocator;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ZMalloc;

/**
 * A program that chooses allocators by code, one for each argument, in turn; {@code -} takes memory instead. Prints
 * what came of each, one {@code name=value} a line.
 */
public final class SelectionProbe {
    private SelectionProbe() {}

    /** Runs the probe. */
    public static void main(String[] arguments) {
        int step = 0;
        for (String argument : arguments) {
            step++;
            try {
                System.out.println(step + "=" + (argument.equals("-") ? take() : choose(argument)));
            } catch (AllocatorUnavailableException e) {
                System.out.println(step + "=unavailable: " + e.getMessage());
            } catch (IllegalStateException e) {
                System.out.println(step + "=refused: " + e.getMessage());
            }
        }
    }

    private static String choose(String name) {
        return "chosen " + Allocators.use(name).name();
    }

    private static String take() {
        RawZMalloc.zfree(RawZMalloc.zmalloc(100));
        return "taken from " + ZMalloc.allocator().name();
    }
}
