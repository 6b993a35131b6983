package dev.zmalloc.metrics;

import dev.zmalloc.AllocatorInformation;
import dev.zmalloc.ZMalloc;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Native memory of this process as Micrometer's meters, tagged with the backing allocator: {@code zmalloc.memory.used}
 * and {@code .peak}, {@code zmalloc.allocations} and {@code zmalloc.frees}, {@code zmalloc.allocator.allocated},
 * {@code .active}, {@code .resident} and {@code .retained}, and the ratios {@code zmalloc.fragmentation}, of the
 * process, and {@code zmalloc.allocator.fragmentation}.
 *
 * <p>What the allocator does not tell is not registered. Reading all takes one sample of the allocator's figures, some
 * microseconds, at most ten times a second.
 *
 * <p>It needs {@code io.micrometer:micrometer-core}. Without that this class cannot be loaded: the line that names it
 * gets a {@link NoClassDefFoundError} that names Micrometer.
 */
@SuppressWarnings("exports") // Micrometer, which need not be there for who compiles against the rest
public final class ZMallocMeters implements MeterBinder {
    private final SampledInformation sampled = new SampledInformation();

    /** Makes the binder; {@link #bindTo} registers. */
    public ZMallocMeters() {}

    @Override
    public void bindTo(MeterRegistry registry) {
        Tags tags = Tags.of("allocator", ZMalloc.allocator().name());
        gauge(registry, tags, "zmalloc.memory.used", "Bytes of all live blocks", self -> ZMalloc.zmallocUsedMemory());
        gauge(registry, tags, "zmalloc.memory.peak", "The most that there were", self -> ZMalloc.zmallocPeakMemory());
        counter(registry, tags, "zmalloc.allocations", "Blocks taken", self -> ZMalloc.zmallocAllocations());
        counter(registry, tags, "zmalloc.frees", "Blocks freed", self -> ZMalloc.zmallocFrees());
        bytes(
                registry,
                tags,
                "zmalloc.allocator.allocated",
                "Bytes in live blocks of the allocator, whoever took them",
                information -> information.figures().allocatedBytes());
        bytes(
                registry,
                tags,
                "zmalloc.allocator.active",
                "Bytes in pages with at least one live block",
                information -> information.figures().activeBytes());
        bytes(
                registry,
                tags,
                "zmalloc.allocator.resident",
                "Bytes of the allocator that may be in physical memory",
                information -> information.figures().residentBytes());
        bytes(
                registry,
                tags,
                "zmalloc.allocator.retained",
                "Bytes of address space without memory behind it",
                information -> information.figures().retainedBytes());
        ratio(
                registry,
                tags,
                "zmalloc.fragmentation",
                "Resident memory of the process to used memory",
                sampled.get().processResidentBytes().isPresent(),
                AllocatorInformation::fragmentationRatio);
        ratio(
                registry,
                tags,
                "zmalloc.allocator.fragmentation",
                "1 + free places between small blocks / allocated",
                sampled.get().allocatorFragmentationBytes().isPresent(),
                AllocatorInformation::allocatorFragmentationRatio);
    }

    private void gauge(
            MeterRegistry registry, Tags tags, String name, String description, ToDoubleFunction<ZMallocMeters> value) {
        Gauge.builder(name, this, value)
                .tags(tags)
                .description(description)
                .baseUnit(BaseUnits.BYTES)
                .strongReference(true)
                .register(registry);
    }

    private void counter(
            MeterRegistry registry, Tags tags, String name, String description, ToDoubleFunction<ZMallocMeters> value) {
        FunctionCounter.builder(name, this, value)
                .tags(tags)
                .description(description)
                .register(registry);
    }

    private void bytes(
            MeterRegistry registry,
            Tags tags,
            String name,
            String description,
            Function<AllocatorInformation, OptionalLong> figure) {
        if (figure.apply(sampled.get()).isPresent()) {
            gauge(
                    registry,
                    tags,
                    name,
                    description,
                    self -> figure.apply(self.sampled.get()).orElse(0));
        }
    }

    private void ratio(
            MeterRegistry registry,
            Tags tags,
            String name,
            String description,
            boolean isTold,
            Function<AllocatorInformation, OptionalDouble> figure) {
        if (isTold) {
            Gauge.builder(name, this, self -> figure.apply(self.sampled.get()).orElse(Double.NaN))
                    .tags(tags)
                    .description(description)
                    .strongReference(true)
                    .register(registry);
        }
    }
}
