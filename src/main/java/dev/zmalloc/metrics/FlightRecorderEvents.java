package dev.zmalloc.metrics;

import dev.zmalloc.AllocatorInformation;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.event.Telemetry;
import java.util.OptionalLong;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Period;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;
import org.jspecify.annotations.Nullable;

/** The events, as recordings show them. What an allocator does not tell is -1. */
final class FlightRecorderEvents {
    private static final String CATEGORY = "ZMalloc";

    private FlightRecorderEvents() {}

    static void register() {
        FlightRecorder.register(Eviction.class);
        FlightRecorder.register(Purge.class);
        FlightRecorder.register(TableGrowth.class);
        FlightRecorder.register(OutOfMemory.class);
        FlightRecorder.register(AllocationSample.class);
        FlightRecorder.addPeriodicEvent(UsedMemory.class, UsedMemory::emit);
        FlightRecorder.addPeriodicEvent(AllocatorFigures.class, AllocatorFigures::emit);
    }

    /** Begins {@code event}, if it is wanted. */
    static <E extends Event & Telemetry.Span> @Nullable E begin(E event) {
        if (!event.isEnabled()) {
            return null;
        }
        event.begin();
        return event;
    }

    @Name("dev.zmalloc.Eviction")
    @Label("Eviction Cycle")
    @Category(CATEGORY)
    @Description("Entries evicted since a limit was lowered, or while a put made room, by other threads too")
    @Threshold("1 ms")
    @StackTrace(false)
    static final class Eviction extends Event implements Telemetry.Span {
        @Label("Evicted Entries")
        long entries;

        @Label("Evicted Bytes")
        @DataAmount
        long bytes;

        @Override
        public void end(long items, long ofBytes) {
            entries = items;
            bytes = ofBytes;
            commit();
        }
    }

    @Name("dev.zmalloc.Purge")
    @Label("Purge")
    @Category(CATEGORY)
    @Description("The allocator gave its unused pages back to the system")
    static final class Purge extends Event implements Telemetry.Span {
        @Override
        public void end(long items, long ofBytes) {
            commit();
        }
    }

    @Name("dev.zmalloc.TableGrowth")
    @Label("Table Growth")
    @Category(CATEGORY)
    @Description("A stripe's table has reached twice as many buckets; it grew one by one")
    @StackTrace(false)
    static final class TableGrowth extends Event {
        @Label("Buckets")
        long buckets;

        @Label("Entries")
        long entries;
    }

    @Name("dev.zmalloc.OutOfMemory")
    @Label("Out of Native Memory")
    @Category(CATEGORY)
    @Description("The allocator had no memory to give")
    static final class OutOfMemory extends Event {
        @Label("Requested Bytes")
        @DataAmount
        long requestedBytes;

        @Label("Used Memory")
        @DataAmount
        long usedMemory;
    }

    @Name("dev.zmalloc.AllocationSample")
    @Label("Native Allocation Sample")
    @Category(CATEGORY)
    @Description("A block that was taken through ZMalloc, or grew, when used memory rose: one of many")
    static final class AllocationSample extends Event {
        @Label("Usable Bytes")
        @DataAmount
        long bytes;

        @Label("Growth")
        @Description("The growth of used memory that it stands for, about")
        @DataAmount
        long growthBytes;
    }

    @Name("dev.zmalloc.UsedMemory")
    @Label("Used Native Memory")
    @Category(CATEGORY)
    @Description("Usable bytes of all live blocks of ZMalloc")
    @Period("1 s")
    @StackTrace(false)
    static final class UsedMemory extends Event {
        @Label("Used Memory")
        @DataAmount
        long usedMemory;

        @Label("Peak Memory")
        @DataAmount
        long peakMemory;

        @Label("Allocations")
        long allocations;

        @Label("Frees")
        long frees;

        static void emit() {
            UsedMemory event = new UsedMemory();
            event.usedMemory = ZMalloc.zmallocUsedMemory();
            event.peakMemory = ZMalloc.zmallocPeakMemory();
            event.allocations = ZMalloc.zmallocAllocations();
            event.frees = ZMalloc.zmallocFrees();
            event.commit();
        }
    }

    @Name("dev.zmalloc.AllocatorFigures")
    @Label("Allocator Figures")
    @Category(CATEGORY)
    @Description("What the backing allocator tells, of whoever took memory from it")
    @Period("10 s")
    @StackTrace(false)
    static final class AllocatorFigures extends Event {
        @Label("Allocator")
        String allocator = "";

        @Label("Process Resident")
        @DataAmount
        long processResidentBytes;

        @Label("Allocated")
        @DataAmount
        long allocatedBytes;

        @Label("Active")
        @DataAmount
        long activeBytes;

        @Label("Resident")
        @DataAmount
        long residentBytes;

        @Label("Retained")
        @DataAmount
        long retainedBytes;

        static void emit() {
            AllocatorInformation information = AllocatorInformation.sample();
            AllocatorFigures event = new AllocatorFigures();
            event.allocator = ZMalloc.allocator().name();
            event.processResidentBytes = orUntold(information.processResidentBytes());
            event.allocatedBytes = orUntold(information.figures().allocatedBytes());
            event.activeBytes = orUntold(information.figures().activeBytes());
            event.residentBytes = orUntold(information.figures().residentBytes());
            event.retainedBytes = orUntold(information.figures().retainedBytes());
            event.commit();
        }

        private static long orUntold(OptionalLong bytes) {
            return bytes.orElse(-1);
        }
    }
}
