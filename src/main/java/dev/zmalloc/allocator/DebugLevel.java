package dev.zmalloc.allocator;

import java.util.Locale;

/**
 * How closely the use of native memory is watched: the setting {@value #PROPERTY}, or the variable
 * {@code ZMALLOC_DEBUG}. Each level works around any backend.
 */
public enum DebugLevel {
    /** Nothing is watched, and nothing is paid for it. */
    OFF,

    /**
     * About one block for every 512 KiB that are taken is remembered with its stack, so that the report estimates what
     * is held and by whom. Cheap enough for production.
     */
    SAMPLE,

    /** Every block is remembered with its stack. The report is exact; frees of what is not a live block are refused. */
    TRACK,

    /**
     * Like {@link #TRACK}, and every block lies between red zones, is filled when it is taken and when it is freed, and
     * is kept out of use for a while after: writes past its ends and writes after it was freed are found.
     */
    GUARD;

    /** Name of the property. */
    public static final String PROPERTY = "zmalloc.debug";

    /** The level that the settings name. */
    static DebugLevel selected() {
        return Setting.choice(PROPERTY, OFF);
    }

    /** What watches {@code allocator} at this level; itself if nothing does. */
    Allocator around(Allocator allocator) {
        return switch (this) {
            case OFF -> allocator;
            case SAMPLE -> new SamplingAllocator(allocator, AllocationSampler.create());
            case TRACK -> new TrackingAllocator(allocator, new BlockRegistry(false));
            case GUARD -> new GuardedAllocator(allocator, new BlockRegistry(true), new Quarantine(allocator));
        };
    }

    /** The name as it is set. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
