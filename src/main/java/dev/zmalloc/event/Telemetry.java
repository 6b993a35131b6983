package dev.zmalloc.event;

import java.lang.reflect.Constructor;
import org.jspecify.annotations.Nullable;

/**
 * Takes note of rare events: the JDK's Flight Recorder where the module {@code jdk.jfr} is there, else nobody.
 *
 * <p>There is one, in a {@code static final} field, so that where nobody records, a call costs a test of one field. Any
 * thread may call any method; none blocks, throws or takes native memory.
 */
public abstract class Telemetry {
    private static final String RECORDER = "jdk.jfr.FlightRecorder";

    /** By name: what is below does not know what is above, and a JVM without the module never loads it. */
    private static final String IMPLEMENTATION = "dev.zmalloc.metrics.FlightRecorderTelemetry";

    private static final Telemetry PRESENT = find();

    /** For the one implementation. */
    protected Telemetry() {}

    /** Who takes note. */
    public static Telemetry present() {
        return PRESENT;
    }

    private static Telemetry find() {
        try {
            ClassLoader loader = Telemetry.class.getClassLoader();
            Class.forName(RECORDER, false, loader);
            Constructor<? extends Telemetry> constructor = Class.forName(IMPLEMENTATION, true, loader)
                    .asSubclass(Telemetry.class)
                    .getDeclaredConstructor();
            constructor.setAccessible(true);
            return constructor.newInstance();
        } catch (ReflectiveOperationException | LinkageError e) {
            return new Nobody();
        }
    }

    /** Whether anybody has begun to take note. The other methods may be called all the same. */
    public abstract boolean isOn();

    /** Begins something that takes time; {@code null} if nobody wants to know how long. */
    public abstract @Nullable Span beginEviction();

    /** Like {@link #beginEviction}, for giving the allocator's unused pages back. */
    public abstract @Nullable Span beginPurge();

    /**
     * A table has reached twice as many buckets.
     *
     * @param buckets that it has now
     * @param entries in it, about
     */
    public abstract void tableGrew(long buckets, long entries);

    /**
     * Native memory ran out.
     *
     * @param requestedBytes what was asked for, unsigned
     * @param usedMemory bytes in use then
     */
    public abstract void outOfMemory(long requestedBytes, long usedMemory);

    /**
     * A block was taken, or grew, and used memory with it: one of many.
     *
     * @param bytes by which it did
     * @param growthBytes of used memory that it stands for, about
     */
    public abstract void grew(long bytes, long growthBytes);

    /** Something under way. */
    public interface Span {
        /**
         * Ends it.
         *
         * @param items that it came to
         * @param bytes that it came to
         */
        void end(long items, long bytes);
    }

    private static final class Nobody extends Telemetry {
        @Override
        public boolean isOn() {
            return false;
        }

        @Override
        public @Nullable Span beginEviction() {
            return null;
        }

        @Override
        public @Nullable Span beginPurge() {
            return null;
        }

        @Override
        public void tableGrew(long buckets, long entries) {}

        @Override
        public void outOfMemory(long requestedBytes, long usedMemory) {}

        @Override
        public void grew(long bytes, long growthBytes) {}
    }
}
