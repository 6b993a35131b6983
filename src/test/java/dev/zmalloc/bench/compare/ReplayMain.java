package dev.zmalloc.bench.compare;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.zmalloc.ProcessMemory;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.allocator.Allocator;
import dev.zmalloc.allocator.AllocatorDescription;
import dev.zmalloc.allocator.AllocatorUnavailableException;
import dev.zmalloc.allocator.Allocators;
import dev.zmalloc.allocator.Backends;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Replays one log with the allocator of this process, and writes a {@link ReplayResult}. In a process of its own: only
 * then is what the process grows by the allocator's.
 */
final class ReplayMain {
    /*
     * What is measured. The heap of this JVM is resident from its start (-Xms = -Xmx, AlwaysPreTouch), and holds the
     * log. A warm-up has the code compiled, with hardly a mebibyte live, so that afterwards the process grows by what
     * the allocator does. The JVM itself takes memory from libc, which keeps some of what is freed: libc gives that
     * back before the replay, and with each purge, so that it is not taken for the allocator's. A replay with no
     * allocator shows what still comes from elsewhere, a mebibyte or so. What the allocator held after the warm-up is
     * not in the growth; that is a mebibyte or two at most, and can make a fragmentation of a small run less than 1.
     *
     * The clocks stop while memory is measured and purged.
     */
    static final int UNAVAILABLE = 3;

    /** As the first argument: tells what serves instead of replaying. */
    static final String PROBE = "probe";

    /** As the second argument: replays with no allocator. */
    static final String CONTROL = "control";

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final int SAMPLES = 300;
    private static final long WARM_UP_NANOS = 500_000_000;
    private static final long WARM_UP_BYTES = 300_000;
    private static final long SETTLE_MILLIS = 100;

    /** The JVM's own, whichever allocator serves. */
    private static final Allocator LIBC = Backends.open("libc");

    private final AllocationLog log;
    private final Replayer replayer;
    private final int[] ends;
    private final List<ReplayResult.Sample> points = new ArrayList<>();
    private final List<ReplayResult.Sample> samples = new ArrayList<>();
    private long baselineBytes;
    private long exactBaselineBytes;
    private long elapsedNanos;
    private long processorNanos;

    private ReplayMain(AllocationLog log, Blocks blocks) {
        this.log = log;
        this.replayer = new Replayer(log, blocks);
        this.ends = log.ends(SAMPLES);
    }

    /**
     * Replays, or tells what serves.
     *
     * @param arguments {@value #PROBE}, or else a log, where the result goes, and {@value #CONTROL} or nothing
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        try {
            AllocatorDescription description = Allocators.select().description();
            if (arguments[0].equals(PROBE)) {
                System.out.println(JSON.std.asString(new Backend(
                        description.name(),
                        description.version(),
                        description.file(),
                        description.origin().toString())));
                return;
            }
        } catch (AllocatorUnavailableException e) {
            System.err.println(e.getMessage());
            System.exit(UNAVAILABLE);
        }
        AllocationLog log = AllocationLog.read(Path.of(arguments[0]));
        Path result = Path.of(arguments[1]);
        Blocks blocks = arguments.length > 2 ? control(log) : new ZMallocBlocks();
        warmUp(result.resolveSibling(result.getFileName() + ".warm-up"), blocks);
        settle();
        Files.writeString(result, JSON.std.asString(new ReplayMain(log, blocks).run()));
    }

    private static Blocks control(AllocationLog log) {
        long most = WARM_UP_BYTES;
        for (int index = 0; index < log.size(); index++) {
            most = Math.max(most, log.requestedBytes(index));
        }
        Blocks all = new ZMallocBlocks();
        long address = all.allocate(most);
        all.write(address, most);
        return new NoBlocks(address);
    }

    private static void warmUp(Path scratch, Blocks blocks) throws IOException {
        try {
            FragmentingWorkload.write(scratch, WARM_UP_BYTES, 0);
            AllocationLog small = AllocationLog.read(scratch);
            long begin = THREADS.getCurrentThreadCpuTime();
            while (THREADS.getCurrentThreadCpuTime() - begin < WARM_UP_NANOS) {
                new ReplayMain(small, blocks).run();
            }
        } finally {
            Files.deleteIfExists(scratch);
        }
    }

    /** Has done with what the warm-up left to collect, to compile and to give back before the clock starts. */
    private static void settle() throws InterruptedException {
        System.gc();
        Thread.sleep(SETTLE_MILLIS);
        ZMalloc.allocator().purge();
        LIBC.purge();
    }

    private ReplayResult run() {
        baselineBytes = ProcessMemory.residentBytes().orElseThrow();
        exactBaselineBytes = exactResidentBytes();
        ZMalloc.zmallocResetPeak();
        samples.add(sample("", 0, 0));
        int done = 0;
        int nextMark = 0;
        for (int part = 0; part < SAMPLES; part++) {
            int end = ends[part];
            while (nextMark < log.marks().size() && log.marks().get(nextMark).operations() <= end) {
                AllocationLog.Mark mark = log.marks().get(nextMark++);
                replay(done, mark.operations());
                done = mark.operations();
                points.add(point(mark.name(), part + 1));
                if (mark.name().equals(Points.WORN)) {
                    purge(Points.SETTLED, part + 1);
                } else if (mark.name().equals(Points.FREED)) {
                    purge(Points.PURGED, part + 1);
                }
            }
            replay(done, end);
            done = end;
            samples.add(sample("", part + 1, ProcessMemory.residentBytes().orElseThrow() - baselineBytes));
        }
        long peakUsedBytes = ZMalloc.zmallocPeakMemory();
        replayer.freeRest();
        return new ReplayResult(
                log.size(),
                elapsedNanos,
                processorNanos,
                peakUsedBytes,
                samples.stream()
                        .mapToLong(ReplayResult.Sample::residentBytes)
                        .max()
                        .orElseThrow(),
                points,
                samples);
    }

    private void purge(String name, int part) {
        if (ZMalloc.allocator().purge()) {
            LIBC.purge();
            points.add(point(name, part));
        }
    }

    private void replay(int begin, int end) {
        long beginNanos = System.nanoTime();
        long beginProcessorNanos = THREADS.getCurrentThreadCpuTime();
        replayer.replay(begin, end);
        processorNanos += THREADS.getCurrentThreadCpuTime() - beginProcessorNanos;
        elapsedNanos += System.nanoTime() - beginNanos;
    }

    private ReplayResult.Sample point(String name, int part) {
        return sample(name, part, exactResidentBytes() - exactBaselineBytes);
    }

    private ReplayResult.Sample sample(String name, int part, long residentBytes) {
        return new ReplayResult.Sample(
                name, 100.0 * part / SAMPLES, replayer.requestedBytes(), ZMalloc.zmallocUsedMemory(), residentBytes);
    }

    /** What the kernel finds in the page tables. Its running count, which is cheaper to ask, may be some pages off. */
    private static long exactResidentBytes() {
        return ProcessMemory.smapsBytes("Rss").orElseThrow();
    }
}
