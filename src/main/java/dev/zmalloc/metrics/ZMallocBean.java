package dev.zmalloc.metrics;

import dev.zmalloc.AllocatorInformation;
import dev.zmalloc.MemoryLimits;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.allocator.AllocatorDescription;
import dev.zmalloc.allocator.LeakReport;
import dev.zmalloc.allocator.NativeMemoryDebug;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** The bean, which reads everything from where it is kept and keeps nothing but the last sample. */
final class ZMallocBean implements ZMallocMXBean {
    private final SampledInformation sampled = new SampledInformation();

    private AllocatorInformation sample() {
        return sampled.get();
    }

    private static AllocatorDescription description() {
        return ZMalloc.allocator().description();
    }

    @Override
    public String getAllocatorName() {
        return description().name();
    }

    @Override
    public String getAllocatorVersion() {
        return description().version();
    }

    @Override
    public String getAllocatorFile() {
        return description().file();
    }

    @Override
    public long getUsedMemory() {
        return ZMalloc.zmallocUsedMemory();
    }

    @Override
    public long getPeakMemory() {
        return ZMalloc.zmallocPeakMemory();
    }

    @Override
    public long getPeakTimeMillis() {
        return ZMalloc.zmallocPeakTime().toEpochMilli();
    }

    @Override
    public long getAllocations() {
        return ZMalloc.zmallocAllocations();
    }

    @Override
    public long getFrees() {
        return ZMalloc.zmallocFrees();
    }

    @Override
    public @Nullable Long getProcessResidentBytes() {
        return orNull(sample().processResidentBytes());
    }

    @Override
    public @Nullable Long getAllocatedBytes() {
        return orNull(sample().figures().allocatedBytes());
    }

    @Override
    public @Nullable Long getActiveBytes() {
        return orNull(sample().figures().activeBytes());
    }

    @Override
    public @Nullable Long getResidentBytes() {
        return orNull(sample().figures().residentBytes());
    }

    @Override
    public @Nullable Long getRetainedBytes() {
        return orNull(sample().figures().retainedBytes());
    }

    @Override
    public @Nullable Long getMuzzyBytes() {
        return orNull(sample().figures().muzzyBytes());
    }

    @Override
    public @Nullable Long getMetadataBytes() {
        return orNull(sample().figures().metadataBytes());
    }

    @Override
    public @Nullable Long getMappedBytes() {
        return orNull(sample().figures().mappedBytes());
    }

    @Override
    public @Nullable Long getAllocatorFragmentationBytes() {
        return orNull(sample().allocatorFragmentationBytes());
    }

    @Override
    public @Nullable Double getFragmentationRatio() {
        return orNull(sample().fragmentationRatio());
    }

    @Override
    public @Nullable Long getFragmentationBytes() {
        return orNull(sample().fragmentationBytes());
    }

    @Override
    public @Nullable Double getAllocatorFragmentationRatio() {
        return orNull(sample().allocatorFragmentationRatio());
    }

    @Override
    public @Nullable Double getAllocatorResidentRatio() {
        return orNull(sample().allocatorResidentRatio());
    }

    @Override
    public @Nullable Long getAllocatorResidentBytes() {
        return orNull(sample().allocatorResidentBytes());
    }

    @Override
    public @Nullable Double getResidentOverheadRatio() {
        return orNull(sample().residentOverheadRatio());
    }

    @Override
    public @Nullable Long getResidentOverheadBytes() {
        return orNull(sample().residentOverheadBytes());
    }

    @Override
    public @Nullable Long getAvailableBytes() {
        return orNull(MemoryLimits.read().availableBytes());
    }

    @Override
    public @Nullable Boolean getBackgroundThreads() {
        Optional<Boolean> on = ZMalloc.allocator().backgroundThreads();
        return on.isPresent() ? on.get() : null;
    }

    @Override
    public void resetPeak() {
        ZMalloc.zmallocResetPeak();
    }

    @Override
    public boolean purge() {
        return ZMalloc.allocator().purge();
    }

    @Override
    public @Nullable String statisticsText(String options) {
        Optional<String> text = ZMalloc.allocator().statisticsText(options);
        return text.isPresent() ? text.get() : null;
    }

    @Override
    public @Nullable String leakReport() {
        Optional<LeakReport> report = NativeMemoryDebug.report();
        return report.isPresent() ? report.get().toString() : null;
    }

    private static @Nullable Long orNull(OptionalLong bytes) {
        return bytes.isPresent() ? bytes.getAsLong() : null;
    }

    private static @Nullable Double orNull(OptionalDouble ratio) {
        return ratio.isPresent() ? ratio.getAsDouble() : null;
    }
}
