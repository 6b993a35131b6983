package dev.zmalloc.allocator;

import java.util.List;
import java.util.Set;

/**
 * Where in the program a block was taken or freed.
 *
 * @param frames the stack from the caller of the facade outwards, at most {@value #MAX_FRAMES}
 */
record AllocationSite(List<StackTraceElement> frames) {
    static final int MAX_FRAMES = 24;

    private static final StackWalker WALKER = StackWalker.getInstance();

    /** What stands between the program and its allocator says nothing about the program. */
    private static final Set<String> FACADE = Set.of(
            "dev.zmalloc.ZMalloc",
            "dev.zmalloc.RawZMalloc",
            "dev.zmalloc.MemoryAccount",
            SamplingAllocator.class.getName(),
            TrackingAllocator.class.getName(),
            GuardedAllocator.class.getName(),
            AllocationSampler.class.getName(),
            BlockRegistry.class.getName(),
            BlockRegistry.Block.class.getName(),
            AllocationSite.class.getName());

    /** The calling stack. */
    static AllocationSite here() {
        return WALKER.walk(frames -> new AllocationSite(frames.dropWhile(frame -> FACADE.contains(frame.getClassName()))
                .limit(MAX_FRAMES)
                .map(StackWalker.StackFrame::toStackTraceElement)
                .toList()));
    }

    /** The frames, a line each. */
    void appendTo(StringBuilder text, String indent) {
        for (StackTraceElement frame : frames) {
            text.append('\n').append(indent).append("at ").append(frame);
        }
    }
}
