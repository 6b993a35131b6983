package dev.zmalloc.metrics;

import dev.zmalloc.event.Telemetry;
import jdk.jfr.FlightRecorder;
import jdk.jfr.FlightRecorderListener;
import org.jspecify.annotations.Nullable;

/**
 * Writes {@link FlightRecorderEvents} to the JDK's Flight Recorder. Until a recording starts for the first time nothing
 * is loaded but this class, and every call returns at once.
 */
final class FlightRecorderTelemetry extends Telemetry implements FlightRecorderListener {
    private volatile boolean isOn;

    /** Made once, by its name. */
    FlightRecorderTelemetry() {
        FlightRecorder.addListener(this);
    }

    @Override
    public void recorderInitialized(FlightRecorder recorder) {
        FlightRecorderEvents.register();
        isOn = true;
    }

    @Override
    public boolean isOn() {
        return isOn;
    }

    @Override
    public @Nullable Span beginEviction() {
        return isOn ? FlightRecorderEvents.begin(new FlightRecorderEvents.Eviction()) : null;
    }

    @Override
    public @Nullable Span beginPurge() {
        return isOn ? FlightRecorderEvents.begin(new FlightRecorderEvents.Purge()) : null;
    }

    @Override
    public void tableGrew(long buckets, long entries) {
        if (isOn) {
            FlightRecorderEvents.TableGrowth event = new FlightRecorderEvents.TableGrowth();
            event.buckets = buckets;
            event.entries = entries;
            event.commit();
        }
    }

    @Override
    public void outOfMemory(long requestedBytes, long usedMemory) {
        if (isOn) {
            FlightRecorderEvents.OutOfMemory event = new FlightRecorderEvents.OutOfMemory();
            event.requestedBytes = requestedBytes;
            event.usedMemory = usedMemory;
            event.commit();
        }
    }

    @Override
    public void grew(long bytes, long growthBytes) {
        if (isOn) {
            FlightRecorderEvents.AllocationSample event = new FlightRecorderEvents.AllocationSample();
            event.bytes = bytes;
            event.growthBytes = growthBytes;
            event.commit();
        }
    }
}
