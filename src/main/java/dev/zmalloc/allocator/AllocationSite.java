package dev.zmalloc.allocator;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Where in the program a block was taken or freed.
 *
 * @param frames the stack from the caller of the facade outwards, at most {@value #MAX_FRAMES}
 */
record AllocationSite(List<StackTraceElement> frames) {
    static final int MAX_FRAMES = 24;

    /** Sites beyond so many are not shared: a bound for programs whose every stack is another. */
    private static final int MAX_SHARED = 1 << 16;

    private static final StackWalker WALKER = StackWalker.getInstance();

    /** One object for all blocks of a site: a stack has kilobytes, and a site may have a million blocks. */
    private static final ConcurrentMap<AllocationSite, AllocationSite> SHARED = new ConcurrentHashMap<>();

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
        AllocationSite site = WALKER.walk(
                frames -> new AllocationSite(frames.dropWhile(frame -> FACADE.contains(frame.getClassName()))
                        .limit(MAX_FRAMES)
                        .map(StackWalker.StackFrame::toStackTraceElement)
                        .toList()));
        AllocationSite shared = SHARED.get(site);
        if (shared == null && SHARED.size() < MAX_SHARED) {
            shared = SHARED.putIfAbsent(site, site);
        }
        return shared == null ? site : shared;
    }

    /** The frames, a line each. */
    void appendTo(StringBuilder text, String indent) {
        for (StackTraceElement frame : frames) {
            text.append('\n').append(indent).append("at ").append(frame);
        }
    }
}
