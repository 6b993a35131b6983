package dev.zmalloc;

import dev.zmalloc.allocator.AllocatorFigures;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * Memory as the process, {@code ZMalloc} and the allocator see it at one moment, and the ratios between those views
 * that Redis' {@code INFO memory} derives. What a backend or the system does not tell is empty, and so is what would be
 * derived from it; nothing is made up. A ratio whose divisor is 0 is empty too.
 *
 * <p>Bytes are signed: a difference is negative where its second part is larger. The two that cannot be negative, those
 * of {@link #allocatorFragmentationBytes()} and {@link #allocatorResidentBytes()}, are clamped at 0, since counters
 * that move while they are read could make them so.
 *
 * <p>In a JVM, the resident memory of the process is Java heap, code and thread stacks too. The two ratios that begin
 * with it are therefore larger than in Redis, and they tell most by how they change; the allocator's own two mean the
 * same as there.
 *
 * @param usedMemory bytes of all live blocks of {@code ZMalloc}
 * @param processResidentBytes physical memory that the process holds
 * @param figures what the allocator tells: of all its blocks, those of other users of the same library included
 */
public record AllocatorInformation(long usedMemory, OptionalLong processResidentBytes, AllocatorFigures figures) {

    /**
     * Reads all of it now. Used and resident memory are read one right after the other, and the allocator copies its
     * counters at once after that, so that the ratios compare what belongs together. Takes microseconds to
     * milliseconds: a few times a second is often enough. Any thread may call.
     */
    public static AllocatorInformation sample() {
        long usedMemory = ZMalloc.zmallocUsedMemory();
        OptionalLong residentBytes = ProcessMemory.residentBytes();
        return new AllocatorInformation(
                usedMemory, residentBytes, ZMalloc.allocator().figures());
    }

    /**
     * Redis' {@code mem_fragmentation_ratio}: <i>process resident / used memory</i>. Below 1 when part of the used
     * memory is swapped out or was never written to.
     */
    public OptionalDouble fragmentationRatio() {
        return ratio(processResidentBytes, OptionalLong.of(usedMemory));
    }

    /**
     * Redis' {@code mem_fragmentation_bytes}: <i>process resident - used memory</i>. Negative when part of the used
     * memory is swapped out or was never written to.
     */
    public OptionalLong fragmentationBytes() {
        return difference(processResidentBytes, OptionalLong.of(usedMemory));
    }

    /**
     * Redis' {@code allocator_frag_ratio}, since 7.4: <i>1 + small-bin fragmentation / allocated</i>. How much the free
     * places between live small blocks add to the blocks; what moving blocks together could save.
     */
    public OptionalDouble allocatorFragmentationRatio() {
        OptionalDouble added = ratio(allocatorFragmentationBytes(), figures.allocatedBytes());
        return added.isPresent() ? OptionalDouble.of(1 + added.getAsDouble()) : added;
    }

    /** Redis' {@code allocator_frag_bytes}: <i>small-bin fragmentation</i>, at least 0. */
    public OptionalLong allocatorFragmentationBytes() {
        return atLeastZero(figures.smallBinFragmentationBytes());
    }

    /**
     * Redis' {@code allocator_rss_ratio}: <i>resident / active</i>, both the allocator's. How much it holds beyond the
     * pages that have live blocks: records, and unused pages kept for reuse, which {@code purge()} would give back.
     */
    public OptionalDouble allocatorResidentRatio() {
        return ratio(figures.residentBytes(), figures.activeBytes());
    }

    /** Redis' {@code allocator_rss_bytes}: <i>resident - active</i>, at least 0. */
    public OptionalLong allocatorResidentBytes() {
        return atLeastZero(difference(figures.residentBytes(), figures.activeBytes()));
    }

    /**
     * Redis' {@code rss_overhead_ratio}: <i>process resident / resident</i> of the allocator. What the process holds
     * beside the allocator's memory, in a JVM above all the heap. Below 1 when the allocator's pages were never written
     * to or are swapped out.
     */
    public OptionalDouble residentOverheadRatio() {
        return ratio(processResidentBytes, figures.residentBytes());
    }

    /**
     * Redis' {@code rss_overhead_bytes}: <i>process resident - resident</i> of the allocator. Negative when the
     * allocator's pages were never written to or are swapped out.
     */
    public OptionalLong residentOverheadBytes() {
        return difference(processResidentBytes, figures.residentBytes());
    }

    private static OptionalDouble ratio(OptionalLong dividend, OptionalLong divisor) {
        return dividend.isPresent() && divisor.orElse(0) != 0
                ? OptionalDouble.of((double) dividend.getAsLong() / divisor.getAsLong())
                : OptionalDouble.empty();
    }

    private static OptionalLong difference(OptionalLong left, OptionalLong right) {
        return left.isPresent() && right.isPresent()
                ? OptionalLong.of(left.getAsLong() - right.getAsLong())
                : OptionalLong.empty();
    }

    private static OptionalLong atLeastZero(OptionalLong bytes) {
        return bytes.isPresent() ? OptionalLong.of(Math.max(0, bytes.getAsLong())) : bytes;
    }
}
