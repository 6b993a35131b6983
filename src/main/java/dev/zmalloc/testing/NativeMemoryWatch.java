package dev.zmalloc.testing;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.allocator.DebugLevel;
import dev.zmalloc.allocator.LeakReport;
import dev.zmalloc.allocator.NativeMemoryDebug;
import dev.zmalloc.testing.FailOnNativeLeak.Scope;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * What was in use before a test, or before a class of tests. JUnit closes it last, since it was the first to be stored,
 * and takes what that throws for a failure of the test or class.
 */
@SuppressWarnings("deprecation") // CloseableResource: JUnit before 5.13 closes nothing else
final class NativeMemoryWatch implements ExtensionContext.Store.CloseableResource, AutoCloseable {
    private static final String CURE = "-D" + DebugLevel.PROPERTY + "=" + DebugLevel.TRACK;
    private static final int LONGEST_PAUSE_MILLIS = 16;

    private final String name;
    private final @Nullable NativeMemoryWatch parent;

    /** Whether tests and nested classes in here are not judged, but all of them together. */
    private final boolean isWhole;

    private final boolean isJudged;
    private final long waitMillis;
    private final long bytesBefore = ZMalloc.zmallocUsedMemory();
    private final long blocksBefore = blocks();
    private final long mark = NativeMemoryDebug.mark();

    /** What tests in here were failed for: the class is not, again. */
    private long reportedBytes;

    private NativeMemoryWatch(
            ExtensionContext context, @Nullable NativeMemoryWatch parent, Scope scope, long waitMillis) {
        this.parent = parent;
        this.waitMillis = waitMillis;
        boolean isTest = context.getTestMethod().isPresent();
        name = context.getRequiredTestClass().getSimpleName() + (isTest ? ", " + context.getDisplayName() : "");
        boolean isShared = (parent != null && parent.isWhole)
                || context.getTestInstanceLifecycle().orElse(Lifecycle.PER_METHOD) == Lifecycle.PER_CLASS;
        isWhole = scope == Scope.CLASS || (scope == Scope.LIFECYCLE && isShared);
        isJudged = parent == null || !(isTest ? isWhole : parent.isWhole);
    }

    /** Begins to watch a test or a class. */
    static NativeMemoryWatch of(ExtensionContext context, ExtensionContext.Store store) {
        Optional<FailOnNativeLeak> annotation = NativeMemoryLeakExtension.nearest(context, FailOnNativeLeak.class);
        NativeMemoryWatch parent = null;
        Optional<ExtensionContext> above = context.getParent();
        for (; parent == null && above.isPresent(); above = above.get().getParent()) {
            parent = store.get(above.get().getUniqueId(), NativeMemoryWatch.class);
        }
        return new NativeMemoryWatch(
                context,
                parent,
                annotation.map(FailOnNativeLeak::value).orElse(Scope.LIFECYCLE),
                annotation.map(FailOnNativeLeak::waitMillis).orElse(500L));
    }

    /** Judges: fails if more or less is in use than before. */
    @Override
    public void close() {
        long unexpected = isJudged ? unexpectedInTheEnd() : 0;
        if (unexpected != 0) {
            for (NativeMemoryWatch above = parent; above != null; above = above.parent) {
                above.reportedBytes += unexpected;
            }
            throw new AssertionError(message(unexpected));
        }
    }

    /** Bytes in use beyond what is expected, negative for less; after a wait, unless there are none. */
    private long unexpectedInTheEnd() {
        long deadline = System.nanoTime() + waitMillis * 1_000_000;
        for (int pause = 1; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS)) {
            long unexpected = unexpected();
            if (unexpected == 0 || System.nanoTime() - deadline >= 0) {
                return unexpected;
            }
            if (pause == LONGEST_PAUSE_MILLIS / 2) {
                System.gc(); // Frees the blocks of automatic arenas.
            }
            try {
                Thread.sleep(pause);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return unexpected();
            }
        }
    }

    private long unexpected() {
        long more = ZMalloc.zmallocUsedMemory() - bytesBefore;
        // What a test was failed for may be there still, or have been put right later.
        return more > 0
                ? Math.max(0, more - Math.max(0, reportedBytes))
                : Math.min(0, more - Math.min(0, reportedBytes));
    }

    private String message(long unexpected) {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%s %s: %+,d bytes, %+,d blocks (used memory was %,d bytes, and is %,d)",
                name,
                unexpected > 0 ? "left native memory behind" : "freed native memory that was taken before it",
                unexpected,
                blocks() - blocksBefore,
                bytesBefore,
                ZMalloc.zmallocUsedMemory()));
        if (reportedBytes != 0) {
            text.append(String.format(Locale.ROOT, ", beside %+,d of tests that failed for it", reportedBytes));
        }
        if (unexpected > 0) {
            appendWhere(text);
        }
        return text.append("\nTests that share native memory on purpose: @FailOnNativeLeak(CLASS)")
                .toString();
    }

    private void appendWhere(StringBuilder text) {
        Optional<LeakReport> report = NativeMemoryDebug.reportSince(mark);
        if (report.isEmpty()) {
            text.append("\nTo see where it was taken, run the tests with ").append(CURE);
            return;
        }
        text.append("\nTaken or resized since, and still held:\n").append(withoutRunner(report.get()));
        if (report.get().isEstimate()) {
            text.append("\nThat is a sample; to see where all of it was taken, run the tests with ")
                    .append(CURE);
        }
    }

    /** Without the frames of what runs the tests. */
    private static LeakReport withoutRunner(LeakReport report) {
        List<LeakReport.Site> sites = new ArrayList<>();
        for (LeakReport.Site site : report.sites()) {
            List<StackTraceElement> frames = site.frames();
            int count = 0;
            while (count < frames.size() && !frames.get(count).getClassName().startsWith("org.junit.")) {
                count++;
            }
            while (count > 1 && frames.get(count - 1).getClassName().matches("(java|jdk)\\..*")) {
                count--;
            }
            sites.add(new LeakReport.Site(site.blocks(), site.bytes(), frames.subList(0, count)));
        }
        return new LeakReport(report.isEstimate(), sites);
    }

    private static long blocks() {
        return ZMalloc.zmallocAllocations() - ZMalloc.zmallocFrees();
    }
}
