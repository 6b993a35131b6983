package dev.zmalloc.allocator;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Where in the program a block was taken or freed.
 *
 * @param frames the stack from the caller of the facade outwards, at most {@value #MAX_FRAMES}
 */
record AllocationSite(List<StackTraceElement> frames) implements CapturedStack {
    /*
     * How a stack is captured.
     *
     * Nanoseconds on JDK 25, for all frames of the thread, or the innermost 24:
     *
     *   frames of the thread                       11      34     106
     *   an exception's                            600   1,500   4,500
     *     and its frames, named                 2,800   7,000  21,000
     *   StackWalker, frames unnamed             1,900   3,100   3,500
     *     and named, which is what tells
     *     one site from another                 4,500   8,600
     *   StackWalker, classes alone              1,200   2,000
     *
     * So stacks are captured by an exception, and named when they must be. Where they are found to be deeper than
     * DEEP_FRAMES, StackWalker does it from then on: its cost in time and heap is bounded, an exception's is not. A
     * hash of classes and bytecode indexes would be had without naming, but two lambdas of one class look alike to it.
     */
    static final int MAX_FRAMES = 24;

    private static final int DEEP_FRAMES = 64;

    /** Sites beyond so many are cut to their innermost frames: a bound for programs whose every stack is another. */
    private static final int MAX_WHOLE = 1 << 16;

    private static final int CUT_FRAMES = 4;

    private static final StackWalker WALKER = StackWalker.getInstance(Set.of(), MAX_FRAMES + 8);

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

    /** Of blocks that were freed so long ago that nothing is told of them. */
    static final AllocationSite FORGOTTEN = new AllocationSite(List.of());

    /** Whether a stack of more than {@value #DEEP_FRAMES} frames was seen. */
    private static volatile boolean deep;

    /** The whole stack, as the JVM notes it for an exception that may never be looked at. */
    @SuppressWarnings("serial") // never written
    static final class Whole extends Throwable implements CapturedStack {
        Whole() {
            super(null, null, false, true);
        }

        @Override
        public AllocationSite site() {
            return of(getStackTrace());
        }
    }

    /**
     * A part of a stack.
     *
     * @param frames from the caller of the facade outwards, without their names and lines so far
     */
    record Innermost(List<StackWalker.StackFrame> frames) implements CapturedStack {
        @Override
        public AllocationSite site() {
            return shared(frames.stream()
                    .map(StackWalker.StackFrame::toStackTraceElement)
                    .toList());
        }
    }

    /** The calling stack. */
    static CapturedStack here() {
        return deep ? innermost() : new Whole();
    }

    /** The calling stack, of which no more than the innermost frames is looked at. */
    static CapturedStack innermost() {
        return WALKER.walk(frames -> new Innermost(frames.dropWhile(frame -> FACADE.contains(frame.getClassName()))
                .limit(MAX_FRAMES)
                .toList()));
    }

    /** The site of a stack that has the facade's frames and the reflection's, which StackWalker leaves out. */
    static AllocationSite of(StackTraceElement[] stack) {
        if (stack.length > DEEP_FRAMES) {
            deep = true;
        }
        int from = 0;
        while (from < stack.length && FACADE.contains(stack[from].getClassName())) {
            from++;
        }
        StackTraceElement[] frames = new StackTraceElement[Math.min(MAX_FRAMES, stack.length - from)];
        int count = 0;
        for (int index = from; index < stack.length && count < frames.length; index++) {
            if (!isReflection(stack[index].getClassName())) {
                frames[count++] = stack[index];
            }
        }
        return shared(List.of(count < frames.length ? Arrays.copyOf(frames, count) : frames));
    }

    /** The one site that has these frames. */
    static AllocationSite shared(List<StackTraceElement> frames) {
        AllocationSite site = new AllocationSite(frames);
        AllocationSite known = SHARED.get(site);
        if (known != null) {
            return known;
        }
        if (SHARED.size() >= MAX_WHOLE) {
            site = new AllocationSite(List.copyOf(frames.subList(0, Math.min(CUT_FRAMES, frames.size()))));
        }
        return SHARED.computeIfAbsent(site, same -> same);
    }

    private static boolean isReflection(String className) {
        return className.startsWith("j")
                && (className.startsWith("jdk.internal.reflect.")
                        || className.equals("java.lang.reflect.Method")
                        || className.equals("java.lang.reflect.Constructor"));
    }

    @Override
    public AllocationSite site() {
        return this;
    }

    /** The frames, a line each. */
    void appendTo(StringBuilder text, String indent) {
        for (StackTraceElement frame : frames) {
            text.append('\n').append(indent).append("at ").append(frame);
        }
    }
}
