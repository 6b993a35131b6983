package dev.zmalloc.metrics;

import org.jspecify.annotations.Nullable;

/**
 * Native memory of this process, for management clients: the figures of {@link dev.zmalloc.AllocatorInformation}, which
 * has the formulas of the ratios, under {@value ZMallocManagement#OBJECT_NAME}.
 *
 * <p>An attribute is null where the backend or the system does not tell it, or where a divisor is 0. Attributes asked
 * for within a tenth of a second of each other come from one sample. Bytes that are differences may be negative.
 */
@SuppressWarnings("exports") // the annotations of jspecify, which need not be there for who compiles against this
public interface ZMallocMXBean {
    /** Name of the backing allocator, such as {@code jemalloc}. */
    String getAllocatorName();

    /** The allocator's version in its own words; empty if it does not tell. */
    String getAllocatorVersion();

    /** File that the allocator was loaded from; empty if there is none. */
    String getAllocatorFile();

    /** Usable bytes of all live blocks of {@code ZMalloc}, now and not as of a sample; so are the four below. */
    long getUsedMemory();

    /** The highest that used memory has been, since the start or the last {@link #resetPeak()}. */
    long getPeakMemory();

    /** When that was, in milliseconds since 1970. */
    long getPeakTimeMillis();

    /** How many blocks {@code ZMalloc} has given so far. */
    long getAllocations();

    /** How many of them were freed. */
    long getFrees();

    /** Physical memory that the process holds. */
    @Nullable
    Long getProcessResidentBytes();

    /** Bytes in live blocks of the allocator, whoever took them. */
    @Nullable
    Long getAllocatedBytes();

    /** Bytes in pages that hold at least one live block. */
    @Nullable
    Long getActiveBytes();

    /** Bytes in pages of the allocator that are in physical memory, or may be. */
    @Nullable
    Long getResidentBytes();

    /** Bytes of address space that the allocator keeps without physical memory behind it. */
    @Nullable
    Long getRetainedBytes();

    /** Bytes in unused pages that the system may take back when it likes. */
    @Nullable
    Long getMuzzyBytes();

    /** Bytes of the allocator's own records. */
    @Nullable
    Long getMetadataBytes();

    /** Bytes in mappings of the allocator, retained ones aside. */
    @Nullable
    Long getMappedBytes();

    /** Bytes in free places between live small blocks; Redis' {@code allocator_frag_bytes}. */
    @Nullable
    Long getAllocatorFragmentationBytes();

    /** Redis' {@code mem_fragmentation_ratio}: process resident / used memory. */
    @Nullable
    Double getFragmentationRatio();

    /** Redis' {@code mem_fragmentation_bytes}: process resident - used memory. */
    @Nullable
    Long getFragmentationBytes();

    /** Redis' {@code allocator_frag_ratio}: 1 + small-bin fragmentation / allocated. */
    @Nullable
    Double getAllocatorFragmentationRatio();

    /** Redis' {@code allocator_rss_ratio}: resident / active, both the allocator's. */
    @Nullable
    Double getAllocatorResidentRatio();

    /** Redis' {@code allocator_rss_bytes}: resident - active, at least 0. */
    @Nullable
    Long getAllocatorResidentBytes();

    /** Redis' {@code rss_overhead_ratio}: process resident / resident of the allocator. */
    @Nullable
    Double getResidentOverheadRatio();

    /** Redis' {@code rss_overhead_bytes}: process resident - resident of the allocator. */
    @Nullable
    Long getResidentOverheadBytes();

    /** The memory that this process can have: the smaller of the machine's and what its cgroup allows. */
    @Nullable
    Long getAvailableBytes();

    /** Whether the allocator has background threads on; null if it has none. */
    @Nullable
    Boolean getBackgroundThreads();

    /** Makes what is in use now the peak. */
    void resetPeak();

    /** Gives unused pages back to the system now. Answers false if the allocator does not offer that. */
    boolean purge();

    /**
     * The allocator's own report; null if it has none.
     *
     * @param options in the allocator's own letters, as for {@code malloc_stats_print}; may be empty
     */
    @Nullable
    String statisticsText(String options);

    /**
     * What is held, by where it was taken, as {@link dev.zmalloc.allocator.NativeMemoryDebug#report()} tells it; null
     * where the debug level remembers nothing.
     */
    @Nullable
    String leakReport();
}
